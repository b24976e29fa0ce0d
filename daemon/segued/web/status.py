"""How the daemon is told to programs: plain values for JSON, with their types.

What these types say is what the description of the API says.
"""

import msgspec

from segued.model import FileId, SessionState
from segued.progress.progress import Snapshot
from segued.progress.status import FolderStatus, WorkerStatus
from segued.units import Seconds

__all__ = [
    "PastSession",
    "Problem",
    "Status",
    "WorkerInfo",
    "to_snapshot",
    "to_worker_infos",
]


class WorkerInfo(msgspec.Struct, frozen=True):
    """What one worker is at.

    Attributes:
        file: The file's id.
        passage: Which passage of it; null when it is at all of them.
        stalled: Whether it looks as if it did not get on.
    """

    worker: int
    file: str
    name: str
    phase: int
    title: str
    passage: int | None
    passages: int | None
    seconds: float
    stalled: bool


class Problem(msgspec.Struct, frozen=True):
    """Why the daemon cannot work."""

    code: str
    detail: str


class Status(msgspec.Struct, frozen=True):
    """How everything stands.

    Attributes:
        files_done: Those with nothing ahead of them, failed ones included.
        files_deferred: Those that wait for an outside service, or each other.
        files_analysed: Those done of which nothing more is to be known.
        lookups: Questions that outside services have yet to answer.
        analysis: What becomes of files that are not analysed yet: "waits until
            22:00", "12 files to go"; empty when there is nothing to say.
        counters: Thirteen groups: scanning, processing, ten phases, files complete.
        phases: What the ten phases are called, in order.
        services: How each outside service is, in words.
        page: Where the page is, or why it is nowhere.
        text: The same, in words.
    """

    state: str
    session: str | None
    files_total: int
    files_done: int
    files_failed: int
    files_deferred: int
    files_analysed: int
    analysis: str
    percent: float
    elapsed_seconds: float
    files_per_second: float | None
    seconds_left: float | None
    lookups: int
    workers: list[WorkerInfo]
    counters: dict[str, dict[str, int]]
    phases: list[str]
    folders: list[FolderStatus]
    services: dict[str, str]
    trouble: Problem | None
    version: str
    process: int
    library: str
    page: str
    loop_stall_ms: float
    text: list[str]


class PastSession(msgspec.Struct, frozen=True):
    """A session as it is on record.

    Attributes:
        roots: JSON array of the music folders.
    """

    id: str
    state: str
    roots: str
    started_at: str
    ended_at: str | None
    files_total: int
    files_done: int
    files_failed: int
    reason: str | None


def to_snapshot(status: Status) -> Snapshot:
    """Return the session that a status tells of, to show it as any other."""
    return Snapshot(
        state=SessionState(status.state),
        total=status.files_total,
        done=status.files_done,
        failed=status.files_failed,
        deferred=status.files_deferred,
        analyzed=status.files_analysed,
        elapsed=Seconds(status.elapsed_seconds),
        rate=status.files_per_second,
        time_left=None if status.seconds_left is None else Seconds(status.seconds_left),
        lookups=status.lookups,
        workers=tuple(
            WorkerStatus(
                worker=line.worker,
                file=FileId(line.file),
                name=line.name,
                phase=line.phase,
                title=line.title,
                passage=line.passage,
                passages=line.passages,
                seconds=Seconds(line.seconds),
            )
            for line in status.workers
        ),
        counters=status.counters,
    )


def to_worker_infos(snapshot: Snapshot) -> list[WorkerInfo]:
    """Return what the workers are at, as the interfaces tell it."""
    return [
        WorkerInfo(
            worker=line.worker,
            file=line.file,
            name=line.name,
            phase=line.phase,
            title=line.title,
            passage=line.passage,
            passages=line.passages,
            seconds=round(line.seconds, 1),
            stalled=line.stalled,
        )
        for line in snapshot.workers
    ]
