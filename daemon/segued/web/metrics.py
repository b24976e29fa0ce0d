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

from segued.progress.histogram import BOUNDS_SECONDS, Spread
from segued.store.reading.rows import Counts

__all__ = ["CONTENT_TYPE", "Readings", "ServiceReading", "exposition"]

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


@dataclass(frozen=True, slots=True)
class ServiceReading:
    """How it stands with an outside service.

    Attributes:
        open: Whether it is asked; not, while its breaker or a pause forbids it.
        waits_seconds: How long it will not be asked.
        rate: Requests that may be started in a second.
        requests: Those that were sent.
    """

    open: bool
    waits_seconds: float
    rate: float
    requests: int


@dataclass(frozen=True, slots=True)
class Readings:
    """What the daemon knows from memory and only metrics tell.

    Attributes:
        queued: Files that wait for a worker, and for how long the first has.
        took: How long each phase takes, by its number.
        titles: What the phases are called.
        analysed: Imported files of which nothing more is to be known.
        unanalysed: Those of which more is.
        watches: Folders that are watched for events, by music folder.
        offline: Whether each music folder is away.
    """

    version: str
    state: str
    queued: int
    queued_seconds: float
    busy: int
    workers: int
    took: Mapping[int, Spread]
    titles: Mapping[int, str]
    services: Mapping[str, ServiceReading]
    lookups: int
    analysed: int
    unanalysed: int
    watches: Mapping[str, int]
    offline: Mapping[str, bool]
    loop_stall_seconds: float
    loop_lag_seconds: float
    listeners: int


def exposition(readings: Readings, counts: Counts) -> bytes:
    """Return all metrics, as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Told(readings, counts))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, readings: Readings, counts: Counts) -> None:
        self._readings: Final = readings
        self._counts: Final = counts

    def collect(self) -> Iterator[Metric]:
        now, counts = self._readings, self._counts
        yield _info("segued", "The daemon.", version=now.version)
        yield _by(
            "segued_session_state",
            "1 for the state of the session under way.",
            "state",
            {now.state: 1},
        )
        yield _one("segued_queue_files", "Files that wait for a worker.", now.queued)
        yield _one(
            "segued_queue_oldest_seconds",
            "How long the first of them has waited.",
            now.queued_seconds,
        )
        yield _one(
            "segued_workers", "Files that may be worked on at once.", now.workers
        )
        yield _one("segued_workers_busy", "Files that are being worked on.", now.busy)
        yield from _phases(now)
        yield from _services(now.services)
        yield _one(
            "segued_lookups_waiting",
            "Questions that outside services have yet to answer.",
            now.lookups,
        )
        yield from _library(now, counts)
        yield _by(
            "segued_watches",
            "Folders that are watched for events, by music folder.",
            "folder",
            now.watches,
        )
        yield _by(
            "segued_folder_offline",
            "1 for a music folder whose disk is away.",
            "folder",
            {folder: int(away) for folder, away in now.offline.items()},
        )
        yield _one(
            "segued_event_loop_lag_seconds",
            "How late the event loop was the last time it was looked at.",
            now.loop_lag_seconds,
        )
        yield _one(
            "segued_event_loop_stall_seconds_max",
            "How late it ever was.",
            now.loop_stall_seconds,
        )
        yield _one("segued_listeners", "Who listens to events.", now.listeners)


def _library(now: Readings, counts: Counts) -> Iterator[Metric]:
    yield _by("segued_files", "Files by status.", "status", counts.statuses)
    yield _by(
        "segued_passages",
        "Passages by how sure it is which recording they are.",
        "confidence",
        counts.confidences,
    )
    yield _one(
        "segued_files_analysed",
        "Files with nothing ahead of them, also not what waits for time.",
        now.analysed,
    )
    yield _one(
        "segued_files_unanalysed",
        "Files that are imported, and not analysed yet.",
        now.unanalysed,
    )
    yield _by("segued_failures", "Failed files by code.", "code", counts.failures)


def _phases(now: Readings) -> Iterator[Metric]:
    took = HistogramMetricFamily(
        "segued_phase_seconds",
        "How long a file is in a phase.",
        labels=["phase", "title"],
    )
    bounds = [f"{bound:g}" for bound in BOUNDS_SECONDS] + ["+Inf"]
    for number, spread in sorted(now.took.items()):
        took.add_metric(
            [str(number), now.titles.get(number, "")],
            list(zip(bounds, map(float, accumulate(spread.counts)), strict=True)),
            spread.total_seconds,
        )
    yield took


def _services(services: Mapping[str, ServiceReading]) -> Iterator[Metric]:
    yield _by(
        "segued_service_open",
        "1 while an outside service is asked, 0 while its breaker is open or it"
        " wants to be left alone.",
        "service",
        {name: int(each.open) for name, each in services.items()},
    )
    yield _by(
        "segued_service_wait_seconds",
        "How long an outside service will not be asked.",
        "service",
        {name: each.waits_seconds for name, each in services.items()},
    )
    yield _by(
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


def _info(name: str, what: str, **labels: str) -> Metric:
    info = InfoMetricFamily(name, what)
    info.add_metric([], labels)
    return info


def _one(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _by(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
