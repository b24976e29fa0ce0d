"""How things are told to programs: plain values for JSON."""

from collections.abc import Mapping
from typing import Any

from segued.progress.board import Snapshot

__all__ = ["snapshot"]


def snapshot(now: Snapshot) -> Mapping[str, Any]:
    """Return a session at one moment, as the interfaces tell it."""
    return {
        "state": now.state.value,
        "files_total": now.total,
        "files_done": now.done,
        "files_failed": now.failed,
        "files_deferred": now.deferred,
        "percent": round(now.percent, 1),
        "elapsed_seconds": round(now.elapsed, 1),
        "files_per_second": now.rate and round(now.rate, 2),
        "seconds_left": now.left and round(now.left, 1),
        "lookups": now.lookups,
        "workers": [
            {
                "worker": line.worker,
                "name": line.name,
                "phase": line.phase,
                "title": line.title,
                "seconds": round(line.seconds, 1),
            }
            for line in now.workers
        ],
        "counters": {group: dict(named) for group, named in now.counters.items()},
    }
