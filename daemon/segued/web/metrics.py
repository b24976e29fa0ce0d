"""Metrics in the Prometheus text format."""

from collections.abc import Callable, Iterator, Mapping
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

from segued.progress.histogram import BUCKET_BOUNDS_SECONDS
from segued.store.reading.rows import LibraryCounts
from segued.web.readings import NodeReading, Readings, ServiceReading

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


def exposition(
    readings: Readings, counts: LibraryCounts, backup_age: float | None
) -> bytes:
    """Return all metrics in the Prometheus text format.

    Args:
        readings: From the daemon's memory.
        counts: From the library.
        backup_age: How old the newest backup is in seconds; None if there is none, or
            none is wanted.
    """
    registry = CollectorRegistry()
    registry.register(_Collector(readings, counts, backup_age))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(
        self, readings: Readings, counts: LibraryCounts, backup_age: float | None
    ) -> None:
        self._readings: Final = readings
        self._counts: Final = counts
        self._backup_age: Final = backup_age

    def collect(self) -> Iterator[Metric]:
        readings, counts = self._readings, self._counts
        yield _info("segued", "The daemon.", version=readings.version)
        yield _labeled_gauge(
            "segued_session_state",
            "1 for the state of the current session.",
            "state",
            {readings.state: 1},
        )
        yield _gauge(
            "segued_queue_files", "Files that wait for a worker.", readings.queued
        )
        yield _gauge(
            "segued_queue_oldest_seconds",
            "How long the first file in the queue has waited.",
            readings.queued_seconds,
        )
        yield _gauge(
            "segued_workers", "Files that can be processed at once.", readings.workers
        )
        yield _gauge(
            "segued_workers_busy", "Workers that process a file.", readings.busy
        )
        yield from _phases(readings)
        yield from _services(readings.services)
        yield from _nodes(readings.nodes)
        yield _gauge(
            "segued_lookups_waiting",
            "Lookups that wait for an outside service.",
            readings.lookups,
        )
        yield from _library(readings, counts)
        if self._backup_age is not None:
            yield _gauge(
                "segued_backup_age_seconds",
                "How old the newest backup by the daemon is.",
                self._backup_age,
            )
        yield _labeled_gauge(
            "segued_watches",
            "Folders with an inotify watch, by music folder.",
            "folder",
            readings.watches,
        )
        yield _labeled_gauge(
            "segued_folder_offline",
            "1 for a music folder that is offline.",
            "folder",
            {folder: int(offline) for folder, offline in readings.offline.items()},
        )
        yield from _event_loop(readings)
        yield _gauge(
            "segued_listeners", "Clients that receive events.", readings.subscribers
        )


def _event_loop(readings: Readings) -> Iterator[Metric]:
    yield _gauge(
        "segued_event_loop_lag_seconds",
        "Delay of the event loop at the last measurement.",
        readings.loop_lag_seconds,
    )
    yield _gauge(
        "segued_event_loop_stall_seconds_max",
        "Longest delay of the event loop since the start.",
        readings.loop_stall_seconds,
    )


def _library(readings: Readings, counts: LibraryCounts) -> Iterator[Metric]:
    yield _labeled_gauge("segued_files", "Files by status.", "status", counts.statuses)
    yield _labeled_gauge(
        "segued_passages",
        "Passages by confidence of their identification.",
        "confidence",
        counts.confidences,
    )
    yield _gauge(
        "segued_files_analysed",
        "Imported files that are completely analyzed.",
        readings.analyzed,
    )
    yield _gauge(
        "segued_files_unanalysed",
        "Imported files that are not completely analyzed.",
        readings.unanalyzed,
    )
    yield _gauge(
        "segued_review_cards",
        "Albums and files with questions that a person could settle.",
        readings.cards,
    )
    yield _labeled_gauge(
        "segued_failures", "Failed files by code.", "code", counts.failures
    )
    yield _labeled_gauge(
        "segued_passed_over",
        "Files and folders that are not imported, by reason; those with the reason"
        ' "ending" are no music.',
        "reason",
        counts.passed_over,
    )
    yield _labeled_gauge(
        "segued_events_waiting",
        "Events that a receiver of hooks has not taken yet.",
        "receiver",
        counts.waiting_events,
    )


def _phases(readings: Readings) -> Iterator[Metric]:
    durations = HistogramMetricFamily(
        "segued_phase_seconds",
        "Duration of a phase for one file.",
        labels=["phase", "title"],
    )
    bounds = [f"{bound:g}" for bound in BUCKET_BOUNDS_SECONDS] + ["+Inf"]
    for number, histogram in sorted(readings.phase_durations.items()):
        durations.add_metric(
            [str(number), readings.phase_titles.get(number, "")],
            list(zip(bounds, map(float, accumulate(histogram.counts)), strict=True)),
            histogram.total_seconds,
        )
    yield durations


def _services(services: Mapping[str, ServiceReading]) -> Iterator[Metric]:
    yield _labeled_gauge(
        "segued_service_open",
        "1 while requests are sent to an outside service, 0 while its circuit"
        " breaker is open or it has requested a pause.",
        "service",
        {name: int(each.is_available) for name, each in services.items()},
    )
    yield _labeled_gauge(
        "segued_service_wait_seconds",
        "Time until requests are sent to an outside service again.",
        "service",
        {name: each.wait_seconds for name, each in services.items()},
    )
    yield _labeled_gauge(
        "segued_service_budget_per_second",
        "Requests to an outside service that may be started per second.",
        "service",
        {name: each.rate for name, each in services.items()},
    )
    sent = CounterMetricFamily(
        "segued_service_requests",
        "Requests sent to an outside service.",
        labels=["service"],
    )
    for name, each in services.items():
        sent.add_metric([name], each.requests)
    yield sent


def _nodes(nodes: Mapping[str, NodeReading]) -> Iterator[Metric]:
    gauges: Mapping[str, tuple[str, Callable[[NodeReading], float]]] = {
        "slots": ("Files that a node analyzes at once.", lambda each: each.slots),
        "used": ("1 while a node gets work.", lambda each: each.is_used),
        "running": ("Files that are with a node.", lambda each: each.running),
        "sound_seconds_per_minute": (
            "Seconds of sound that a node analyzes in a minute.",
            lambda each: each.sound_per_minute,
        ),
        "seen_seconds": (
            "How long ago a node was last heard of.",
            lambda each: each.seen_seconds,
        ),
    }
    for name, (documentation, value) in gauges.items():
        values = {node: value(each) for node, each in nodes.items()}
        yield _labeled_gauge(f"segued_node_{name}", documentation, "node", values)
    counts: Mapping[str, Callable[[NodeReading], float]] = {
        "done": lambda each: each.done,
        "refused": lambda each: each.refused,
    }
    for name, count in counts.items():
        family = CounterMetricFamily(
            f"segued_node_files_{name}",
            f"Files {name} by a node since it joined.",
            labels=["node"],
        )
        for node, each in nodes.items():
            family.add_metric([node], count(each))
        yield family


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
