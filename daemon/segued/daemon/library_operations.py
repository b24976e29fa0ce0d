"""Operations on a library: for the daemon, and for commands while none runs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from segued.config.annotations import mask_secrets
from segued.config.config import Config, PinnedSettings, Settings, check_setting
from segued.errors import DaemonError, NotFoundError
from segued.paths import shown
from segued.store import file_tags, overrides, requeue, settings
from segued.store.database import Store
from segued.store.overrides import PassageOverride
from segued.units import Ticks
from segued.web.daemon_api import Override

__all__ = [
    "clear_override",
    "forget_tags",
    "masked_settings",
    "put_setting",
    "retry_failed",
    "run_in_library",
    "set_override",
]

T = TypeVar("T")


def run_in_library(config: Config, operation: Callable[[Store], Awaitable[T]]) -> T:
    """Open the library, run one operation on it, and close it.

    Raises:
        StoreError: The library cannot be used; a daemon may hold it.
    """

    async def run() -> T:
        store = Store(config.database, config.store)
        try:
            await store.open()
            return await operation(store)
        finally:
            await store.close()

    return asyncio.run(run())


async def retry_failed(
    store: Store, *, code: str | None = None, path: bytes | None = None
) -> int:
    """Requeue failed files and return how many.

    Args:
        store: The open library.
        code: Only files that failed with this code.
        path: Only the file at this path, or the files below it.

    Raises:
        NotFoundError: A code or a path is given, and no failed file matches.
    """
    count = await store.do(requeue.retry_failed, code=code, path=path)
    if not count and (code or path):
        name = code or shown(path or b"")
        raise NotFoundError(f"{name}: no failed file has this code or path")
    return count


async def set_override(
    store: Store, path: bytes, passage: int, override: Override
) -> None:
    """Store what a user decides about a passage, and requeue its file.

    Args:
        store: The open library.
        path: The absolute path of the file.
        passage: The number of the passage in the file, from 1.
        override: What the passage is.

    Raises:
        NotFoundError: The library has no such passage.
    """
    # The store sets the start to that of the passage.
    row = PassageOverride(Ticks(0), override.recording, override.title, override.artist)
    if not await store.do(overrides.set_override, path, passage, row):
        raise _no_such_passage(path, passage)


async def clear_override(store: Store, path: bytes, passage: int) -> None:
    """Delete what a user decided about a passage, and requeue its file.

    Raises:
        NotFoundError: The library has no such passage.
    """
    if not await store.do(overrides.clear_override, path, passage):
        raise _no_such_passage(path, passage)


async def forget_tags(store: Store, path: bytes) -> int:
    """Delete the remembered tags of a file, requeue it, and return how many there were.

    Raises:
        NotFoundError: The library has no such file.
    """
    count = await store.do(file_tags.forget, path)
    if count is None:
        raise NotFoundError(f"{shown(path)}: the library has no such file")
    return count


async def masked_settings(store: Store, pinned: PinnedSettings) -> Settings:
    """Return the settings in force, with secrets masked.

    Raises:
        ConfigError: A stored value is out of range.
    """
    return mask_secrets(await store.do(settings.load, pinned))


async def put_setting(
    store: Store, pinned: PinnedSettings, name: str, value: object
) -> None:
    """Store a setting.

    Args:
        store: The open library.
        pinned: The settings that the configuration file fixes.
        name: The stored or the plain name of the setting.
        value: Its value in the unit of that name, as decoded from JSON.

    Raises:
        ConfigError: The setting does not exist, or the value is out of range.
        DaemonError: The configuration file fixes the setting.
    """
    key, checked = check_setting(name, value)
    if key in pinned.as_dict():
        raise DaemonError(f"setting {name} is fixed in the configuration file")
    await store.do(settings.save, key, checked)


def _no_such_passage(path: bytes, passage: int) -> NotFoundError:
    return NotFoundError(f"{shown(path)}: the library has no passage {passage} of it")
