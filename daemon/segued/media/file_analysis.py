"""What listening to a file once shows: length, level, passages, fingerprints."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from segued.dsp.level_curve import LevelCurveBuilder
from segued.dsp.segment import Hints, Rules, may_have_several_songs, segment
from segued.media.decoding.decode import decode_warnings, mono_blocks, open_source
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
)
from segued.units import Frames, Hertz, Ticks, frames_to_ticks

__all__ = ["VERSION", "Analysis", "AnalysisPlan", "analyze_file", "fingerprints_of"]

VERSION: Final = 1
"""Raised whenever the same file would now be heard otherwise."""


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """What is to be worked out of a file's sound, and by which rules.

    Attributes:
        rules: Thresholds of segmentation.
        hints: What speaks for a single track without listening.
        marks: The passages a CUE sheet or chapter list names.
        spool: Folder for sound that does not fit into memory.
    """

    rules: Rules
    hints: Hints
    marks: tuple[PassageMark, ...]
    spool: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one decode of a file showed.

    Attributes:
        spans: Its passages; empty when there is too little sound.
        fingerprints: One for each span, in their order.
        warnings: What was wrong with it.
    """

    facts: AudioFacts
    curve: LevelCurve
    spans: tuple[Span, ...]
    fingerprints: tuple[Fingerprint, ...]
    warnings: tuple[FileWarning, ...]


def analyze_file(path: bytes, expected: Signature, plan: AnalysisPlan) -> Analysis:
    """Decode a file, once, and return all that follows from its sound.

    Memory does not grow with the file's length, but for the level curve and
    up to 16 MiB of the sound that fingerprints may be wanted of.

    Args:
        path: Absolute path.
        expected: The file's signature when it was found.
        plan: What to work out, and how.

    Raises:
        FileError: As `segued.media.decoding.decode.decoded` says.
    """
    with open_source(path, expected) as source:
        whole_file = may_have_several_songs(
            plan.hints, plan.marks, _estimated_length(source)
        )
        with FingerprintBuffer(
            source.rate, plan.spool, whole_file=whole_file
        ) as buffer:
            curve, peak = _measure(source, buffer)
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
        # The header's length had promised one song, or the spool is full.
        fingerprints = fingerprints_of(path, expected, spans, whole)
    return Analysis(facts, curve, spans, fingerprints, warnings)


def fingerprints_of(
    path: bytes, expected: Signature, spans: tuple[Span, ...], whole: Span
) -> tuple[Fingerprint, ...]:
    """Decode a file again for the fingerprints of some spans.

    For when passages change after the file was analysed. Reads no further
    than the last of them needs.

    Args:
        path: Absolute path.
        expected: The file's signature when it was analysed.
        spans: Of what to take fingerprints, in any order.
        whole: The whole file, as it was decoded; a span equal to it gets the
            print that `fpcalc` makes.

    Returns:
        One print for each span, in their order.

    Raises:
        FileError: As `segued.media.decoding.decode.decoded` says.
    """
    takes = [_PendingFingerprint(span, whole) for span in spans]
    waiting = deque(sorted(takes, key=lambda take: take.first))
    open_takes: list[_PendingFingerprint] = []
    with open_source(path, expected) as source:
        resampler = fingerprint_resampler(source.rate)
        frames = position = 0
        for part in mono_blocks(source):
            frames += len(part.downmix)
            sound = as_int16(resampler.add(part.downmix))
            position = _distribute(sound, position, waiting, open_takes)
            for take in [take for take in open_takes if take.stop <= position]:
                take.finish(frames, source.rate)
                open_takes.remove(take)
            if not (waiting or open_takes):
                break
        else:
            rest = as_int16(resampler.add(np.empty(0, np.float32), last=True))
            _distribute(rest, position, waiting, open_takes)
            for take in (*open_takes, *waiting):
                take.finish(frames, source.rate)
    return tuple(take.fingerprint for take in takes)


def _estimated_length(source: AudioSource) -> Ticks | None:
    if source.estimated_frames is None:
        return None
    return frames_to_ticks(source.estimated_frames, source.rate)


def _measure(
    source: AudioSource, buffer: FingerprintBuffer
) -> tuple[LevelCurve, float]:
    """Let the sound pass by the level curve and the tape; return curve and peak."""
    builder, highest = LevelCurveBuilder(source.rate), 0.0
    for part in mono_blocks(source):
        builder.add(part.mono)
        buffer.add(part.downmix)
        highest = max(highest, part.peak)
    buffer.finish()
    return builder.curve(), highest


def _distribute(
    sound: bytes,
    position: int,
    waiting: "deque[_PendingFingerprint]",
    open_takes: "list[_PendingFingerprint]",
) -> int:
    """Give samples from `position` on to the takes they are of; return their end."""
    end = position + len(sound) // 2
    while waiting and waiting[0].first < end:
        open_takes.append(waiting.popleft())
    for take in open_takes:
        take.add(sound, position)
    return end


class _PendingFingerprint:
    """The sound of one span, as far as its fingerprint needs it."""

    def __init__(self, span: Span, whole: Span) -> None:
        self._span = span
        self._whole = span == whole
        self.first, self.stop = (
            (0, FINGERPRINT_SAMPLES) if self._whole else samples_needed(span)
        )
        self._sound = bytearray()
        self.fingerprint = Fingerprint(span, reason="too short")

    def add(self, sound: bytes, position: int) -> None:
        """Keep what is the span's of samples that begin at `position`."""
        start, end = max(0, self.first - position), self.stop - position
        if end > 0:
            self._sound += sound[2 * start : 2 * end]

    def finish(self, frames: int, rate: Hertz) -> None:
        """Take the print, after `frames` frames of the file, and let go."""
        if self._whole:
            samples = fpcalc_sample_count(Frames(frames), rate)
            self.fingerprint = fingerprint_file(self._span, samples, self._read)
        else:
            self.fingerprint = fingerprint_span(self._span, self._read)
        self._sound = bytearray()

    def _read(self, first: int, stop: int) -> bytes:
        return bytes(self._sound[2 * (first - self.first) : 2 * (stop - self.first)])
