"""What the metrics and the status read from the daemon's memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from segued.progress.histogram import Histogram

__all__ = ["NodeReading", "Readings", "ServiceReading"]


@dataclass(frozen=True, slots=True)
class ServiceReading:
    """The state of an outside service.

    Attributes:
        is_available: Whether requests are sent to it; not while its circuit
            breaker is open or it has requested a pause.
        wait_seconds: The time until requests are sent again.
        rate: The number of requests that may be started per second.
        requests: The number of requests sent.
    """

    is_available: bool
    wait_seconds: float
    rate: float
    requests: int


@dataclass(frozen=True, slots=True)
class NodeReading:
    """The state of another machine that analyzes.

    Attributes:
        slots: How many files it analyzes at once.
        is_used: Whether it gets work.
        running: The number of files that are with it.
        done: The number of files that it has analyzed since it joined.
        refused: The number of those that it could not read, or not then.
        sound_per_minute: Seconds of sound that it analyzes in a minute.
        seen_seconds: How long ago it was last heard of.
    """

    slots: int
    is_used: bool
    running: int
    done: int
    refused: int
    sound_per_minute: float
    seen_seconds: float


@dataclass(frozen=True, slots=True)
class Readings:
    """The metrics that come from the daemon's memory.

    Attributes:
        queued: The number of files that wait for a worker.
        queued_seconds: How long the first of them has waited.
        busy: The number of workers that process a file.
        phase_durations: The durations of each phase, by its number.
        phase_titles: The titles of the phases, by number.
        nodes: The other machines that analyze, by name.
        lookups: The number of lookups that wait for an outside service.
        analyzed: The number of imported files that are completely analyzed.
        unanalyzed: The number of imported files that are not.
        cards: The number of albums and files with questions for a person.
        watches: The number of inotify watches, by music folder.
        offline: Whether each music folder is offline.
        loop_stall_seconds: The longest delay of the event loop.
        loop_lag_seconds: Its delay at the last measurement.
        subscribers: The number of clients that receive events.
    """

    version: str
    state: str
    queued: int
    queued_seconds: float
    busy: int
    workers: int
    phase_durations: Mapping[int, Histogram]
    phase_titles: Mapping[int, str]
    services: Mapping[str, ServiceReading]
    nodes: Mapping[str, NodeReading]
    lookups: int
    analyzed: int
    unanalyzed: int
    cards: int
    watches: Mapping[str, int]
    offline: Mapping[str, bool]
    loop_stall_seconds: float
    loop_lag_seconds: float
    subscribers: int
