"""Decode a file once: its length, levels, loudness, passages and fingerprints."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from segued.dsp.level_curve import LevelCurveBuilder
from segued.dsp.loudness import LoudnessCurve, LoudnessCurveBuilder
from segued.dsp.segment import Hints, Rules, may_have_several_songs, segment
from segued.dsp.spectrum_curve import SpectrumCurveBuilder
from segued.media.decoding.decode import decode_warnings, open_source, sample_blocks
from segued.media.decoding.source import AudioSource
from segued.media.fingerprint import (
    FINGERPRINT_SAMPLES,
    fingerprint_file,
    fingerprint_resampler,
    fingerprint_span,
    fpcalc_sample_count,
    samples_needed,
)
from segued.media.fingerprint_buffer import FingerprintBuffer, as_int16
from segued.model import (
    AudioFacts,
    FileWarning,
    Fingerprint,
    LevelCurve,
    PassageMark,
    Signature,
    Span,
    SpectrumCurve,
)
from segued.units import (
    TICKS_PER_SECOND,
    Frames,
    Hertz,
    Ticks,
    frames_to_ticks,
)

__all__ = [
    "SIDE_MIN",
    "VERSION",
    "Analysis",
    "AnalysisPlan",
    "analyze_file",
    "fingerprints_of",
    "loudness_curve_of",
]

VERSION: Final = 1
"""Increased whenever the results of earlier code must not be used any more."""

SIDE_MIN: Final = Ticks(5 * 60 * TICKS_PER_SECOND)
"""A file shorter than 5 minutes is one song: its spectrum curve is not stored."""


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """The rules and evidence by which a file is divided into passages.

    Attributes:
        rules: Thresholds of segmentation.
        hints: Evidence for a single track that needs no decoding.
        marks: The passages named by a CUE sheet or chapter list.
        spool: Folder for samples that do not fit into memory.
        loudness: Whether to measure loudness.
    """

    rules: Rules
    hints: Hints
    marks: tuple[PassageMark, ...]
    spool: str
    loudness: bool = False


@dataclass(frozen=True, slots=True)
class Analysis:
    """The results of decoding a file once.

    Attributes:
        facts: Properties of the decoded audio.
        curve: The level curve of the whole file.
        spans: Its passages; empty when there is too little sound.
        fingerprints: One for each span, in their order.
        warnings: Defects of the file.
        loudness: The loudness curve of the whole file; None if it is not wanted.
        spectrum: Its spectrum curve; None if the file is too short to be a side.
    """

    facts: AudioFacts
    curve: LevelCurve
    spans: tuple[Span, ...]
    fingerprints: tuple[Fingerprint, ...]
    warnings: tuple[FileWarning, ...]
    loudness: LoudnessCurve | None = None
    spectrum: SpectrumCurve | None = None


def analyze_file(path: bytes, expected: Signature, plan: AnalysisPlan) -> Analysis:
    """Decode a file, normally once, and return its level curve, passages and prints.

    Memory does not grow with the file's length, except for the curves and up to
    16 MiB of samples to fingerprint.

    Args:
        path: Absolute path.
        expected: The file's signature when it was scanned.
        plan: Rules and evidence for segmentation.

    Raises:
        FileError: As documented for `segued.media.decoding.decode.open_source`.
    """
    with open_source(path, expected) as source:
        whole_file = may_have_several_songs(
            plan.hints, plan.marks, _estimated_length(source)
        )
        with FingerprintBuffer(
            source.rate, plan.spool, whole_file=whole_file
        ) as buffer:
            meter = None
            if plan.loudness:
                meter = LoudnessCurveBuilder(source.rate, source.loudness_weights)
            spectra = None
            if _is_declared_side(source):
                spectra = SpectrumCurveBuilder(source.rate)
            curve, peak = _measure(source, buffer, meter, spectra)
            spans = segment(curve, plan.rules, plan.hints, plan.marks)
            whole = Span(Ticks(0), frames_to_ticks(curve.frames, curve.rate))
            fingerprints = buffer.fingerprints(spans, whole)
            warnings = decode_warnings(source, curve.frames)
            facts = AudioFacts(
                frames=curve.frames,
                rate=source.rate,
                channels=source.channels,
                peak=peak,
                codec=source.codec,
                decoder=source.decoder,
            )
    if fingerprints is None:
        # The header declared the length of one song, or the spool is full.
        fingerprints = fingerprints_of(path, expected, spans, whole)
    loudness = meter.finish() if meter is not None else None
    spectrum = None
    if whole.length >= SIDE_MIN:
        # Decoded again if the header declared the length of a song.
        spectrum = spectra.finish() if spectra else _spectrum_curve_of(path, expected)
    return Analysis(facts, curve, spans, fingerprints, warnings, loudness, spectrum)


def loudness_curve_of(path: bytes, expected: Signature) -> LoudnessCurve:
    """Decode a file for its loudness, which no earlier decode measured.

    Raises:
        FileError: As documented for `segued.media.decoding.decode.open_source`.
    """
    with open_source(path, expected) as source:
        meter = LoudnessCurveBuilder(source.rate, source.loudness_weights)
        for part in sample_blocks(source):
            meter.add(part.samples)
        return meter.finish()


def _spectrum_curve_of(path: bytes, expected: Signature) -> SpectrumCurve:
    with open_source(path, expected) as source:
        spectra = SpectrumCurveBuilder(source.rate)
        for part in sample_blocks(source):
            spectra.add(part.downmix)
        return spectra.finish()


def fingerprints_of(
    path: bytes, expected: Signature, spans: tuple[Span, ...], whole: Span
) -> tuple[Fingerprint, ...]:
    """Decode a file again for the fingerprints of some spans.

    Used when passages change after the file was analyzed. Stops decoding at the end
    of the last samples needed.

    Args:
        path: Absolute path.
        expected: The file's signature when it was analyzed.
        spans: The spans to fingerprint, in any order.
        whole: The whole file, as decoded; a span equal to it gets the fingerprint
            that `fpcalc` computes.

    Returns:
        One fingerprint for each span, in their order.

    Raises:
        FileError: As documented for `segued.media.decoding.decode.open_source`.
    """
    all_pending = [_PendingFingerprint(span, whole) for span in spans]
    waiting = deque(sorted(all_pending, key=lambda pending: pending.first))
    started: list[_PendingFingerprint] = []
    with open_source(path, expected) as source:
        resampler = fingerprint_resampler(source.rate)
        frames = position = 0
        for part in sample_blocks(source):
            frames += len(part.downmix)
            samples = as_int16(resampler.add(part.downmix))
            position = _distribute(samples, position, waiting, started)
            for pending in [each for each in started if each.stop <= position]:
                pending.finish(frames, source.rate)
                started.remove(pending)
            if not (waiting or started):
                break
        else:
            rest = as_int16(resampler.add(np.empty(0, np.float32), last=True))
            _distribute(rest, position, waiting, started)
            for pending in (*started, *waiting):
                pending.finish(frames, source.rate)
    return tuple(pending.fingerprint for pending in all_pending)


def _estimated_length(source: AudioSource) -> Ticks | None:
    if source.estimated_frames is None:
        return None
    return frames_to_ticks(source.estimated_frames, source.rate)


def _is_declared_side(source: AudioSource) -> bool:
    """Return whether a file is as long as a side, by what is known before decoding.

    Spectra of songs would only be dropped, and cost as much as their level curve.
    """
    estimate = _estimated_length(source)
    return estimate is None or estimate >= SIDE_MIN


def _measure(
    source: AudioSource,
    buffer: FingerprintBuffer,
    meter: LoudnessCurveBuilder | None,
    spectra: SpectrumCurveBuilder | None,
) -> tuple[LevelCurve, float]:
    """Decode the whole file into a level curve, `buffer`, `meter` and `spectra`.

    Returns:
        The level curve, and the highest sample.
    """
    builder, highest = LevelCurveBuilder(source.rate), 0.0
    for part in sample_blocks(source):
        builder.add(part.samples)
        if meter is not None:
            meter.add(part.samples)
        buffer.add(part.downmix)
        if spectra is not None:
            spectra.add(part.downmix)
        highest = max(highest, part.peak)
    buffer.finish()
    return builder.finish(), highest


def _distribute(
    samples: bytes,
    position: int,
    waiting: "deque[_PendingFingerprint]",
    started: "list[_PendingFingerprint]",
) -> int:
    """Add int16 samples from `position` on to the fingerprints; return their end."""
    end = position + len(samples) // 2
    while waiting and waiting[0].first < end:
        started.append(waiting.popleft())
    for pending in started:
        pending.add(samples, position)
    return end


class _PendingFingerprint:
    """The samples that the fingerprint of one span needs, collected while decoding."""

    def __init__(self, span: Span, whole: Span) -> None:
        self._span = span
        self._whole = span == whole
        self.first, self.stop = (
            (0, FINGERPRINT_SAMPLES) if self._whole else samples_needed(span)
        )
        self._samples = bytearray()
        self.fingerprint = Fingerprint(span, missing_reason="too short")

    def add(self, samples: bytes, position: int) -> None:
        """Store the span's part of int16 samples that begin at `position`."""
        start, end = max(0, self.first - position), self.stop - position
        if end > 0:
            self._samples += samples[2 * start : 2 * end]

    def finish(self, frames: int, rate: Hertz) -> None:
        """Compute the fingerprint after `frames` frames; free the samples."""
        if self._whole:
            count = fpcalc_sample_count(Frames(frames), rate)
            self.fingerprint = fingerprint_file(self._span, count, self._read)
        else:
            self.fingerprint = fingerprint_span(self._span, self._read)
        self._samples = bytearray()

    def _read(self, first: int, stop: int) -> bytes:
        return bytes(self._samples[2 * (first - self.first) : 2 * (stop - self.first)])
