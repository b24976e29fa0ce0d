"""What the daemon knows of itself, for those who measure."""

from segued import __version__
from segued.daemon.daemon import Alive
from segued.phases import PHASES
from segued.progress.histogram import Spread
from segued.web.metrics import Readings, ServiceReading

__all__ = ["readings"]


def readings(alive: Alive, listeners: int) -> Readings:
    """Return it, from memory alone.

    Args:
        alive: The daemon.
        listeners: How many listen to its events.
    """
    now, works = alive.board.snapshot(), alive.works
    reports = [(patrol.report(), patrol.watches) for patrol in alive.patrols]
    return Readings(
        version=__version__,
        state=now.state.value,
        queued=len(works.queue) if works else 0,
        queued_seconds=works.queue.oldest_seconds if works else 0.0,
        busy=len(now.workers),
        workers=works.workers if works else 0,
        took={
            phase.number: alive.board.took.get(phase.number, Spread())
            for phase in PHASES
        },
        titles={phase.number: phase.title for phase in PHASES},
        services={
            desk.name: ServiceReading(desk.open, desk.waits(), desk.rate, desk.sent())
            for desk in (works.desks if works else ())
        },
        lookups=now.lookups,
        analysed=now.analysed,
        unanalysed=now.done - now.analysed,
        watches={report.root: watches for report, watches in reports},
        offline={report.root: report.state == "offline" for report, _ in reports},
        loop_stall_seconds=alive.pulse.longest_stall,
        loop_lag_seconds=alive.pulse.lag,
        listeners=listeners,
    )
