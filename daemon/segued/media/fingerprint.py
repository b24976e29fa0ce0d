"""Acoustic fingerprints; the only importer of `chromaprint`.

Chromaprint is fed what it works on, mono at 11,025 Hz, because resampling in
it takes twice the time. soxr's low quality is enough: it passes unchanged all
that Chromaprint looks at, 28 to 3,520 Hz, and the prints differ from those of
`fpcalc` in a few bits of 100,000; plain averaging of samples, no quicker,
differs in a few of 1,000. Only below 9 kHz, where low quality loses what is
above 3.2 kHz, there is need for better.

What is fed is mono, 16 bits, in whole frames: Debian 12's libchromaprint ends
the process on anything else.
"""

import math
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from segued.media.decoding.resample import Resampler
from segued.model import Fingerprint, Span
from segued.units import TICKS_PER_SECOND, Hertz, Ticks

try:
    import chromaprint
except ImportError:
    # Its library is a system package; without it everything else works.
    chromaprint = None

__all__ = [
    "FINGERPRINT_RATE",
    "FINGERPRINT_SAMPLES",
    "FINGERPRINT_SECONDS",
    "NO_CHROMAPRINT",
    "ReadSamples",
    "fingerprint_file",
    "fingerprint_resampler",
    "fingerprint_span",
    "fpcalc_sample_count",
    "is_available",
    "samples_needed",
]

ReadSamples: TypeAlias = Callable[[int, int], bytes]
"""`read(first, stop)`: those samples of a file, mono at 11,025 Hz, 16 bits."""

FINGERPRINT_RATE: Final = Hertz(11_025)
FINGERPRINT_SECONDS: Final = 120
"""AcoustID's prints are of the first two minutes."""

FINGERPRINT_SAMPLES: Final = FINGERPRINT_SECONDS * FINGERPRINT_RATE
TICKS_PER_SAMPLE: Final = TICKS_PER_SECOND // FINGERPRINT_RATE
"""2,560, without remainder."""

HOP: Final = 1_365
"""Samples from one item of a print to the next. A print begun half of it off
shares but 0.61 of its items with the original."""

HOP_OFFSETS: Final = (0, HOP // 4, HOP // 2, HOP - HOP // 4)
"""How much before a cut the takes of it begin. One is within an eighth of a
hop of where the original begins, wherever in the silence the cut was made."""

LOW_RATE_MAX: Final = 9_000

FILTER_TAPS: Final = 16
FILTER_CUTOFF: Final = 0.8
"""Of the resampler in `fpcalc`."""

NO_CHROMAPRINT: Final = "no chromaprint"
"""The reason of a print that could not be taken for want of the library."""

LENGTH_MIN: Final = Ticks(10 * TICKS_PER_SECOND)
ITEMS_MIN: Final = 2
DISTINCT_MIN: Final = 2


def is_available() -> bool:
    """Return whether prints can be taken here at all."""
    return chromaprint is not None


def fingerprint_resampler(rate: Hertz) -> Resampler:
    """Return what makes of a file's mono sound what prints are taken of."""
    quality: Literal["LQ", "MQ"] = "MQ" if rate < LOW_RATE_MAX else "LQ"
    return Resampler(rate, FINGERPRINT_RATE, 1, quality)


def fpcalc_sample_count(frames: int, rate: Hertz) -> int:
    """Return how many samples at 11,025 Hz `fpcalc` makes of a file.

    It never flushes its resampler: it stops where the filter would reach
    beyond the end of the sound. One sample more can be one item more.

    Source: `ffmpeg_audio_processor_swresample.h` of Chromaprint 1.5; compared
    with Debian 12's `fpcalc` frame by frame.
    """
    if rate == FINGERPRINT_RATE:
        return min(frames, FINGERPRINT_SAMPLES)
    taps = math.ceil(FILTER_TAPS / min(1.0, FILTER_CUTOFF * FINGERPRINT_RATE / rate))
    filled = max(0, frames - taps + 1 + (taps - 1) // 2)
    return min(-(-filled * FINGERPRINT_RATE // rate), FINGERPRINT_SAMPLES)


def fingerprint_file(span: Span, samples: int, read: ReadSamples) -> Fingerprint:
    """Return what `fpcalc` prints for a file.

    Args:
        span: The whole file.
        samples: As many as `fpcalc_sample_count` says.
        read: Reads the file's sound.
    """
    return _take_fingerprints(span, [(0, samples)], read)


def fingerprint_span(span: Span, read: ReadSamples) -> Fingerprint:
    """Return the prints of a passage cut out of a longer file.

    The first is taken at the cut itself, the others a part of a hop before
    it, or behind it where the file begins.
    """
    start, stop = span.start // TICKS_PER_SAMPLE, span.end // TICKS_PER_SAMPLE
    takes = []
    for offset in HOP_OFFSETS:
        first = start - offset if start >= offset else start - offset + HOP
        takes.append((first, min(first + FINGERPRINT_SAMPLES, stop)))
    return _take_fingerprints(span, takes, read)


def samples_needed(span: Span) -> tuple[int, int]:
    """Return the first sample that `fingerprint_span` may read, and the one after."""
    start, stop = span.start // TICKS_PER_SAMPLE, span.end // TICKS_PER_SAMPLE
    return max(0, start - HOP), min(start + HOP + FINGERPRINT_SAMPLES, stop)


def _take_fingerprints(
    span: Span, takes: list[tuple[int, int]], read: ReadSamples
) -> Fingerprint:
    if chromaprint is None:
        return Fingerprint(span, reason=NO_CHROMAPRINT)
    if span.length < LENGTH_MIN:
        return Fingerprint(span, reason="too short")
    texts: list[str] = []
    for first, stop in takes:
        text = _compute_fingerprint(read(first, stop))
        if not texts and (reason := _unusable_reason(text)):
            return Fingerprint(span, reason=reason)
        texts.append(text.decode("ascii"))
    return Fingerprint(span, tuple(texts))


def _compute_fingerprint(sound: bytes) -> bytes:
    """Return the compressed fingerprint of sound, in AcoustID's alphabet."""
    fingerprinter = chromaprint.Fingerprinter()
    fingerprinter.start(FINGERPRINT_RATE, 1)
    fingerprinter.feed(sound)
    text: bytes = fingerprinter.finish()
    return text


def _unusable_reason(text: bytes) -> str | None:
    """Return why a fingerprint must not be looked up; None if it may."""
    items: Any = chromaprint.decode_fingerprint(text)[0]
    if len(items) < ITEMS_MIN:
        return "too short"
    if len(np.unique(items)) < DISTINCT_MIN:
        return "silence"
    return None
