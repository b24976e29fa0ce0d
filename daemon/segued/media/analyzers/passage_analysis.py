"""Decode whole passages once and feed the selected analyzers.

They get at most the middle ten minutes of a passage.
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
from segued.media.analyzers.musicnn import Tagger
from segued.media.decoding.decode import open_source
from segued.media.decoding.resample import Resampler
from segued.media.decoding.source import AudioSource
from segued.model import Signature, Span
from segued.units import TICKS_PER_SECOND, Hertz, Ticks, ticks_to_frames

__all__ = [
    "AnalyzerSelection",
    "PassageOutput",
    "PassageRequest",
    "analyze_passages",
    "middle_span",
]

ESSENTIA_RATE: Final = Hertz(44_100)
"""The sample rate that Essentia's descriptors are defined for."""

TAGGER_RATE: Final = Hertz(16_000)

EXCERPT_MAX: Final = Ticks(10 * 60 * TICKS_PER_SECOND)
"""More than the middle ten minutes costs time and does not change the result."""


@dataclass(frozen=True, slots=True)
class AnalyzerSelection:
    """The analyzers to run on a passage.

    Attributes:
        models_folder: Folder of the tagging models; None to skip them.
        wav_path: WAV file to write its middle to, for all of Essentia's descriptors;
            None to skip that.
        descriptors: Whether to compute Essentia's few descriptors for a flavor; only in
            `segued.media.analyzers.quick_analysis`.
    """

    models_folder: str | None = None
    wav_path: str | None = None
    descriptors: bool = False


@dataclass(frozen=True, slots=True)
class PassageOutput:
    """The results of the analyzers for a passage.

    Attributes:
        outputs: JSON documents by name of the analyzer.
        failures: Reasons for missing results by name of the analyzer.
    """

    outputs: dict[str, bytes]
    failures: dict[str, str]


@dataclass(frozen=True, slots=True)
class PassageRequest:
    """A passage and the analyzers to run on it."""

    span: Span
    analyzers: AnalyzerSelection


def analyze_passages(
    path: bytes, expected: Signature, requests: Sequence[PassageRequest]
) -> list[PassageOutput]:
    """Decode a file once, and return the analyzer output of each passage.

    Args:
        path: Absolute path.
        expected: The file's signature when it was scanned.
        requests: Passages in order of time that do not overlap; at least one.

    Raises:
        FileError: As documented for `segued.media.decoding.decode.open_source`.
        SpoolError: A WAV file could not be written.
    """
    with open_source(path, expected) as source, ExitStack() as stack:
        analyses = [
            stack.enter_context(closing(_PassageAnalysis(path, source, request)))
            for request in requests
        ]
        frames = range(analyses[0].frames.start, analyses[-1].frames.stop)
        channels = min(source.channels, STEREO_CHANNELS)
        for start, samples in _stereo_blocks(source, frames, channels):
            for analysis in analyses:
                analysis.add(start, samples)
        return [analysis.result() for analysis in analyses]


class _PassageAnalysis:
    """The analyzers of one passage, created at its start and freed at its end.

    Attributes:
        frames: The part to analyze, as a range of frames in the file.
    """

    def __init__(
        self, path: bytes, source: AudioSource, request: PassageRequest
    ) -> None:
        self.frames: Final = _frame_range(middle_span(request.span), source.rate)
        self._path: Final = path
        self._rate: Final = source.rate
        self._channels: Final = min(source.channels, STEREO_CHANNELS)
        self._analyzers: Final = request.analyzers
        self._output: PassageOutput | None = None
        self._tagger: _TaggerFeed | None = None
        self._essentia: _EssentiaFeed | None = None
        self._started = False

    def add(self, start: int, samples: Stereo) -> None:
        """Feed the analyzers with their part of samples that begin at frame `start`."""
        if self._output is not None or start + len(samples) <= self.frames.start:
            return
        self._start()
        for feed in (self._tagger, self._essentia):
            if feed is not None:
                feed.add(_slice_frames(samples, start, self.frames))
        if start + len(samples) >= self.frames.stop:
            self.result()

    def result(self) -> PassageOutput:
        """Flush and free the analyzers, and return their results."""
        if self._output is None:
            self._start()
            no_samples = np.empty((0, self._channels), dtype=np.float32)
            for feed in (self._tagger, self._essentia):
                if feed is not None:
                    feed.add(no_samples, last=True)
            self._output = output = PassageOutput({}, {})
            if self._tagger is not None and not self._tagger.failure:
                output.outputs["musicnn"] = json.dumps(self._tagger.result()).encode()
            elif self._tagger is not None:
                output.failures["musicnn"] = self._tagger.failure
            self.close()
        return self._output

    def close(self) -> None:
        """Free the analyzers, and close the WAV file."""
        if self._essentia is not None:
            self._essentia.close()
        self._tagger = self._essentia = None

    def _start(self) -> None:
        if self._started:
            return
        self._started = True
        rate, analyzers = self._rate, self._analyzers
        if analyzers.models_folder is not None:
            self._tagger = _TaggerFeed(rate, analyzers.models_folder)
        if analyzers.wav_path is not None:
            self._essentia = _EssentiaFeed(
                self._path, analyzers.wav_path, rate, self._channels
            )


def _slice_frames(samples: Stereo, start: int, frames: range) -> Stereo:
    """Return the part in `frames` of samples that begin at frame `start`."""
    first, stop = max(0, frames.start - start), max(0, frames.stop - start)
    return np.ascontiguousarray(samples[first:stop])


def middle_span(span: Span) -> Span:
    """Return the middle of a passage, at most `EXCERPT_MAX` long."""
    excess = max(0, span.length - EXCERPT_MAX)
    start = span.start + excess // 2
    return Span(Ticks(start), Ticks(start + span.length - excess))


def _frame_range(span: Span, rate: Hertz) -> range:
    return range(ticks_to_frames(span.start, rate), ticks_to_frames(span.end, rate))


def _stereo_blocks(
    source: AudioSource, frames: range, channels: int
) -> Iterator[tuple[int, Stereo]]:
    """Yield blocks of the samples in `frames`, each with its first frame's number."""
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
    """Feeds the tagging models; their failures do not fail the passage."""

    def __init__(self, rate: Hertz, models_folder: str) -> None:
        self.failure = ""
        self._resampler: Final = Resampler(rate, TAGGER_RATE, 1, "HQ")
        self._tagger: Tagger | None = None
        with self._catch_failure():
            self._tagger = Tagger(Path(models_folder))

    def add(self, samples: Stereo, *, last: bool = False) -> None:
        if self._tagger is None or self.failure:
            return
        mono: Mono = samples.mean(axis=1, dtype=np.float32)
        with self._catch_failure():
            self._tagger.feed(self._resampler.add(mono, last=last))

    def result(self) -> dict[str, dict[str, float]]:
        return self._tagger.result() if self._tagger is not None else {}

    @contextmanager
    def _catch_failure(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a broken model can raise anything
            self.failure = f"the tagging models cannot be used: {error}"


class _EssentiaFeed:
    """Writes the WAV file for Essentia."""

    def __init__(self, path: bytes, wav_path: str, rate: Hertz, channels: int) -> None:
        # As in `segued.media.decoding.decode`: the main process needs none.
        from segued.media.decoding.sndfile import WaveWriter  # noqa: PLC0415

        self._path: Final = path
        self._resampler: Final = Resampler(rate, ESSENTIA_RATE, channels, "HQ")
        try:
            self._writer: Final = WaveWriter(wav_path, ESSENTIA_RATE, channels)
        except OSError as error:
            raise self._spool_error(error) from error

    def add(self, samples: Stereo, *, last: bool = False) -> None:
        try:
            self._writer.write(self._resampler.add(samples, last=last))
        except OSError as error:
            raise self._spool_error(error) from error

    def close(self) -> None:
        self._writer.close()

    def _spool_error(self, error: OSError) -> SpoolError:
        reason = error.strerror or str(error)
        return SpoolError(self._path, f"temporary audio cannot be written: {reason}")
