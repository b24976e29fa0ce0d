"""How the daemon does what an operator asks, and says how it stands."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Final

from segued import __version__
from segued.config.config import check_setting
from segued.daemon.daemon import Daemon
from segued.errors import DaemonError, NotFoundError
from segued.model import SessionState
from segued.paths import is_within, shown
from segued.phases import PHASES
from segued.progress.progress import Snapshot
from segued.store import overrides, requeue, settings
from segued.store.overrides import PassageOverride
from segued.store.reading import reports
from segued.units import Ticks
from segued.views import wording
from segued.web.commands import (
    Cancel,
    Command,
    CommandResult,
    GetSettings,
    GetStatus,
    Pause,
    PutSetting,
    Resume,
    Retry,
    Scan,
    SetOverride,
)
from segued.web.status import Problem, Status, to_worker_infos

__all__ = ["make_command_handler", "status_line"]

STOPPED_STATES: Final = frozenset(
    {SessionState.PAUSED, SessionState.CANCELLED, SessionState.FAILED}
)
"""States in which nothing is worked on."""


def make_command_handler(
    daemon: Daemon,
) -> Callable[[Command], Awaitable[CommandResult]]:
    """Return what carries out commands for a daemon."""

    async def handle(command: Command) -> CommandResult:
        match command:
            case Retry():
                return await _retry(daemon, command)
            case GetSettings():
                return await _get_settings(daemon)
            case SetOverride():
                return await _set_override(daemon, command)
            case PutSetting():
                return await _put_setting(daemon, command)
            case Scan():
                await _scan(daemon, command.path)
            case Pause() | Resume() | Cancel():
                await _control_session(daemon, command)
            case GetStatus(session=str(session)) if (
                session != daemon.recorder.session_id
            ):
                return await _past_session(daemon, session)
            case GetStatus():
                pass
        return status(daemon)

    return handle


async def _scan(daemon: Daemon, path: bytes | None) -> None:
    """Have the folders walked, or one in them looked at.

    Raises:
        NotKnownError: It is in none of the music folders.
    """
    for patrol in daemon.watchers:
        if path is None:
            patrol.request_rescan()
        elif is_within(path, patrol.root):
            is_folder = await asyncio.to_thread(os.path.isdir, path)
            folder = path if is_folder else os.path.dirname(path)
            if not patrol.request_scan(folder):
                raise NotFoundError(f"{shown(folder)}: is not looked into, by its name")
            break
    else:
        if path is not None:
            raise NotFoundError(f"{shown(path)}: in none of the music folders")
    if daemon.progress.state is SessionState.CANCELLED:
        daemon.resume()


async def _past_session(daemon: Daemon, session: str) -> CommandResult:
    """Return a session that is over, as it is on record.

    Raises:
        NotKnownError: There is none with this id.
    """
    past_session = await asyncio.to_thread(reports.session, daemon.store.path, session)
    if past_session is None:
        raise NotFoundError(f"{session}: there is no such session")
    return past_session


async def _control_session(daemon: Daemon, command: Pause | Resume | Cancel) -> None:
    """Have the work stopped or gone on with.

    Raises:
        NotKnownError: It is about another session than the one under way.
    """
    if command.session not in (None, daemon.recorder.session_id):
        raise NotFoundError(f"{command.session}: is not the session under way")
    match command:
        case Pause():
            await daemon.pause()
        case Resume():
            daemon.resume()
        case Cancel():
            await daemon.cancel()


async def _retry(daemon: Daemon, command: Retry) -> CommandResult:
    """Take failed files up again.

    Raises:
        NotKnownError: None failed that way, or there.
    """
    count = await daemon.store.do(
        requeue.retry_failed, code=command.code, path=command.path
    )
    if not count and (command.code or command.path):
        name = command.code or shown(command.path or b"")
        raise NotFoundError(f"{name}: no failed file has this code or path")
    daemon.wake()
    return {"reopened": count}


async def _set_override(daemon: Daemon, command: SetOverride) -> CommandResult:
    """Put on record what somebody says; the pipeline does the rest.

    Raises:
        NotKnownError: The library knows no such passage.
    """
    if command.clear:
        known = await daemon.store.do(
            overrides.clear_override, command.path, command.passage
        )
    else:
        override = PassageOverride(
            Ticks(0), command.recording, command.title, command.artist
        )
        known = await daemon.store.do(
            overrides.set_override, command.path, command.passage, override
        )
    if not known:
        raise NotFoundError(
            f"{shown(command.path)}: the library has no passage {command.passage} of it"
        )
    daemon.wake()
    return {"decided": shown(command.path)}


async def _get_settings(daemon: Daemon) -> CommandResult:
    stored_settings = await daemon.store.do(
        settings.load, daemon.run_config.config.settings
    )
    return settings.mask_secrets(stored_settings)


async def _put_setting(daemon: Daemon, command: PutSetting) -> CommandResult:
    """Give a setting a value, and go on by it.

    Raises:
        ConfigError: There is no such setting, or it is out of range.
        DaemonError: The configuration file holds it fast.
    """
    checked = check_setting(command.name, command.value)
    if command.name in daemon.run_config.config.settings.as_dict():
        raise DaemonError(
            f"setting {command.name} is held fast by the configuration file"
        )
    await daemon.store.do(settings.save, command.name, checked)
    await daemon.restart_loop()
    return {command.name: (await _get_settings(daemon))[command.name]}


def status(daemon: Daemon) -> Status:
    """Return how everything stands, from memory alone: it never waits."""
    snapshot = daemon.progress.snapshot()
    folders = [patrol.report() for patrol in daemon.watchers]
    trouble = daemon.trouble
    services = daemon.pipeline.service_states if daemon.pipeline else {}
    analysis = _analysis_text(daemon, snapshot)
    return Status(
        state=snapshot.state.value,
        session=daemon.recorder.session_id,
        files_total=snapshot.total,
        files_done=snapshot.done,
        files_failed=snapshot.failed,
        files_deferred=snapshot.deferred,
        files_analysed=snapshot.analyzed,
        analysis=analysis,
        percent=round(snapshot.percent, 1),
        elapsed_seconds=round(snapshot.elapsed, 1),
        files_per_second=snapshot.rate and round(snapshot.rate, 2),
        seconds_left=snapshot.time_left and round(snapshot.time_left, 1),
        lookups=snapshot.lookups,
        workers=to_worker_infos(snapshot),
        counters={group: dict(named) for group, named in snapshot.counters.items()},
        phases=[phase.title for phase in PHASES],
        folders=folders,
        services=services,
        trouble=Problem(trouble.code, str(trouble)) if trouble else None,
        version=__version__,
        process=os.getpid(),
        library=shown(bytes(daemon.store.path)),
        page=daemon.page_status(),
        loop_stall_ms=round(1_000 * daemon.loop_monitor.longest_stall, 1),
        text=[
            f"Session {snapshot.state.value}   {wording.progress_line(snapshot)}",
            *(
                "  " + "   ".join(filter(None, wording.worker_columns(line)))
                for line in snapshot.workers
            ),
            *(wording.folder_line(folder) for folder in folders),
            *(f"{name}: {how}" for name, how in services.items() if how != "up"),
            *([f"Analysis: {analysis}"] if analysis else []),
            *([f"Trouble: {trouble}"] if trouble else []),
            *([f"Page: {daemon.page_status()}"] if daemon.page_status() else []),
        ],
    )


def _analysis_text(daemon: Daemon, snapshot: Snapshot) -> str:
    """Return what becomes of what is not analysed; nothing, while nothing is done."""
    if snapshot.state in STOPPED_STATES:
        return ""
    opens_at = daemon.pipeline.active_hours.opens_at if daemon.pipeline else ""
    return wording.analysis_line(snapshot.done - snapshot.analyzed, opens_at)


def status_line(daemon: Daemon) -> str:
    """Return how everything stands, in one line."""
    snapshot = daemon.progress.snapshot()
    offline = sum(patrol.report().state == "offline" for patrol in daemon.watchers)
    line = f"{snapshot.state.value.capitalize()}: {wording.progress_line(snapshot)}"
    if daemon.trouble:
        line = f"Waiting: {daemon.trouble}"
    return f"{line}   {offline} folder(s) offline" if offline else line
