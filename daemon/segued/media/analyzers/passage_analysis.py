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

from segued.dsp.mixdown import STEREO_CHANNELS, Mono, Stereo, sanitize_block, to_stereo
from segued.errors import SpoolError
from segued.media.analyzers.loudness import LoudnessMeter
from segued.media.analyzers.musicnn import Tagger
from segued.media.decoding.decode import open_source
from segued.media.decoding.resample import Resampler
from segued.media.decoding.sndfile import WaveWriter
from segued.media.decoding.source import AudioSource
from segued.model import Signature, Span
from segued.units import TICKS_PER_SECOND, Hertz, Ticks, ticks_to_frames

__all__ = ["AnalyzerSelection", "PassageOutput", "PassageRequest", "analyze_passages"]

ESSENTIA_RATE: Final = Hertz(44_100)
"""What Essentia's descriptors are defined at."""

TAGGER_RATE: Final = Hertz(16_000)

EXCERPT_MAX: Final = Ticks(10 * 60 * TICKS_PER_SECOND)
"""More than the middle ten minutes says no more, and takes no less."""


@dataclass(frozen=True, slots=True)
class AnalyzerSelection:
    """Who is to hear a passage.

    Attributes:
        loudness: Whether it is measured how loud it is.
        models_folder: Folder of the tagging models; None: they do not hear it.
        wav_path: WAV file to write the middle of it to, for Essentia; or None.
    """

    loudness: bool = False
    models_folder: str | None = None
    wav_path: str | None = None


@dataclass(frozen=True, slots=True)
class PassageOutput:
    """What those who heard a passage say of it.

    Attributes:
        outputs: JSON, by the name of who says it.
        failures: Why somebody says nothing.
    """

    outputs: dict[str, bytes]
    failures: dict[str, str]


@dataclass(frozen=True, slots=True)
class PassageRequest:
    """A passage, and who is to hear it."""

    span: Span
    analyzers: AnalyzerSelection


def analyze_passages(
    path: bytes, expected: Signature, requests: Sequence[PassageRequest]
) -> list[PassageOutput]:
    """Decode a file once, and return the analyzer output of each passage.

    Args:
        path: Absolute path.
        expected: The file's signature when it was found.
        requests: Passages in the order of time, none of which overlap.

    Raises:
        FileError: As `segued.media.decoding.decode.decoded` says.
        SpoolError: A WAV file could not be written.
    """
    with open_source(path, expected) as source, ExitStack() as stack:
        analyses = [
            stack.enter_context(closing(_PassageAnalysis(path, source, each)))
            for each in requests
        ]
        frames = range(analyses[0].frames.start, analyses[-1].frames.stop)
        channels = min(source.channels, STEREO_CHANNELS)
        for start, sound in _stereo_blocks(source, frames, channels):
            for listener in analyses:
                listener.add(start, sound)
        return [listener.result() for listener in analyses]


class _PassageAnalysis:
    """Those who hear one passage; they come when it begins, and go when it ends.

    Attributes:
        frames: The passage, in frames.
    """

    def __init__(
        self, path: bytes, source: AudioSource, request: PassageRequest
    ) -> None:
        self.frames: Final = _frame_range(request.span, source.rate)
        self._middle: Final = _frame_range(_middle_span(request.span), source.rate)
        self._path: Final = path
        self._rate: Final = source.rate
        self._channels: Final = min(source.channels, STEREO_CHANNELS)
        self._analyzers: Final = request.analyzers
        self._output: PassageOutput | None = None
        self._meter: LoudnessMeter | None = None
        self._tagger: _TaggerFeed | None = None
        self._essentia: _EssentiaFeed | None = None
        self._started = False

    def add(self, start: int, sound: Stereo) -> None:
        """Hear what is theirs of a stretch that begins at frame `start`."""
        if self._output is not None or start + len(sound) <= self.frames.start:
            return
        self._start()
        if self._meter is not None:
            self._meter.add(_slice_frames(sound, start, self.frames))
        for feed in (self._tagger, self._essentia):
            if feed is not None:
                feed.add(_slice_frames(sound, start, self._middle))
        if start + len(sound) >= self.frames.stop:
            self.result()

    def result(self) -> PassageOutput:
        """Return what they say, now that nothing more comes."""
        if self._output is None:
            self._start()
            no_sound = np.empty((0, self._channels), dtype=np.float32)
            for feed in (self._tagger, self._essentia):
                if feed is not None:
                    feed.add(no_sound, last=True)
            self._output = output = PassageOutput({}, {})
            if self._meter is not None:
                output.outputs["loudness"] = json.dumps(self._meter.result()).encode()
            if self._tagger is not None and not self._tagger.failure:
                output.outputs["musicnn"] = json.dumps(self._tagger.result()).encode()
            elif self._tagger is not None:
                output.failures["musicnn"] = self._tagger.failure
            self.close()
        return self._output

    def close(self) -> None:
        """Let them go."""
        if self._essentia is not None:
            self._essentia.close()
        self._meter = self._tagger = self._essentia = None

    def _start(self) -> None:
        if self._started:
            return
        self._started = True
        rate, analyzers = self._rate, self._analyzers
        if analyzers.loudness:
            self._meter = LoudnessMeter(rate, self._channels)
        if analyzers.models_folder is not None:
            self._tagger = _TaggerFeed(rate, analyzers.models_folder)
        if analyzers.wav_path is not None:
            self._essentia = _EssentiaFeed(
                self._path, analyzers.wav_path, rate, self._channels
            )


def _slice_frames(sound: Stereo, start: int, frames: range) -> Stereo:
    """Return what of a stretch that begins at frame `start` is wanted."""
    first, stop = max(0, frames.start - start), max(0, frames.stop - start)
    return np.ascontiguousarray(sound[first:stop])


def _middle_span(span: Span) -> Span:
    excess = max(0, span.length - EXCERPT_MAX)
    start = span.start + excess // 2
    return Span(Ticks(start), Ticks(start + span.length - excess))


def _frame_range(span: Span, rate: Hertz) -> range:
    return range(ticks_to_frames(span.start, rate), ticks_to_frames(span.end, rate))


def _stereo_blocks(
    source: AudioSource, frames: range, channels: int
) -> Iterator[tuple[int, Stereo]]:
    """Yield the sound of `frames`, each stretch with the frame that it begins at."""
    position = 0
    for raw in source.blocks():
        begin, end = max(0, frames.start - position), frames.stop - position
        start = position + begin
        position += raw.shape[1]
        if start < position:
            block, _ = sanitize_block(raw)
            yield start, to_stereo(block[:, begin:end], channels)
        if position >= frames.stop:
            break


class _TaggerFeed:
    """The tagging models; whatever is wrong with them is not the music's fault."""

    def __init__(self, rate: Hertz, models_folder: str) -> None:
        self.failure = ""
        self._resampler: Final = Resampler(rate, TAGGER_RATE, 1, "HQ")
        self._tagger: Tagger | None = None
        with self._catch_failure():
            self._tagger = Tagger(Path(models_folder))

    def add(self, sound: Stereo, *, last: bool = False) -> None:
        if self._tagger is None or self.failure:
            return
        mono: Mono = sound.mean(axis=1, dtype=np.float32)
        with self._catch_failure():
            self._tagger.feed(self._resampler.add(mono, last=last))

    def result(self) -> dict[str, dict[str, float]]:
        return self._tagger.result() if self._tagger is not None else {}

    @contextmanager
    def _catch_failure(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 whatever a broken model does
            self.failure = f"the tagging models cannot be used: {error}"


class _EssentiaFeed:
    def __init__(self, path: bytes, wav_path: str, rate: Hertz, channels: int) -> None:
        self._path: Final = path
        self._resampler: Final = Resampler(rate, ESSENTIA_RATE, channels, "HQ")
        try:
            self._writer: Final = WaveWriter(wav_path, ESSENTIA_RATE, channels)
        except OSError as error:
            raise self._spool_error(error) from error

    def add(self, sound: Stereo, *, last: bool = False) -> None:
        try:
            self._writer.write(self._resampler.add(sound, last=last))
        except OSError as error:
            raise self._spool_error(error) from error

    def close(self) -> None:
        self._writer.close()

    def _spool_error(self, error: OSError) -> SpoolError:
        reason = error.strerror or str(error)
        return SpoolError(self._path, f"temporary sound could not be written: {reason}")
