"""How a passage sounds, worked out here: by whoever is installed.

What each of them says is kept at once and for ever; so whoever is interrupted
goes on after the last one, and another rule is another look at what is kept.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import structlog

from segued.config import Config
from segued.errors import (
    DiskReadError,
    FileUnreadableError,
    SpoolError,
    UnexpectedError,
    WorkCrashedError,
    WorkMemoryError,
    WorkTimedOutError,
)
from segued.media import essentia, listening, loudness, musicnn
from segued.media.listening import Ears, Told
from segued.model import Signature, Span
from segued.phases import p01_filename, p02_hash
from segued.phases.contract import Dossier, Tools
from segued.phases.heard import CLASSIFIERS, ESSENTIA, LOUDNESS, MUSICNN, Heard
from segued.store import said as kept_said
from segued.store.said import Said
from segued.units import TICKS_PER_SECOND, Seconds, Ticks

__all__ = ["SPOOLED", "ears", "is_short", "kept", "missing", "sound"]


LENGTH_MIN: Final = Ticks(3 * TICKS_PER_SECOND)
"""What is shorter than this is measured as nonsense."""

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


async def sound(tools: Tools, dossier: Dossier, span: Span, heard: Heard) -> Heard:
    """Have a passage heard by those who have not heard it yet.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileVanishedError: It is gone.
    """
    hearing = _Hearing(tools, dossier, span, dict(heard.said), {})
    wanted = missing(tools, span, heard)
    try:
        async with _spool(tools) as place:
            if {LOUDNESS, ESSENTIA, MUSICNN} & set(wanted):
                await hearing.listen(wanted, f"{place}/passage.wav")
            if CLASSIFIERS in wanted:
                await hearing.classify(place)
    except OSError as error:
        # No fault of the sound: it stays to be heard.
        log.warning("spool.failed", detail=str(error))
    return replace(heard, said=hearing.said, failures=hearing.failures)


@asynccontextmanager
async def _spool(tools: Tools) -> AsyncIterator[str]:
    # A folder of its own: a child that is killed cannot tidy up after itself.
    place = await asyncio.to_thread(tempfile.mkdtemp, prefix=SPOOLED, dir=tools.spool)
    try:
        yield place
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Hearing:
    """A passage that is being heard."""

    tools: Tools
    dossier: Dossier
    span: Span
    said: dict[str, bytes]
    failures: dict[str, str]

    @property
    def _limit(self) -> Seconds:
        return Seconds(self.tools.config.compute.flavor_seconds)

    async def listen(self, wanted: list[str], wave: str) -> None:
        """Decode it for all of `wanted`, and have Essentia measure it."""
        path = self.dossier.file.path
        signature = self.dossier[p01_filename.PHASE].signature
        models = str(self.tools.config.models_folder) if MUSICNN in wanted else None
        essential = ESSENTIA in wanted
        ears = Ears(LOUDNESS in wanted, models, wave if essential else None)
        try:
            told = await self._heard(path, signature, ears)
        except DiskReadError:
            raise  # its disk may be away, which is no fault of the sound
        except SpoolError as error:
            log.warning("spool.failed", detail=str(error))
            return
        except FileUnreadableError as error:
            for each in {LOUDNESS, MUSICNN, ESSENTIA} & set(wanted):
                self._failed(each, error)
            return
        for who, why in told.failures.items():
            self._failed(who, UnexpectedError(path, why))
        for who, what in told.said.items():
            await self._keep(who, what)
        if essential:
            try:
                measured = await self.tools.compute.spare(
                    self._limit, essentia.low_level, path, wave
                )
            except FileUnreadableError as error:
                self._failed(ESSENTIA, error)
            else:
                await self._keep(ESSENTIA, measured)

    async def _heard(self, path: bytes, signature: Signature, ears: Ears) -> Told:
        """Have it heard; without the models, if it ends badly with them."""
        spare = self.tools.compute.spare
        try:
            return await spare(
                self._limit, listening.hear, path, signature, self.span, ears
            )
        except (WorkCrashedError, WorkTimedOutError, WorkMemoryError) as error:
            if ears.models is None:
                raise
            self._failed(MUSICNN, error)
        without = replace(ears, models=None)
        return await spare(
            self._limit, listening.hear, path, signature, self.span, without
        )

    async def classify(self, place: str) -> None:
        """Have a person's classifiers say what they make of what was measured."""
        measured = self.said.get(ESSENTIA)
        if measured is None:
            self.failures[CLASSIFIERS] = "nothing was measured"
            return
        models = str(self.tools.config.classifiers)
        path = self.dossier.file.path
        try:
            told = await self.tools.compute.spare(
                self._limit, essentia.classified, path, measured, models, place
            )
        except FileUnreadableError as error:
            self._failed(CLASSIFIERS, error)
        else:
            await self._keep(CLASSIFIERS, told)

    async def _keep(self, who: str, what: bytes) -> None:
        self.said[who] = what
        said = Said(who, self.tools.hears[who], what)
        audio = self.dossier[p02_hash.PHASE].audio
        await self.tools.store.do(kept_said.keep, audio, self.span, said)

    def _failed(self, who: str, error: FileUnreadableError) -> None:
        log.info("flavor.failed", source=who, code=error.code, detail=str(error))
        self.failures[who] = error.detail
