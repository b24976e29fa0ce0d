"""Progress and results in words: the same wherever a person reads them."""

from collections.abc import Mapping, Sequence
from typing import Any

from segued.progress.progress import Snapshot
from segued.progress.status import FolderLine, WorkerLine
from segued.units import ticks_to_seconds

__all__ = [
    "analysis",
    "duration",
    "folder",
    "group",
    "overall",
    "position",
    "session",
    "worker",
]

MINUTE, HOUR = 60, 3600


def duration(seconds: float) -> str:
    """Return a length of time as people say it.

    Example:
        >>> [duration(s) for s in (0.4, 42, 1020, 9000)]
        ['0.4 s', '42 s', '17 min', '2.5 h']
    """
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"


def position(ticks: int) -> str:
    """Return a position in a recording, in minutes and seconds.

    Example:
        >>> position(28_224_000 * 83 // 2)
        '0:41.50'
    """
    minutes, seconds = divmod(ticks_to_seconds(ticks), MINUTE)
    return f"{minutes:.0f}:{seconds:05.2f}"


def overall(now: Snapshot) -> str:
    """Return how far a session is, in one line."""
    parts = [f"{now.done:,} of {now.total:,} files ({now.percent:.1f} %)"]
    if now.rate is not None:
        parts.append(f"{now.rate:.1f} files/s")
    if now.left is not None and now.done < now.total:
        parts.append(f"about {duration(now.left)} left")
    if now.failed:
        parts.append(f"{now.failed:,} failed")
    if now.deferred:
        parts.append(f"{now.deferred:,} deferred")
    if now.analysed < now.done:
        parts.append(f"{now.analysed:,} fully analysed")
    if now.lookups:
        parts.append(f"{now.lookups:,} lookups to go")
    return "   ".join(parts)


def analysis(to_go: int, begins: str) -> str:
    """Return what becomes of files that are imported but not analysed.

    Args:
        to_go: How many there are.
        begins: When there is time for them, "22:00"; empty text: now.

    Example:
        >>> analysis(1_200, "22:00"), analysis(1_200, ""), analysis(0, "22:00")
        ('waits until 22:00', '1,200 files to go', '')
    """
    if not to_go:
        return ""
    if begins:
        return f"waits until {begins}"
    return "1 file to go" if to_go == 1 else f"{to_go:,} files to go"


def session(row: Mapping[str, Any]) -> str:
    """Return how a session on record stands, in one line."""
    done, total = row["files_done"], row["files_total"]
    parts = [row["state"], f"{done:,} of {total:,} files"]
    if row["files_failed"]:
        parts.append(f"{row['files_failed']:,} failed")
    parts.append(f"since {row['started_at']}")
    if row["ended_at"]:
        parts.append(f"until {row['ended_at']}")
    if row["reason"] and row["state"] != "CANCELLED":
        parts.append(row["reason"])
    return "   ".join(parts)


def folder(report: FolderLine) -> str:
    """Return how it stands with a music folder, in one line."""
    parts = [report.root, report.state]
    if report.why:
        parts.append(report.why)
    if report.unsettled:
        parts.append(f"{report.unsettled:,} being written")
    parts += [f"does not come to rest: {name}" for name in report.restless]
    parts += [f"not looked into: {name}" for name in report.unreadable]
    return "   ".join(parts)


def group(name: str, titles: Sequence[str]) -> str:
    """Return what a group of counters is called.

    Args:
        name: As the board has it: a word, or the number of a phase.
        titles: Of the phases, in order.

    Example:
        >>> [group(name, ["Filename matching"]) for name in ("scanning", "1")]
        ['scanning', '1 filename matching']
    """
    return f"{name} {titles[int(name) - 1].lower()}" if name.isdigit() else name


def worker(line: WorkerLine) -> tuple[str, str, str, str, str]:
    """Return what a worker is at: who, which file, phase, passage, how long."""
    passage = ""
    if line.passages is not None:
        # At all of one is at the first of one.
        number = line.passage or (1 if line.passages == 1 else None)
        passage = f"passage {number}/{line.passages}" if number else ""
        passage = passage or f"{line.passages} passages"
    return (
        f"Worker {line.worker}",
        line.name,
        f"Phase {line.phase} {line.title}",
        passage,
        f"{line.seconds:.1f} s" + (" (stalled?)" if line.stalled else ""),
    )
