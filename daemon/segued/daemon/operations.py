"""How the daemon does what an operator asks, and says how it stands."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Final

from segued import __version__
from segued.config.config import check_setting
from segued.daemon.daemon import Alive
from segued.errors import DaemonError, NotKnownError
from segued.model import SessionState
from segued.paths import is_within, shown
from segued.phases import PHASES
from segued.progress.progress import Snapshot
from segued.store import overrides, requeue, settings
from segued.store.overrides import Said
from segued.store.reading import reports
from segued.units import Ticks
from segued.views import wording
from segued.web.commands import (
    Answer,
    Cancel,
    Command,
    Decide,
    Pause,
    Put,
    Resume,
    Retry,
    Scan,
    Show,
    Tell,
)
from segued.web.status import Status, Trouble, workers_of

__all__ = ["obeying", "status_line"]

STILL: Final = frozenset(
    {SessionState.PAUSED, SessionState.CANCELLED, SessionState.FAILED}
)
"""States in which nothing is worked on."""


def obeying(alive: Alive) -> Callable[[Command], Awaitable[Answer]]:
    """Return what carries out commands for a daemon."""

    async def obey(command: Command) -> Answer:
        match command:
            case Retry():
                return await _retry(alive, command)
            case Show():
                return await _settings(alive)
            case Decide():
                return await _decide(alive, command)
            case Put():
                return await _put(alive, command)
            case Scan():
                await _scan(alive, command.path)
            case Pause() | Resume() | Cancel():
                await _steer(alive, command)
            case Tell(session=str(session)) if session != alive.roll.session:
                return await _told_of(alive, session)
            case Tell():
                pass
        return status(alive)

    return obey


async def _scan(alive: Alive, path: bytes | None) -> None:
    """Have the folders walked, or one in them looked at.

    Raises:
        NotKnownError: It is in none of the music folders.
    """
    for patrol in alive.patrols:
        if path is None:
            patrol.sweep_soon()
        elif is_within(path, patrol.root):
            is_folder = await asyncio.to_thread(os.path.isdir, path)
            place = path if is_folder else os.path.dirname(path)
            if not patrol.look_soon(place):
                raise NotKnownError(f"{shown(place)}: is not looked into, by its name")
            break
    else:
        if path is not None:
            raise NotKnownError(f"{shown(path)}: in none of the music folders")
    if alive.board.state is SessionState.CANCELLED:
        alive.resume()


async def _told_of(alive: Alive, session: str) -> Answer:
    """Return a session that is over, as it is on record.

    Raises:
        NotKnownError: There is none with this id.
    """
    found = await asyncio.to_thread(reports.session, alive.store.path, session)
    if found is None:
        raise NotKnownError(f"{session}: there is no such session")
    return found


async def _steer(alive: Alive, command: Pause | Resume | Cancel) -> None:
    """Have the work stopped or gone on with.

    Raises:
        NotKnownError: It is about another session than the one under way.
    """
    if command.session not in (None, alive.roll.session):
        raise NotKnownError(f"{command.session}: is not the session under way")
    match command:
        case Pause():
            await alive.pause()
        case Resume():
            alive.resume()
        case Cancel():
            await alive.cancel()


async def _retry(alive: Alive, which: Retry) -> Answer:
    """Take failed files up again.

    Raises:
        NotKnownError: None failed that way, or there.
    """
    count = await alive.store.do(
        requeue.reopen_failed, code=which.code, path=which.path
    )
    if not count and (which.code or which.path):
        name = which.code or shown(which.path or b"")
        raise NotKnownError(f"{name}: no failed file has this code or path")
    alive.news()
    return {"reopened": count}


async def _decide(alive: Alive, told: Decide) -> Answer:
    """Put on record what somebody says; the pipeline does the rest.

    Raises:
        NotKnownError: The library knows no such passage.
    """
    if told.clear:
        known = await alive.store.do(overrides.forget, told.path, told.passage)
    else:
        said = Said(Ticks(0), told.recording, told.title, told.artist)
        known = await alive.store.do(overrides.say, told.path, told.passage, said)
    if not known:
        raise NotKnownError(
            f"{shown(told.path)}: the library knows no passage {told.passage} of it"
        )
    alive.news()
    return {"decided": shown(told.path)}


async def _settings(alive: Alive) -> Answer:
    held = await alive.store.do(settings.load, alive.orders.config.settings)
    return settings.told(held)


async def _put(alive: Alive, wanted: Put) -> Answer:
    """Give a setting a value, and go on by it.

    Raises:
        ConfigError: There is no such setting, or it is out of range.
        DaemonError: The configuration file holds it fast.
    """
    checked = check_setting(wanted.name, wanted.value)
    if wanted.name in alive.orders.config.settings.given():
        raise DaemonError(
            f"setting {wanted.name} is held fast by the configuration file"
        )
    await alive.store.do(settings.put, wanted.name, checked)
    await alive.refresh()
    return {wanted.name: (await _settings(alive))[wanted.name]}


def status(alive: Alive) -> Status:
    """Return how everything stands, from memory alone: it never waits."""
    now = alive.board.snapshot()
    folders = [patrol.report() for patrol in alive.patrols]
    trouble = alive.trouble
    services = alive.works.services if alive.works else {}
    analysis = _analysis(alive, now)
    return Status(
        state=now.state.value,
        session=alive.roll.session,
        files_total=now.total,
        files_done=now.done,
        files_failed=now.failed,
        files_deferred=now.deferred,
        files_analysed=now.analysed,
        analysis=analysis,
        percent=round(now.percent, 1),
        elapsed_seconds=round(now.elapsed, 1),
        files_per_second=now.rate and round(now.rate, 2),
        seconds_left=now.left and round(now.left, 1),
        lookups=now.lookups,
        workers=workers_of(now),
        counters={group: dict(named) for group, named in now.counters.items()},
        phases=[phase.title for phase in PHASES],
        folders=folders,
        services=services,
        trouble=Trouble(trouble.code, str(trouble)) if trouble else None,
        version=__version__,
        process=os.getpid(),
        library=shown(bytes(alive.store.path)),
        page=alive.page(),
        loop_stall_ms=round(1_000 * alive.pulse.longest_stall, 1),
        text=[
            f"Session {now.state.value}   {wording.overall(now)}",
            *(
                "  " + "   ".join(filter(None, wording.worker(line)))
                for line in now.workers
            ),
            *(wording.folder(folder) for folder in folders),
            *(f"{name}: {how}" for name, how in services.items() if how != "up"),
            *([f"Analysis: {analysis}"] if analysis else []),
            *([f"Trouble: {trouble}"] if trouble else []),
            *([f"Page: {alive.page()}"] if alive.page() else []),
        ],
    )


def _analysis(alive: Alive, now: Snapshot) -> str:
    """Return what becomes of what is not analysed; nothing, while nothing is done."""
    if now.state in STILL:
        return ""
    begins = alive.works.leisure.begins if alive.works else ""
    return wording.analysis(now.done - now.analysed, begins)


def status_line(alive: Alive) -> str:
    """Return how everything stands, in one line."""
    now = alive.board.snapshot()
    away = sum(patrol.report().state == "offline" for patrol in alive.patrols)
    line = f"{now.state.value.capitalize()}: {wording.overall(now)}"
    if alive.trouble:
        line = f"Waiting: {alive.trouble}"
    return f"{line}   {away} folder(s) offline" if away else line
