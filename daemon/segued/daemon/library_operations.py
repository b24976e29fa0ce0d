"""Operations on a library: for the daemon, and for commands while none runs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from segued.config.annotations import mask_secrets
from segued.config.config import Config, PinnedSettings, Settings, check_setting
from segued.errors import DaemonError, NotFoundError
from segued.paths import shown
from segued.store import answers, file_tags, requeue, settings
from segued.store.answers import Answer
from segued.store.database import Store
from segued.store.deciders import AnswerAction, Decider
from segued.store.reading import review
from segued.web.daemon_api import CardAnswer, Override

__all__ = [
    "answer",
    "forget_tags",
    "masked_settings",
    "put_setting",
    "retry_failed",
    "run_in_library",
    "set_override",
    "undo",
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
    store: Store, path: bytes, passage: int, override: Override | None, by: Decider
) -> None:
    """Store what a user decides about a passage, or delete it; requeue its file.

    Args:
        store: The open library.
        path: The absolute path of the file.
        passage: The number of the passage in the file, from 1.
        override: What the passage is; None: what it is matched to.
        by: Who decides it.

    Raises:
        NotFoundError: The library has no such passage.
    """

    def find_and_answer() -> bool:
        found = answers.find_passage(path, passage)
        if found is not None and override and override.is_about_release:
            answers.choose_release([found], override.release, by)
        elif found is not None:
            answers.answer([_as_answer(found, override)], by)
        return found is not None

    if not await store.do(find_and_answer):
        raise NotFoundError(
            f"{shown(path)}: the library has no passage {passage} of it"
        )


def _as_answer(passage: str, override: Override | None) -> Answer:
    if override is None:
        return Answer(passage, AnswerAction.CLEAR)
    is_song = override.recording is not None
    action = AnswerAction.RECORDING if is_song else AnswerAction.NO_SONG
    return Answer(passage, action, override.recording, override.title, override.artist)


async def answer(store: Store, given: CardAnswer, by: Decider) -> int:
    """Store an answer about passages, all or none, and requeue their files.

    Returns:
        The number of the answer in the history.

    Raises:
        NotFoundError: No such question is open.
    """
    asked = await asyncio.to_thread(
        review.passages_of, store.path, given.card, given.action
    )
    passages = asked if given.passages is None else given.passages
    if not passages or not set(passages) <= set(asked):
        raise NotFoundError(f"{given.card}: no such question is open")
    if given.action in (AnswerAction.RELEASE, AnswerAction.ANY_RELEASE):
        return await store.do(answers.choose_release, passages, given.release, by)
    each_answer = [
        Answer(each, given.action, given.recording, given.title, given.artist)
        for each in passages
    ]
    return await store.do(answers.answer, each_answer, by)


async def undo(store: Store, number: int | None, by: Decider) -> int:
    """Take an answer back, by default the last one; return its number.

    Raises:
        NotFoundError: There is no such answer.
        DaemonError: It was taken back, or its passages were decided again since.
    """
    return await store.do(answers.undo, number, by)


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
