"""A passage decoded once, for all who want to hear it.

How loud it is, over its whole length; what the tagging models say and what
Essentia is to measure, over its middle.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from segued.dsp.mixdown import STEREO_CHANNELS, Mono, Stereo, sane, stereo_of
from segued.errors import SpoolError
from segued.media.decode import decoded
from segued.media.loudness import Loudness
from segued.media.musicnn import Tagger
from segued.media.pcm import Source
from segued.media.resample import Resampler
from segued.media.sndfile import WaveWriter
from segued.model import Signature, Span
from segued.units import TICKS_PER_SECOND, Hertz, Ticks, ticks_to_frames

__all__ = ["Ears", "Told", "hear"]

ESSENTIA_RATE: Final = Hertz(44_100)
"""What Essentia's descriptors are defined at."""

TAGGER_RATE: Final = Hertz(16_000)

EXCERPT_MAX: Final = Ticks(10 * 60 * TICKS_PER_SECOND)
"""More than the middle ten minutes says no more, and takes no less."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is to hear a passage.

    Attributes:
        loudness: Whether it is measured how loud it is.
        models: Folder of the tagging models; None: they do not hear it.
        wave: WAV file to write the middle of it to, for Essentia; or None.
    """

    loudness: bool = False
    models: str | None = None
    wave: str | None = None


class _Ear(Protocol):
    """Somebody who hears, a block at a time."""

    def add(self, sound: Stereo, *, last: bool = False) -> None:
        """Hear the next stretch, shape (frames, channels)."""


@dataclass(frozen=True, slots=True)
class Told:
    """What those who heard a passage say of it.

    Attributes:
        said: JSON, by the name of who says it.
        failures: Why somebody says nothing.
    """

    said: dict[str, bytes]
    failures: dict[str, str]


def hear(path: bytes, expected: Signature, span: Span, ears: Ears) -> Told:
    """Decode a passage, and return what each of `ears` says of it.

    Raises:
        FileError: As `segued.media.decode.decoded` says.
        SpoolError: The WAV file could not be written.
    """
    with decoded(path, expected) as source, ExitStack() as stack:
        channels = min(source.channels, STEREO_CHANNELS)
        meter = Loudness(source.rate, channels) if ears.loudness else None
        tagger = _ForTagger(source.rate, ears.models) if ears.models else None
        middle: list[_Ear] = [tagger] if tagger is not None else []
        if ears.wave is not None:
            wave = _ForEssentia(path, ears.wave, source.rate, channels)
            middle.append(stack.enter_context(closing(wave)))
        whole, some = _frames(span, source.rate), _frames(_middle(span), source.rate)
        for start, sound in _heard(source, whole, channels):
            if meter is not None:
                meter.add(sound)
            first, stop = max(0, some.start - start), max(0, some.stop - start)
            for ear in middle:
                ear.add(sound[first:stop])
        for ear in middle:
            ear.add(np.empty((0, channels), dtype=np.float32), last=True)
    told = Told({}, {})
    if meter is not None:
        told.said["loudness"] = json.dumps(meter.told()).encode()
    if tagger is not None and not tagger.failure:
        told.said["musicnn"] = json.dumps(tagger.told()).encode()
    elif tagger is not None:
        told.failures["musicnn"] = tagger.failure
    return told


def _middle(span: Span) -> Span:
    spare = max(0, span.length - EXCERPT_MAX)
    start = span.start + spare // 2
    return Span(Ticks(start), Ticks(start + span.length - spare))


def _frames(span: Span, rate: Hertz) -> range:
    return range(ticks_to_frames(span.start, rate), ticks_to_frames(span.end, rate))


def _heard(
    source: Source, wanted: range, channels: int
) -> Iterator[tuple[int, Stereo]]:
    """Yield the sound of `wanted`, each stretch with the frame that it begins at."""
    position = 0
    for raw in source.blocks():
        begin, end = max(0, wanted.start - position), wanted.stop - position
        start = position + begin
        position += raw.shape[1]
        if start < position:
            block, _ = sane(raw)
            yield start, stereo_of(block[:, begin:end], channels)
        if position >= wanted.stop:
            break


class _ForTagger:
    """The tagging models; whatever is wrong with them is not the music's fault."""

    def __init__(self, rate: Hertz, models: str) -> None:
        self.failure = ""
        self._resampler: Final = Resampler(rate, TAGGER_RATE, 1, "HQ")
        self._tagger: Tagger | None = None
        with self._blamed():
            self._tagger = Tagger(Path(models))

    def add(self, sound: Stereo, *, last: bool = False) -> None:
        if self._tagger is None or self.failure:
            return
        mono: Mono = sound.mean(axis=1, dtype=np.float32)
        with self._blamed():
            self._tagger.hear(self._resampler.add(mono, last=last))

    def told(self) -> dict[str, dict[str, float]]:
        return self._tagger.told() if self._tagger is not None else {}

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 whatever a broken model does
            self.failure = f"the tagging models cannot be used: {error}"


class _ForEssentia:
    def __init__(self, path: bytes, wave: str, rate: Hertz, channels: int) -> None:
        self._path: Final = path
        self._resampler: Final = Resampler(rate, ESSENTIA_RATE, channels, "HQ")
        try:
            self._writer: Final = WaveWriter(wave, ESSENTIA_RATE, channels)
        except OSError as error:
            raise self._no_room(error) from error

    def add(self, sound: Stereo, *, last: bool = False) -> None:
        try:
            self._writer.write(self._resampler.add(sound, last=last))
        except OSError as error:
            raise self._no_room(error) from error

    def close(self) -> None:
        self._writer.close()

    def _no_room(self, error: OSError) -> SpoolError:
        reason = error.strerror or str(error)
        return SpoolError(self._path, f"temporary sound could not be written: {reason}")
