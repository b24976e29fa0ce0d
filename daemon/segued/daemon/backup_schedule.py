"""Backs up the library from time to time while the daemon runs."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import structlog

from segued.config.config import Config
from segued.errors import SeguedError
from segued.store import backup

__all__ = ["run_backups"]

Tell: TypeAlias = Callable[[str, str, Mapping[str, Any]], Awaitable[None]]

log: Final = structlog.get_logger()

HOUR_SECONDS: Final = 3_600.0
RETRY_SECONDS: Final = 1_800.0
"""The longest wait before another try after a failed backup."""


async def run_backups(config: Config, tell: Tell) -> None:
    """Back up the library whenever the newest backup is old enough, until cancelled.

    The copy is made on a thread, by a connection of its own: it delays neither the
    event loop nor the writer. A failure is logged, told once, and tried again.

    Args:
        config: The configuration.
        tell: Tells an event, by its name, its subject and its facts.
    """
    folder, interval = config.backup_folder, HOUR_SECONDS * config.library.backup_hours
    if folder is None:
        return
    has_failed = False
    while True:
        age = await asyncio.to_thread(backup.newest_age, config.database, folder)
        if age is not None:
            await asyncio.sleep(max(0.0, interval - age))
        failure = await _back_up(config, folder)
        if failure is None:
            has_failed = False
            continue
        if not has_failed:
            has_failed = True
            facts = {"code": "backup", "reason": failure}
            await tell("library.trouble", "backup", facts)
        await asyncio.sleep(min(interval, RETRY_SECONDS))


async def _back_up(config: Config, folder: Path) -> str | None:
    """Write one backup; return why it failed, or None."""
    stopping = threading.Event()
    try:
        written = await asyncio.to_thread(
            backup.back_up_into,
            config.database,
            folder,
            config.library.backup_keep,
            stopping,
        )
    except (SeguedError, OSError) as error:
        log.error("backup.failed", folder=str(folder), reason=str(error))  # noqa: TRY400
        return str(error)
    finally:
        stopping.set()  # the thread outlives a cancel of this task
    log.info(
        "backup.written",
        path=str(written.path),
        size_bytes=written.size_bytes,
        took_ms=round(1_000 * written.seconds),
    )
    return None
