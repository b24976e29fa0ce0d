"""What listening to a file once shows: length, level, passages, fingerprints."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from segued.dsp.level_curve import Envelope
from segued.dsp.segment import Hints, Rules, may_hold_several, segment
from segued.media.decoding.decode import decoded, heard, warnings_of
from segued.media.decoding.source import Source
from segued.media.fingerprint import (
    PRINT_SAMPLES,
    print_of_cut,
    print_of_whole,
    reach_of_cut,
    resampler_for_prints,
    samples_by_fpcalc,
)
from segued.media.fingerprint_buffer import Tape, as_int16
from segued.model import AudioFacts, LevelCurve, Mark, Print, Signature, Span, Warned
from segued.units import Frames, Hertz, Ticks, frames_to_ticks

__all__ = ["VERSION", "Analysis", "Plan", "analyse", "prints_of"]

VERSION: Final = 1
"""Raised whenever the same file would now be heard otherwise."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be worked out of a file's sound, and by which rules.

    Attributes:
        rules: Thresholds of segmentation.
        hints: What speaks for a single track without listening.
        marks: The passages a CUE sheet or chapter list names.
        spool: Folder for sound that does not fit into memory.
    """

    rules: Rules
    hints: Hints
    marks: tuple[Mark, ...]
    spool: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one decode of a file showed.

    Attributes:
        spans: Its passages; empty when there is too little sound.
        prints: One for each span, in their order.
        warnings: What was wrong with it.
    """

    facts: AudioFacts
    curve: LevelCurve
    spans: tuple[Span, ...]
    prints: tuple[Print, ...]
    warnings: tuple[Warned, ...]


def analyse(path: bytes, expected: Signature, plan: Plan) -> Analysis:
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
    with decoded(path, expected) as source:
        several = may_hold_several(plan.hints, plan.marks, _length(source))
        with Tape(source.rate, plan.spool, everything=several) as tape:
            curve, peak = _listened(source, tape)
            spans = segment(curve, plan.rules, plan.hints, plan.marks)
            whole = Span(Ticks(0), frames_to_ticks(curve.frames, curve.rate))
            prints = tape.prints(spans, whole)
            warnings = warnings_of(source, curve.frames)
            facts = AudioFacts(
                frames=curve.frames,
                rate=source.rate,
                channels=source.channels,
                peak=peak,
                codec=source.codec,
                decoder=source.decoder,
            )
    if prints is None:
        # The header's length had promised one song, or the spool is full.
        prints = prints_of(path, expected, spans, whole)
    return Analysis(facts, curve, spans, prints, warnings)


def prints_of(
    path: bytes, expected: Signature, spans: tuple[Span, ...], whole: Span
) -> tuple[Print, ...]:
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
    takes = [_Take(span, whole) for span in spans]
    waiting = deque(sorted(takes, key=lambda take: take.first))
    open_takes: list[_Take] = []
    with decoded(path, expected) as source:
        resampler = resampler_for_prints(source.rate)
        frames = position = 0
        for part in heard(source):
            frames += len(part.downmix)
            sound = as_int16(resampler.add(part.downmix))
            position = _dealt(sound, position, waiting, open_takes)
            for take in [take for take in open_takes if take.stop <= position]:
                take.finish(frames, source.rate)
                open_takes.remove(take)
            if not (waiting or open_takes):
                break
        else:
            rest = as_int16(resampler.add(np.empty(0, np.float32), last=True))
            _dealt(rest, position, waiting, open_takes)
            for take in (*open_takes, *waiting):
                take.finish(frames, source.rate)
    return tuple(take.print for take in takes)


def _length(source: Source) -> Ticks | None:
    if source.guessed is None:
        return None
    return frames_to_ticks(source.guessed, source.rate)


def _listened(source: Source, tape: Tape) -> tuple[LevelCurve, float]:
    """Let the sound pass by the level curve and the tape; return curve and peak."""
    envelope, highest = Envelope(source.rate), 0.0
    for part in heard(source):
        envelope.add(part.mono)
        tape.add(part.downmix)
        highest = max(highest, part.peak)
    tape.end()
    return envelope.curve(), highest


def _dealt(
    sound: bytes, position: int, waiting: "deque[_Take]", open_takes: "list[_Take]"
) -> int:
    """Give samples from `position` on to the takes they are of; return their end."""
    end = position + len(sound) // 2
    while waiting and waiting[0].first < end:
        open_takes.append(waiting.popleft())
    for take in open_takes:
        take.add(sound, position)
    return end


class _Take:
    """The sound of one span, as far as its fingerprint needs it."""

    def __init__(self, span: Span, whole: Span) -> None:
        self._span = span
        self._whole = span == whole
        self.first, self.stop = (
            (0, PRINT_SAMPLES) if self._whole else reach_of_cut(span)
        )
        self._sound = bytearray()
        self.print = Print(span, reason="too short")

    def add(self, sound: bytes, position: int) -> None:
        """Keep what is the span's of samples that begin at `position`."""
        begin, end = max(0, self.first - position), self.stop - position
        if end > 0:
            self._sound += sound[2 * begin : 2 * end]

    def finish(self, frames: int, rate: Hertz) -> None:
        """Take the print, after `frames` frames of the file, and let go."""
        if self._whole:
            samples = samples_by_fpcalc(Frames(frames), rate)
            self.print = print_of_whole(self._span, samples, self._read)
        else:
            self.print = print_of_cut(self._span, self._read)
        self._sound = bytearray()

    def _read(self, first: int, stop: int) -> bytes:
        return bytes(self._sound[2 * (first - self.first) : 2 * (stop - self.first)])
