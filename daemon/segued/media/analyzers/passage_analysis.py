"""A passage decoded once, for all who want to hear it.

How loud it is, over its whole length; what the tagging models say and what
Essentia is to measure, over its middle.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from segued.dsp.mixdown import STEREO_CHANNELS, Mono, Stereo, sane, stereo_of
from segued.errors import SpoolError
from segued.media.analyzers.loudness import Loudness
from segued.media.analyzers.musicnn import Tagger
from segued.media.decoding.decode import decoded
from segued.media.decoding.resample import Resampler
from segued.media.decoding.sndfile import WaveWriter
from segued.media.decoding.source import Source
from segued.model import Signature, Span
from segued.units import TICKS_PER_SECOND, Hertz, Ticks, ticks_to_frames

__all__ = ["Ears", "Told", "Wanted", "hear"]

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


@dataclass(frozen=True, slots=True)
class Told:
    """What those who heard a passage say of it.

    Attributes:
        said: JSON, by the name of who says it.
        failures: Why somebody says nothing.
    """

    said: dict[str, bytes]
    failures: dict[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A passage, and who is to hear it."""

    span: Span
    ears: Ears


def hear(path: bytes, expected: Signature, wanted: Sequence[Wanted]) -> list[Told]:
    """Decode a file once, and return what is said of each passage of `wanted`.

    Args:
        path: Absolute path.
        expected: The file's signature when it was found.
        wanted: Passages in the order of time, none of which overlap.

    Raises:
        FileError: As `segued.media.decoding.decode.decoded` says.
        SpoolError: A WAV file could not be written.
    """
    with decoded(path, expected) as source, ExitStack() as stack:
        listeners = [
            stack.enter_context(closing(_Listener(path, source, each)))
            for each in wanted
        ]
        every = range(listeners[0].whole.start, listeners[-1].whole.stop)
        channels = min(source.channels, STEREO_CHANNELS)
        for start, sound in _heard(source, every, channels):
            for listener in listeners:
                listener.add(start, sound)
        return [listener.told() for listener in listeners]


class _Listener:
    """Those who hear one passage; they come when it begins, and go when it ends.

    Attributes:
        whole: The passage, in frames.
    """

    def __init__(self, path: bytes, source: Source, wanted: Wanted) -> None:
        self.whole: Final = _frames(wanted.span, source.rate)
        self._some: Final = _frames(_middle(wanted.span), source.rate)
        self._path: Final = path
        self._rate: Final = source.rate
        self._channels: Final = min(source.channels, STEREO_CHANNELS)
        self._ears: Final = wanted.ears
        self._told: Told | None = None
        self._meter: Loudness | None = None
        self._tagger: _ForTagger | None = None
        self._wave: _ForEssentia | None = None
        self._began = False

    def add(self, start: int, sound: Stereo) -> None:
        """Hear what is theirs of a stretch that begins at frame `start`."""
        if self._told is not None or start + len(sound) <= self.whole.start:
            return
        self._begin()
        if self._meter is not None:
            self._meter.add(_part(sound, start, self.whole))
        for ear in (self._tagger, self._wave):
            if ear is not None:
                ear.add(_part(sound, start, self._some))
        if start + len(sound) >= self.whole.stop:
            self.told()

    def told(self) -> Told:
        """Return what they say, now that nothing more comes."""
        if self._told is None:
            self._begin()
            nothing = np.empty((0, self._channels), dtype=np.float32)
            for ear in (self._tagger, self._wave):
                if ear is not None:
                    ear.add(nothing, last=True)
            self._told = told = Told({}, {})
            if self._meter is not None:
                told.said["loudness"] = json.dumps(self._meter.told()).encode()
            if self._tagger is not None and not self._tagger.failure:
                told.said["musicnn"] = json.dumps(self._tagger.told()).encode()
            elif self._tagger is not None:
                told.failures["musicnn"] = self._tagger.failure
            self.close()
        return self._told

    def close(self) -> None:
        """Let them go."""
        if self._wave is not None:
            self._wave.close()
        self._meter = self._tagger = self._wave = None

    def _begin(self) -> None:
        if self._began:
            return
        self._began = True
        rate, ears = self._rate, self._ears
        if ears.loudness:
            self._meter = Loudness(rate, self._channels)
        if ears.models is not None:
            self._tagger = _ForTagger(rate, ears.models)
        if ears.wave is not None:
            self._wave = _ForEssentia(self._path, ears.wave, rate, self._channels)


def _part(sound: Stereo, start: int, wanted: range) -> Stereo:
    """Return what of a stretch that begins at frame `start` is wanted."""
    first, stop = max(0, wanted.start - start), max(0, wanted.stop - start)
    return np.ascontiguousarray(sound[first:stop])


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
