"""The status of the daemon, as values for programs and as one line of text."""

import os
from collections.abc import Iterator, Sequence
from typing import Final

from segued import __version__
from segued.daemon.daemon import Daemon
from segued.daemon.node_source import cluster_lines, node_infos
from segued.model import SessionState
from segued.paths import shown
from segued.phases import PHASES
from segued.progress.progress import Snapshot
from segued.views import wording
from segued.web.status import NodeInfo, Problem, Status, to_worker_infos

__all__ = ["build_status", "status_line"]

STOPPED_STATES: Final = frozenset(
    {SessionState.PAUSED, SessionState.CANCELLED, SessionState.FAILED}
)
"""States in which no file is imported or analyzed."""


def build_status(daemon: Daemon, page: str) -> Status:
    """Return the status, from memory alone: it never waits.

    Args:
        daemon: The daemon.
        page: The address of the page, or why it is not served; may be empty.
    """
    snapshot = daemon.progress.snapshot()
    folders = [watcher.report() for watcher in daemon.watchers]
    trouble = daemon.trouble
    services = daemon.pipeline.service_states if daemon.pipeline else {}
    analysis = _analysis_text(daemon, snapshot)
    nodes = node_infos(daemon.cluster.nodes)
    return Status(
        state=snapshot.state.value,
        session=daemon.recorder.session_id,
        files_total=snapshot.total,
        files_done=snapshot.done,
        files_failed=snapshot.failed,
        files_deferred=snapshot.deferred,
        files_analysed=snapshot.analyzed,
        analysis=analysis,
        analysis_per_hour=snapshot.analysis_per_hour
        and round(snapshot.analysis_per_hour, 1),
        analysis_seconds_left=snapshot.analysis_left
        and round(snapshot.analysis_left, 1),
        percent=round(snapshot.percent, 1),
        elapsed_seconds=round(snapshot.elapsed, 1),
        files_per_second=snapshot.rate and round(snapshot.rate, 2),
        seconds_left=snapshot.time_left and round(snapshot.time_left, 1),
        lookups=snapshot.lookups,
        files_again=snapshot.again,
        cards=snapshot.cards,
        workers=to_worker_infos(snapshot),
        counters={group: dict(named) for group, named in snapshot.counters.items()},
        work={group: dict(named) for group, named in snapshot.work.items()},
        repeated=dict(snapshot.repeated),
        phases=[phase.title for phase in PHASES],
        folders=folders,
        services=services,
        nodes=nodes,
        cluster=daemon.cluster.trouble,
        trouble=Problem(trouble.code, str(trouble)) if trouble else None,
        version=__version__,
        process=os.getpid(),
        library=shown(bytes(daemon.store.path.absolute())),
        page=page,
        loop_stall_ms=round(1_000 * daemon.loop_monitor.longest_stall, 1),
        text=[
            f"Session {snapshot.state.value}   {wording.progress_line(snapshot)}",
            *(
                "  " + "   ".join(filter(None, wording.worker_columns(line)))
                for line in snapshot.workers
            ),
            *(wording.folder_line(folder) for folder in folders),
            *(f"{name}: {state}" for name, state in services.items() if state != "up"),
            *([f"Analysis: {analysis}"] if analysis else []),
            *_notices(daemon, snapshot, nodes, page),
        ],
    )


def _notices(
    daemon: Daemon, snapshot: Snapshot, nodes: Sequence[NodeInfo], page: str
) -> Iterator[str]:
    """Yield the last lines of the status."""
    yield from cluster_lines(nodes, daemon.cluster.trouble)
    if snapshot.cards:
        yield wording.cards_line(snapshot.cards)
    if daemon.trouble:
        yield f"Trouble: {daemon.trouble}"
    if page:
        yield f"Page: {page}"


def _analysis_text(daemon: Daemon, snapshot: Snapshot) -> str:
    """Return what becomes of files not analyzed yet; empty while work is stopped."""
    if snapshot.state in STOPPED_STATES:
        return ""
    opens_at = daemon.pipeline.active_hours.opens_at if daemon.pipeline else ""
    return wording.analysis_line(snapshot, opens_at)


def status_line(daemon: Daemon) -> str:
    """Return the status in one line, for systemd."""
    snapshot = daemon.progress.snapshot()
    offline = sum(watcher.report().state == "offline" for watcher in daemon.watchers)
    line = f"{snapshot.state.value.capitalize()}: {wording.progress_line(snapshot)}"
    if daemon.trouble:
        line = f"Waiting: {daemon.trouble}"
    folders = "1 folder" if offline == 1 else f"{offline} folders"
    return f"{line}   {folders} offline" if offline else line
