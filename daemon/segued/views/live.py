"""The live view of an import in a terminal, or plain lines where there is none."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from segued.progress.progress import Board, Snapshot
from segued.views import wording

__all__ = ["drawn", "watch"]

FRAME_SECONDS: Final = 0.25
LINE_SECONDS: Final = 2.0


async def watch(board: Board, console: Console, titles: Sequence[str]) -> None:
    """Show a board until cancelled.

    Args:
        board: What is shown.
        console: Where.
        titles: Of the phases, in order.
    """
    if console.is_terminal:
        await _live(board, console, titles)
    else:
        await _lines(board, console)


async def _live(board: Board, console: Console, titles: Sequence[str]) -> None:
    with Live(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False
    ) as live:
        while True:
            live.update(drawn(board.snapshot(), titles), refresh=True)
            await asyncio.sleep(FRAME_SECONDS)


async def _lines(board: Board, console: Console) -> None:
    said = ""
    while True:
        await asyncio.sleep(LINE_SECONDS)
        now = board.snapshot()
        line = wording.overall(now)
        if line != said:
            console.print(Text(f"{now.state.value.lower()}: {line}"), soft_wrap=True)
        said = line


def drawn(
    now: Snapshot, titles: Sequence[str], notices: Sequence[str] = ()
) -> RenderableType:
    """Return a session as a picture: how far it is, the workers, what was counted.

    Args:
        now: The session.
        titles: Of the phases, in order.
        notices: What else is to be said, a line each.
    """
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(now.state.value, style="bold"),
        ProgressBar(total=max(1, now.total), completed=now.done, width=30),
        Text(wording.overall(now)),
    )
    desks = Table.grid(padding=(0, 2))
    desks.add_column(no_wrap=True)
    desks.add_column(no_wrap=True, overflow="ellipsis", max_width=48)
    desks.add_column(no_wrap=True)
    desks.add_column(no_wrap=True)
    desks.add_column(no_wrap=True, justify="right")
    for line in now.workers:
        style = "yellow" if line.stalled else ""
        desks.add_row(*(Text(part, style) for part in wording.worker(line)))
    said = [Text(notice, overflow="ellipsis", no_wrap=True) for notice in notices]
    return Group(head, desks, _counted(now, titles), *said)


def _counted(now: Snapshot, titles: Sequence[str]) -> Table:
    counted = Table.grid(padding=(0, 2))
    counted.add_column(no_wrap=True, style="dim")
    counted.add_column(no_wrap=True, overflow="ellipsis")
    for group, named in now.counters.items():
        if named:
            counts = ", ".join(f"{count:,} {name}" for name, count in named.items())
            counted.add_row(wording.group(group, titles), Text(counts))
    return counted
