"""What Prometheus is told, in its own format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from segued.progress.histogram import BUCKET_BOUNDS_SECONDS, Histogram
from segued.store.reading.rows import LibraryCounts

__all__ = ["CONTENT_TYPE", "Readings", "ServiceReading", "exposition"]

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


@dataclass(frozen=True, slots=True)
class ServiceReading:
    """How it stands with an outside service.

    Attributes:
        is_available: Whether it is asked; not, while its breaker or a pause forbids it.
        wait_seconds: How long it will not be asked.
        rate: Requests that may be started in a second.
        requests: Those that were sent.
    """

    is_available: bool
    wait_seconds: float
    rate: float
    requests: int


@dataclass(frozen=True, slots=True)
class Readings:
    """What the daemon knows from memory and only metrics tell.

    Attributes:
        queued: Files that wait for a worker, and for how long the first has.
        phase_durations: How long each phase takes, by its number.
        phase_titles: What the phases are called.
        analyzed: Imported files of which nothing more is to be known.
        unanalyzed: Those of which more is.
        watches: Folders that are watched for events, by music folder.
        offline: Whether each music folder is away.
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
    lookups: int
    analyzed: int
    unanalyzed: int
    watches: Mapping[str, int]
    offline: Mapping[str, bool]
    loop_stall_seconds: float
    loop_lag_seconds: float
    subscribers: int


def exposition(readings: Readings, counts: LibraryCounts) -> bytes:
    """Return all metrics, as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Collector(readings, counts))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, readings: Readings, counts: LibraryCounts) -> None:
        self._readings: Final = readings
        self._counts: Final = counts

    def collect(self) -> Iterator[Metric]:
        readings, counts = self._readings, self._counts
        yield _info("segued", "The daemon.", version=readings.version)
        yield _labeled_gauge(
            "segued_session_state",
            "1 for the state of the session under way.",
            "state",
            {readings.state: 1},
        )
        yield _gauge(
            "segued_queue_files", "Files that wait for a worker.", readings.queued
        )
        yield _gauge(
            "segued_queue_oldest_seconds",
            "How long the first of them has waited.",
            readings.queued_seconds,
        )
        yield _gauge(
            "segued_workers", "Files that may be worked on at once.", readings.workers
        )
        yield _gauge(
            "segued_workers_busy", "Files that are being worked on.", readings.busy
        )
        yield from _phases(readings)
        yield from _services(readings.services)
        yield _gauge(
            "segued_lookups_waiting",
            "Questions that outside services have yet to answer.",
            readings.lookups,
        )
        yield from _library(readings, counts)
        yield _labeled_gauge(
            "segued_watches",
            "Folders that are watched for events, by music folder.",
            "folder",
            readings.watches,
        )
        yield _labeled_gauge(
            "segued_folder_offline",
            "1 for a music folder whose disk is away.",
            "folder",
            {folder: int(away) for folder, away in readings.offline.items()},
        )
        yield _gauge(
            "segued_event_loop_lag_seconds",
            "How late the event loop was the last time it was looked at.",
            readings.loop_lag_seconds,
        )
        yield _gauge(
            "segued_event_loop_stall_seconds_max",
            "How late it ever was.",
            readings.loop_stall_seconds,
        )
        yield _gauge("segued_listeners", "Who listens to events.", readings.subscribers)


def _library(readings: Readings, counts: LibraryCounts) -> Iterator[Metric]:
    yield _labeled_gauge("segued_files", "Files by status.", "status", counts.statuses)
    yield _labeled_gauge(
        "segued_passages",
        "Passages by how sure it is which recording they are.",
        "confidence",
        counts.confidences,
    )
    yield _gauge(
        "segued_files_analysed",
        "Files with nothing ahead of them, also not what waits for time.",
        readings.analyzed,
    )
    yield _gauge(
        "segued_files_unanalysed",
        "Files that are imported, and not analysed yet.",
        readings.unanalyzed,
    )
    yield _labeled_gauge(
        "segued_failures", "Failed files by code.", "code", counts.failures
    )


def _phases(readings: Readings) -> Iterator[Metric]:
    durations = HistogramMetricFamily(
        "segued_phase_seconds",
        "How long a file is in a phase.",
        labels=["phase", "title"],
    )
    bounds = [f"{bound:g}" for bound in BUCKET_BOUNDS_SECONDS] + ["+Inf"]
    for number, spread in sorted(readings.phase_durations.items()):
        durations.add_metric(
            [str(number), readings.phase_titles.get(number, "")],
            list(zip(bounds, map(float, accumulate(spread.counts)), strict=True)),
            spread.total_seconds,
        )
    yield durations


def _services(services: Mapping[str, ServiceReading]) -> Iterator[Metric]:
    yield _labeled_gauge(
        "segued_service_open",
        "1 while an outside service is asked, 0 while its breaker is open or it"
        " wants to be left alone.",
        "service",
        {name: int(each.is_available) for name, each in services.items()},
    )
    yield _labeled_gauge(
        "segued_service_wait_seconds",
        "How long an outside service will not be asked.",
        "service",
        {name: each.wait_seconds for name, each in services.items()},
    )
    yield _labeled_gauge(
        "segued_service_budget_per_second",
        "Requests to an outside service that may be started in a second.",
        "service",
        {name: each.rate for name, each in services.items()},
    )
    sent = CounterMetricFamily(
        "segued_service_requests",
        "Requests that an outside service was sent.",
        labels=["service"],
    )
    for name, each in services.items():
        sent.add_metric([name], each.requests)
    yield sent


def _info(name: str, documentation: str, **labels: str) -> Metric:
    info = InfoMetricFamily(name, documentation)
    info.add_metric([], labels)
    return info


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)


def _labeled_gauge(
    name: str, documentation: str, label: str, values: Mapping[str, float]
) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
