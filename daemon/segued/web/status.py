"""The daemon's status as the API returns it: typed structs for JSON.

The OpenAPI document is generated from these types and their docstrings.
"""

import msgspec

from segued.model import FileId, SessionState
from segued.progress.progress import Snapshot
from segued.progress.status import FolderStatus, WorkerStatus
from segued.units import Seconds

__all__ = [
    "NodeInfo",
    "PastSession",
    "Problem",
    "Status",
    "WorkerInfo",
    "to_snapshot",
    "to_worker_infos",
]


class WorkerInfo(msgspec.Struct, frozen=True):
    """The file that a worker processes, and its phase.

    Attributes:
        file: The file's id.
        passage: The number of the passage; null if the phase handles all at once.
        passages: The number of passages of the file; null before it is known.
        seconds: The time spent in this phase.
        stalled: Whether the phase takes suspiciously long.
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


class NodeInfo(msgspec.Struct, frozen=True):
    """Another machine that has joined to analyze music.

    Attributes:
        host: The machine's own name; empty before its first report.
        slots: How many files it analyzes at once.
        running: How many files are with it now.
        done: How many files it has analyzed or decoded since it joined.
        refused: How many it could not read, or not now.
        sound_per_minute: Seconds of sound that it analyzes in a minute, lately.
        folders: The music folders that it can read now.
        missing: Those that it is configured for, but cannot read now.
        may: What it may do now: "hearing", the analysis of passages, and "decoding",
            that of new files.
        why_not: Why it gets no work now, or not all kinds, if so: versions that differ,
            or its hours.
        joined_seconds: How long ago it joined.
        seen_seconds: How long ago it was last heard of.
    """

    name: str
    host: str
    slots: int
    running: int
    done: int
    refused: int
    sound_per_minute: float
    folders: list[str]
    missing: list[str]
    may: list[str]
    why_not: list[str]
    joined_seconds: float
    seen_seconds: float


class Problem(msgspec.Struct, frozen=True):
    """The error that keeps the daemon from importing."""

    code: str
    detail: str


class Status(msgspec.Struct, frozen=True):
    """The session, the workers, the services and the music folders.

    Attributes:
        files_done: The number of finished files, failed ones included.
        files_deferred: The number of files that wait for an outside service or for
            each other.
        files_analysed: The number of finished files that are completely analyzed.
        analysis: The state of the analysis of imported files: "waits until 22:00",
            "12 files to go"; empty if none is pending.
        analysis_per_hour: The number of files analyzed per hour lately; null while
            unknown.
        analysis_seconds_left: The expected time until all imported files are analyzed;
            null while unknown.
        lookups: The number of lookups that wait for an outside service.
        files_again: The number of finished files whose import continues, because more
            became known of them.
        cards: The number of albums and files with questions that a person could settle.
        counters: Counts of files and passages as they stand, in thirteen groups:
            scanning, processing, ten phases, files complete.
        work: What was done in this session, in the same groups; what was done twice
            counts twice.
        repeated: The number of files that went through a phase once more in this
            session, by the phase's number.
        phases: The titles of the ten phases, in order.
        services: The state of each outside service, as text.
        nodes: The other machines that have joined, by name.
        cluster: Why no other machine can join, although it should; empty if it can.
        trouble: The error that keeps the daemon from importing; null if none.
        process: The process id of the daemon.
        library: The path of the library.
        page: The URL of the page, or the reason why it is not served.
        loop_stall_ms: The longest delay of the event loop, in milliseconds.
        text: The status as lines for a terminal.
        covers: How many covers arrived from the Cover Art Archive since the start.
    """

    state: str
    session: str | None
    files_total: int
    files_done: int
    files_failed: int
    files_deferred: int
    files_analysed: int
    analysis: str
    analysis_per_hour: float | None
    analysis_seconds_left: float | None
    percent: float
    elapsed_seconds: float
    files_per_second: float | None
    seconds_left: float | None
    lookups: int
    files_again: int
    cards: int
    workers: list[WorkerInfo]
    counters: dict[str, dict[str, int]]
    work: dict[str, dict[str, int]]
    repeated: dict[str, int]
    phases: list[str]
    folders: list[FolderStatus]
    services: dict[str, str]
    nodes: list[NodeInfo]
    cluster: str
    trouble: Problem | None
    version: str
    process: int
    library: str
    page: str
    loop_stall_ms: float
    text: list[str]
    covers: int = 0


class PastSession(msgspec.Struct, frozen=True):
    """A session as stored in the library.

    Attributes:
        roots: The music folders.
        reason: The reason given for the last change of state; null if none.
    """

    id: str
    state: str
    roots: list[str]
    started_at: str
    ended_at: str | None
    files_total: int
    files_done: int
    files_failed: int
    reason: str | None


def to_snapshot(status: Status) -> Snapshot:
    """Return the snapshot that a status was made from, for the live view."""
    return Snapshot(
        state=SessionState(status.state),
        total=status.files_total,
        done=status.files_done,
        failed=status.files_failed,
        deferred=status.files_deferred,
        analyzed=status.files_analysed,
        elapsed=Seconds(status.elapsed_seconds),
        rate=status.files_per_second,
        time_left=_seconds(status.seconds_left),
        analysis_per_hour=status.analysis_per_hour,
        analysis_left=_seconds(status.analysis_seconds_left),
        lookups=status.lookups,
        again=status.files_again,
        cards=status.cards,
        workers=tuple(
            WorkerStatus(
                worker=each.worker,
                file=FileId(each.file),
                name=each.name,
                phase=each.phase,
                title=each.title,
                passage=each.passage,
                passages=each.passages,
                seconds=Seconds(each.seconds),
            )
            for each in status.workers
        ),
        counters=status.counters,
        work=status.work,
        repeated=status.repeated,
    )


def _seconds(value: float | None) -> Seconds | None:
    return None if value is None else Seconds(value)


def to_worker_infos(snapshot: Snapshot) -> list[WorkerInfo]:
    """Return the workers of a snapshot as the API returns them."""
    return [
        WorkerInfo(
            worker=each.worker,
            file=each.file,
            name=each.name,
            phase=each.phase,
            title=each.title,
            passage=each.passage,
            passages=each.passages,
            seconds=round(each.seconds, 1),
            stalled=each.stalled,
        )
        for each in snapshot.workers
    ]
