"""The live view of an import in a terminal, or plain lines where there is none."""

import asyncio
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from segued.progress.board import Board, Snapshot
from segued.views import words

__all__ = ["watch"]

FRAME_SECONDS: Final = 0.25
LINE_SECONDS: Final = 2.0


async def watch(board: Board, console: Console) -> None:
    """Show a board until cancelled."""
    if console.is_terminal:
        await _live(board, console)
    else:
        await _lines(board, console)


async def _live(board: Board, console: Console) -> None:
    with Live(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False
    ) as live:
        while True:
            live.update(_drawn(board.snapshot()), refresh=True)
            await asyncio.sleep(FRAME_SECONDS)


async def _lines(board: Board, console: Console) -> None:
    said = ""
    while True:
        await asyncio.sleep(LINE_SECONDS)
        now = board.snapshot()
        line = words.overall(now)
        if line != said:
            console.print(Text(f"{now.state.value.lower()}: {line}"), soft_wrap=True)
        said = line


def _drawn(now: Snapshot) -> RenderableType:
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(now.state.value, style="bold"),
        ProgressBar(total=max(1, now.total), completed=now.done, width=30),
        Text(words.overall(now)),
    )
    desks = Table.grid(padding=(0, 2))
    desks.add_column(no_wrap=True)
    desks.add_column(no_wrap=True, overflow="ellipsis", max_width=48)
    desks.add_column(no_wrap=True)
    desks.add_column(no_wrap=True)
    desks.add_column(no_wrap=True, justify="right")
    for line in now.workers:
        desks.add_row(*(Text(part) for part in words.worker(line)))
    return Group(head, desks)
