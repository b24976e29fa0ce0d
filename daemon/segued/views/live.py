"""The live view of an import: redrawn in a terminal, else plain lines."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from segued.progress.progress import Progress, Snapshot
from segued.views import wording

__all__ = ["render", "watch"]

FRAME_SECONDS: Final = 0.25
LINE_SECONDS: Final = 2.0
BAR_WIDTH: Final = 30


async def watch(progress: Progress, console: Console, titles: Sequence[str]) -> None:
    """Show progress until cancelled.

    Args:
        progress: The progress to show.
        console: The output.
        titles: The titles of the phases, in order.
    """
    if console.is_terminal:
        await _show_live(progress, console, titles)
    else:
        await _print_lines(progress, console)


async def _show_live(
    progress: Progress, console: Console, titles: Sequence[str]
) -> None:
    with Live(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False
    ) as live:
        while True:
            live.update(render(progress.snapshot(), titles), refresh=True)
            await asyncio.sleep(FRAME_SECONDS)


async def _print_lines(progress: Progress, console: Console) -> None:
    printed = ""
    while True:
        await asyncio.sleep(LINE_SECONDS)
        snapshot = progress.snapshot()
        line = wording.progress_line(snapshot)
        if line != printed:
            console.print(
                Text(f"{snapshot.state.value.lower()}: {line}"), soft_wrap=True
            )
        printed = line


def render(
    snapshot: Snapshot, titles: Sequence[str], notices: Sequence[str] = ()
) -> RenderableType:
    """Return the view of a session: progress, workers, counters.

    Args:
        snapshot: The session.
        titles: The titles of the phases, in order.
        notices: Further lines to show below.
    """
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(snapshot.state.value, style="bold"),
        _bar(snapshot.done, max(1, snapshot.total)),
        Text(wording.progress_line(snapshot)),
    )
    if snapshot.analyzed < snapshot.done:
        head.add_row(
            Text("ANALYSIS", style="bold"),
            _bar(snapshot.analyzed, snapshot.done),
            Text(wording.analysis_line(snapshot)),
        )
    workers = Table.grid(padding=(0, 2))
    workers.add_column(no_wrap=True)
    workers.add_column(no_wrap=True, overflow="ellipsis", max_width=48)
    workers.add_column(no_wrap=True)
    workers.add_column(no_wrap=True)
    workers.add_column(no_wrap=True, justify="right")
    for worker in snapshot.workers:
        style = "yellow" if worker.stalled else ""
        workers.add_row(*(Text(part, style) for part in wording.worker_columns(worker)))
    notice_lines = [
        Text(notice, overflow="ellipsis", no_wrap=True) for notice in notices
    ]
    return Group(head, workers, _counter_table(snapshot, titles), *notice_lines)


def _bar(completed: int, total: int) -> ProgressBar:
    """Return a bar whose end differs from its background also among 16 colors."""
    return ProgressBar(
        total, completed, BAR_WIDTH, complete_style="cyan", finished_style="green"
    )


def _counter_table(snapshot: Snapshot, titles: Sequence[str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for group, named in snapshot.counters.items():
        if named:
            counts = ", ".join(f"{count:,} {name}" for name, count in named.items())
            if repeated := snapshot.repeated.get(group):
                counts += f"; {repeated:,} done again"
            table.add_row(wording.group_title(group, titles), Text(counts))
    return table
