"""The values of the daemon that the metrics show."""

from segued import __version__
from segued.daemon.daemon import Daemon
from segued.daemon.node_source import node_infos
from segued.phases import PHASES
from segued.progress.histogram import Histogram
from segued.web.readings import NodeReading, Readings, ServiceReading

__all__ = ["collect_readings"]


def collect_readings(daemon: Daemon, subscribers: int) -> Readings:
    """Return the current values, from memory alone.

    Args:
        daemon: The daemon.
        subscribers: How many clients receive its events.
    """
    snapshot, pipeline = daemon.progress.snapshot(), daemon.pipeline
    reports = [(watcher.report(), watcher.watch_count) for watcher in daemon.watchers]
    return Readings(
        version=__version__,
        state=snapshot.state.value,
        queued=len(pipeline.queue) if pipeline else 0,
        queued_seconds=pipeline.queue.oldest_seconds if pipeline else 0.0,
        busy=len(snapshot.workers),
        workers=pipeline.worker_count if pipeline else 0,
        phase_durations={
            phase.number: daemon.progress.phase_durations.get(phase.number, Histogram())
            for phase in PHASES
        },
        phase_titles={phase.number: phase.title for phase in PHASES},
        services={
            service.name: ServiceReading(
                service.is_usable, service.retry_in(), service.rate, service.sent()
            )
            for service in (pipeline.lookup_services if pipeline else ())
        },
        nodes={
            node.name: NodeReading(
                node.slots,
                bool(node.may),
                node.running,
                node.done,
                node.refused,
                node.sound_per_minute,
                node.seen_seconds,
            )
            for node in node_infos(daemon.cluster.nodes)
        },
        lookups=snapshot.lookups,
        analyzed=snapshot.analyzed,
        unanalyzed=snapshot.done - snapshot.analyzed,
        cards=snapshot.cards,
        watches={report.root: watches for report, watches in reports},
        offline={report.root: report.state == "offline" for report, _ in reports},
        loop_stall_seconds=daemon.loop_monitor.longest_stall,
        loop_lag_seconds=daemon.loop_monitor.lag,
        subscribers=subscribers,
    )
