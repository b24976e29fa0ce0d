"""The summary printed at the end of an import."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from segued.model import Need
from segued.progress.progress import Snapshot
from segued.store.reading.reports import TOPICS
from segued.store.reading.summaries import Summary
from segued.views import wording
from segued.views.install_hint import install_extra_command

__all__ = ["as_json", "as_text"]

WAITS_FOR: Final[Mapping[str, str]] = {
    Need.ACOUSTID: "an AcoustID lookup",
    Need.MUSICBRAINZ: "a MusicBrainz lookup",
    Need.ACOUSTICBRAINZ: "an AcousticBrainz lookup",
    Need.FOLDER: "other files of their folder",
    Need.IDLE: "idle time for analysis",
    Need.CHROMAPRINT: "the Chromaprint library (package libchromaprint1)",
    Need.FLAVOR_SOURCE: "a source of flavor",
}
"""Text for each reason why a phase is deferred."""

STATUSES = {
    "INGEST COMPLETE": "complete",
    "DUPLICATE HASH": "duplicate",
    "NO AUDIO": "without audio",
    "FAILED": "failed",
    "MISSING": "missing",
    "PENDING": "pending",
    "PROCESSING": "in progress",
}
"""Text for each file status."""

LISTED_MAX = 20


def as_text(
    snapshot: Snapshot,
    totals: Summary,
    services: Mapping[str, str],
    database: Path,
    library_command: str,
) -> Iterator[str]:
    """Yield the lines of the summary.

    Args:
        snapshot: The session at its end.
        totals: Counts of what the library holds from the imported folders.
        services: The final state of each outside service that was used.
        database: The path of the library.
        library_command: The command that lists the library's contents.
    """
    total = sum(count for status, count in totals.files.items() if status != "MISSING")
    passages = sum(totals.passages.values())
    took = wording.duration(snapshot.elapsed)
    passage_word = "passage" if passages == 1 else "passages"
    yield f"{wording.files(total)}, {passages:,} {passage_word}, in {took}"
    by_status = ", ".join(
        f"{totals.files[status]:,} {name}"
        for status, name in STATUSES.items()
        if totals.files.get(status)
    )
    if by_status:
        yield f"  Files:    {by_status}"
    by_band = ", ".join(
        f"{totals.passages[band]:,} {band}"
        for band in ("High", "Medium", "Low", "None")
        if totals.passages.get(band)
    )
    if by_band:
        yield f"  Passages: {by_band}"
    for need, count in sorted(totals.waiting.items()):
        files = "1 file waits" if count == 1 else f"{count:,} files wait"
        state = services.get(need, "up")
        why = "" if state == "up" else f": {state}"
        yield f"  Deferred: {files} for {WAITS_FOR.get(need, need)}{why}"
        if need == Need.FLAVOR_SOURCE:
            yield f"            one comes with: {install_extra_command('essentia')}"
    if totals.passed_over:
        count = sum(totals.passed_over.values())
        reasons = wording.passed_over_line(totals.passed_over)
        yield f"  Other:    {count:,} passed over: {reasons}"
    yield from _problem_lines(
        "Failed; not tried again until the file changes:", totals.failed
    )
    yield from _problem_lines("Imported with warnings:", totals.warned)
    yield f"Library: {database}"
    topics = " | ".join(TOPICS)
    yield f"To list: {library_command} [{topics}] [--json]"


def _problem_lines(title: str, problems: list[tuple[str, str]]) -> Iterator[str]:
    if not problems:
        return
    yield title
    for code, detail in problems[:LISTED_MAX]:
        yield f"  {code:<12} {detail}"
    if len(problems) > LISTED_MAX:
        yield f"  and {len(problems) - LISTED_MAX:,} more: segued library failures"


def as_json(
    snapshot: Snapshot,
    totals: Summary,
    services: Mapping[str, str],
    database: Path,
    *,
    stall_ms: float,
) -> dict[str, Any]:
    """Return the summary as an object for JSON."""
    return {
        "state": snapshot.state.value,
        "database": str(database),
        "seconds": round(snapshot.elapsed, 3),
        "files_total": snapshot.total,
        "files_done": snapshot.done,
        "files": totals.files,
        "passages": totals.passages,
        "deferred": totals.waiting,
        "passed_over": totals.passed_over,
        "services": dict(services),
        "failed": [{"code": code, "detail": detail} for code, detail in totals.failed],
        "warnings": [
            {"code": code, "detail": detail} for code, detail in totals.warned
        ],
        "counters": snapshot.counters,
        "work": snapshot.work,
        "loop_stall_ms": stall_ms,
    }
