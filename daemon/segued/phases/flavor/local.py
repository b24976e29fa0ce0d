"""How a passage sounds, worked out here: by whoever is installed.

What each of them says is kept at once and for ever; so whoever is interrupted
goes on after the last one, and another rule is another look at what is kept.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

import structlog

from segued.config.config import Config
from segued.errors import (
    DiskReadError,
    FileUnreadableError,
    SpoolError,
    UnexpectedError,
)
from segued.media.analyzers import essentia, loudness, musicnn, passage_analysis
from segued.media.analyzers.passage_analysis import Ears, Wanted
from segued.model import Span
from segued.phases import p01_filename, p02_hash
from segued.phases.base import Dossier, Tools
from segued.phases.flavor.results import CLASSIFIERS, ESSENTIA, LOUDNESS, MUSICNN, Heard
from segued.store import analysis_cache as kept_said
from segued.store.analysis_cache import Said
from segued.units import TICKS_PER_SECOND, Seconds, Ticks

__all__ = ["SPOOLED", "ears", "is_short", "kept", "listening_to", "missing"]


LENGTH_MIN: Final = Ticks(3 * TICKS_PER_SECOND)
"""What is shorter than this is measured as nonsense."""

AHEAD_MOST: Final = 8
AHEAD_LENGTH: Final = Ticks(40 * 60 * TICKS_PER_SECOND)
"""So many passages, and so much of them, are decoded at once: an album side in one
decoding and not in ten, and half a gigabyte in the spool at most."""

SPOOLED: Final = "segued-flavor-"
"""What the names of our folders in the spool begin with."""

log: Final = structlog.get_logger()


def ears(config: Config) -> dict[str, str]:
    """Return who can hear how a passage sounds, each with a version."""
    wanted, found = config.flavoring, {}
    if wanted.loudness:
        found[LOUDNESS] = loudness.VERSION
    if ESSENTIA in wanted.sources and essentia.available():
        found[ESSENTIA] = essentia.version()
        models = _classifiers(config)
        if models is not None:
            found[CLASSIFIERS] = f"{found[ESSENTIA]}-{models}"
    if MUSICNN in wanted.sources and musicnn.is_installed(config.models_folder):
        found[MUSICNN] = musicnn.VERSION
    return found


def _classifiers(config: Config) -> str | None:
    """Return what tells a person's classifiers from others, if there are any."""
    if config.classifiers is None:
        return None
    try:
        found = essentia.models_version(config.classifiers)
        why = "no *.history files"
    except OSError as error:
        found, why = None, str(error)
    if found is None:
        log.warning("classifiers.none", folder=str(config.classifiers), reason=why)
    return found


async def kept(tools: Tools, dossier: Dossier, span: Span) -> Heard:
    """Return what was heard of a passage before, by those who hear today."""
    found = await tools.store.do(kept_said.find, dossier[p02_hash.PHASE].audio, span)
    said: dict[str, bytes] = {}
    before: dict[str, bytes] = {}
    for who, each in found.items():
        today = tools.hears.get(who) == each.version
        (said if today else before)[who] = each.said
    return Heard(said, before)


def is_short(span: Span) -> bool:
    """Return whether a passage is too short to sound like anything."""
    return span.length < LENGTH_MIN


def missing(tools: Tools, span: Span, heard: Heard) -> list[str]:
    """Return those who have yet to hear a passage."""
    short = is_short(span)
    return [
        each
        for each in tools.hears
        if each not in heard.said and (each == LOUDNESS or not short)
    ]


@asynccontextmanager
async def listening_to(
    tools: Tools, dossier: Dossier, spans: Sequence[Span]
) -> AsyncIterator["Listening"]:
    """Have a file heard, passage by passage, within this context.

    Args:
        tools: What there is.
        dossier: What is known of it.
        spans: All its passages, in the order of time.
    """
    async with AsyncExitStack() as stack:
        yield Listening(tools, dossier, spans, stack)


@asynccontextmanager
async def _spool(tools: Tools) -> AsyncIterator[str]:
    # A folder of its own: a child that is killed cannot tidy up after itself.
    place = await asyncio.to_thread(tempfile.mkdtemp, prefix=SPOOLED, dir=tools.spool)
    try:
        yield place
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


class Listening:
    """A file that is being heard: decoded for some passages ahead at a time."""

    def __init__(
        self,
        tools: Tools,
        dossier: Dossier,
        spans: Sequence[Span],
        stack: AsyncExitStack,
    ) -> None:
        self._tools: Final = tools
        self._dossier: Final = dossier
        self._spans: Final = spans
        self._stack: Final = stack
        self._place = ""
        self._heard: Final[dict[Span, Heard]] = {}

    async def sound(self, span: Span, heard: Heard) -> Heard:
        """Have a passage heard by those who have not heard it yet.

        Raises:
            DiskReadError: It cannot be read; its disk may be away.
            FileChangedError: It is not the file that was hashed.
            FileVanishedError: It is gone.
        """
        try:
            if not self._place:
                spool = _spool(self._tools)
                self._place = await self._stack.enter_async_context(spool)
            if span not in self._heard:
                await self._decode(await self._ahead(span, heard))
        except (OSError, SpoolError) as error:
            # No fault of the sound: it stays to be heard.
            log.warning("spool.failed", detail=str(error))
            return heard
        heard = self._heard.pop(span)
        if ESSENTIA in missing(self._tools, span, heard):
            heard = await self._measured(span, heard)
        if CLASSIFIERS in missing(self._tools, span, heard):
            heard = await self._classified(span, heard)
        return heard

    async def _ahead(self, span: Span, heard: Heard) -> dict[Span, Heard]:
        """Return a passage and those after it to be decoded with it."""
        found, length = {span: heard}, span.length
        for each in self._spans[self._spans.index(span) + 1 :][: AHEAD_MOST - 1]:
            length = Ticks(length + each.length)
            if length > AHEAD_LENGTH:
                break
            found[each] = await kept(self._tools, self._dossier, each)
        return found

    async def _decode(self, ahead: dict[Span, Heard]) -> None:
        """Decode some passages at once; one by one, if that ends badly."""
        self._heard.update(ahead)
        wanted = [
            Wanted(span, ears)
            for span, heard in ahead.items()
            if (ears := self._ears(span, heard)) != Ears()
        ]
        if not wanted:
            return
        try:
            await self._listen(wanted)
        except (DiskReadError, SpoolError):
            raise  # no fault of the sound
        except FileUnreadableError as error:
            if len(wanted) > 1:
                for each in wanted:
                    await self._decode({each.span: ahead[each.span]})
                return
            (alone,) = wanted
            if alone.ears.models is not None:
                self._failed(alone.span, MUSICNN, error)
                await self._decode({alone.span: self._heard[alone.span]})
                return
            for who in missing(self._tools, alone.span, self._heard[alone.span]):
                self._failed(alone.span, who, error)

    def _ears(self, span: Span, heard: Heard) -> Ears:
        """Return who is to hear the sound itself of a passage."""
        left = set(missing(self._tools, span, heard)) - heard.failures.keys()
        models = str(self._tools.config.models_folder) if MUSICNN in left else None
        wave = self._wave(span) if ESSENTIA in left else None
        return Ears(LOUDNESS in left, models, wave)

    def _wave(self, span: Span) -> str:
        return f"{self._place}/{span.start}.wav"

    async def _listen(self, wanted: Sequence[Wanted]) -> None:
        file = self._dossier.file
        signature = self._dossier[p01_filename.PHASE].signature
        limit = Seconds(len(wanted) * self._limit)
        spare = self._tools.compute.spare
        told = await spare(limit, passage_analysis.hear, file.path, signature, wanted)
        for each, found in zip(wanted, told, strict=True):
            for who, why in found.failures.items():
                self._failed(each.span, who, UnexpectedError(file.path, why))
            for who, what in found.said.items():
                await self._keep(each.span, who, what)

    async def _measured(self, span: Span, heard: Heard) -> Heard:
        """Have Essentia measure a passage that was decoded."""
        if ESSENTIA in heard.failures:
            return heard
        self._heard[span] = heard
        path, wave = self._dossier.file.path, self._wave(span)
        try:
            measured = await self._tools.compute.spare(
                self._limit, essentia.low_level, path, wave
            )
        except FileUnreadableError as error:
            self._failed(span, ESSENTIA, error)
        else:
            await self._keep(span, ESSENTIA, measured)
        await asyncio.to_thread(_remove, wave)
        return self._heard.pop(span)

    async def _classified(self, span: Span, heard: Heard) -> Heard:
        """Have a person's classifiers say what they make of what was measured."""
        self._heard[span] = heard
        path, models = self._dossier.file.path, str(self._tools.config.classifiers)
        try:
            if ESSENTIA not in heard.said:
                raise UnexpectedError(path, "nothing was measured")
            measured, place = heard.said[ESSENTIA], self._place
            told = await self._tools.compute.spare(
                self._limit, essentia.classified, path, measured, models, place
            )
        except FileUnreadableError as error:
            self._failed(span, CLASSIFIERS, error)
        else:
            await self._keep(span, CLASSIFIERS, told)
        return self._heard.pop(span)

    @property
    def _limit(self) -> Seconds:
        return Seconds(self._tools.config.compute.flavor_seconds)

    async def _keep(self, span: Span, who: str, what: bytes) -> None:
        said = Said(who, self._tools.hears[who], what)
        audio = self._dossier[p02_hash.PHASE].audio
        await self._tools.store.do(kept_said.keep, audio, span, said)
        heard = self._heard[span]
        self._heard[span] = replace(heard, said={**heard.said, who: what})

    def _failed(self, span: Span, who: str, error: FileUnreadableError) -> None:
        log.info("flavor.failed", source=who, code=error.code, detail=str(error))
        heard = self._heard[span]
        failures = {**heard.failures, who: error.detail}
        self._heard[span] = replace(heard, failures=failures)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
