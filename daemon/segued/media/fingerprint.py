"""Acoustic fingerprints; the only importer of `chromaprint`.

Chromaprint is fed with its internal format, mono at 11,025 Hz, because its own
resampling takes twice the time. soxr's low quality is enough: it passes unchanged the
28 to 3,520 Hz that Chromaprint uses, and the fingerprints differ from those of
`fpcalc` in a few bits of 100,000; plain averaging of samples is no faster and differs
in a few of 1,000. Only rates below 9 kHz need a better quality: there low quality
loses everything above 3.2 kHz.

The input must be mono, 16 bits, in whole frames: Debian 12's libchromaprint aborts
the process on anything else.
"""

import ctypes
import math
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from segued.media.decoding.resample import Resampler
from segued.model import Fingerprint, Span
from segued.units import TICKS_PER_SECOND, Hertz, Ticks

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
    "library_version",
    "samples_needed",
]

ReadSamples: TypeAlias = Callable[[int, int], bytes]
"""`read(first, stop)`: returns those samples, mono int16 at 11,025 Hz."""

FINGERPRINT_RATE: Final = Hertz(11_025)
FINGERPRINT_SECONDS: Final = 120
"""AcoustID's fingerprints cover the first two minutes."""

FINGERPRINT_SAMPLES: Final = FINGERPRINT_SECONDS * FINGERPRINT_RATE
TICKS_PER_SAMPLE: Final = TICKS_PER_SECOND // FINGERPRINT_RATE
"""2,560, without remainder."""

HOP: Final = 1_365
"""Samples from one item of a fingerprint to the next. A fingerprint that begins half
a hop off shares only 0.61 of its items with the original."""

HOP_OFFSETS: Final = (0, HOP // 4, HOP // 2, HOP - HOP // 4)
"""Samples before a cut at which its fingerprints begin. One of them is within an
eighth of a hop of the original's beginning, wherever in the silence the cut is."""

LOW_RATE_MAX: Final = 9_000

FILTER_TAPS: Final = 16
FILTER_CUTOFF: Final = 0.8
"""Parameters of the resampler in `fpcalc`."""

NO_CHROMAPRINT: Final = "no chromaprint"
"""The reason for a missing fingerprint when the library is not installed."""

LENGTH_MIN: Final = Ticks(10 * TICKS_PER_SECOND)
ITEMS_MIN: Final = 2
DISTINCT_MIN: Final = 2


@cache
def _chromaprint() -> Any:  # noqa: ANN401 - a library without types
    """Return the library, which is a system package; None if it is not installed.

    It loads FFmpeg, which only the processes that decode need.
    """
    try:
        import chromaprint  # noqa: PLC0415
    except ImportError:
        return None
    return chromaprint


def is_available(folder: bytes = b"/") -> bool:
    """Return whether Chromaprint is installed; call this in a child process.

    Args:
        folder: Any folder; only named in errors.
    """
    del folder
    return _chromaprint() is not None


def library_version() -> str:
    """Return the version of Chromaprint, which must be installed."""
    get_version = _chromaprint()._libchromaprint.chromaprint_get_version  # noqa: SLF001
    get_version.restype = ctypes.c_char_p
    return str(get_version().decode())


def fingerprint_resampler(rate: Hertz) -> Resampler:
    """Return a resampler from a file's mono samples to `FINGERPRINT_RATE`."""
    quality: Literal["LQ", "MQ"] = "MQ" if rate < LOW_RATE_MAX else "LQ"
    return Resampler(rate, FINGERPRINT_RATE, 1, quality)


def fpcalc_sample_count(frames: int, rate: Hertz) -> int:
    """Return the number of samples at 11,025 Hz that `fpcalc` makes of a file.

    It never flushes its resampler, so it stops where the filter would reach beyond
    the end of the file. One more sample can mean one more item.

    Source: `ffmpeg_audio_processor_swresample.h` of Chromaprint 1.5; compared
    with Debian 12's `fpcalc` frame by frame.
    """
    if rate == FINGERPRINT_RATE:
        return min(frames, FINGERPRINT_SAMPLES)
    taps = math.ceil(FILTER_TAPS / min(1.0, FILTER_CUTOFF * FINGERPRINT_RATE / rate))
    filled = max(0, frames - taps + 1 + (taps - 1) // 2)
    return min(-(-filled * FINGERPRINT_RATE // rate), FINGERPRINT_SAMPLES)


def fingerprint_file(span: Span, samples: int, read: ReadSamples) -> Fingerprint:
    """Return the fingerprint that `fpcalc` computes for a file.

    Args:
        span: The whole file.
        samples: The result of `fpcalc_sample_count`.
        read: Returns samples of the file.
    """
    return _compute_fingerprints(span, [(0, samples)], read)


def fingerprint_span(span: Span, read: ReadSamples) -> Fingerprint:
    """Return the fingerprints of a passage cut out of a longer file.

    The first begins at the cut itself, the others a part of a hop before it, or
    after it at the beginning of the file.
    """
    start, stop = span.start // TICKS_PER_SAMPLE, span.end // TICKS_PER_SAMPLE
    ranges = []
    for offset in HOP_OFFSETS:
        first = start - offset if start >= offset else start - offset + HOP
        ranges.append((first, min(first + FINGERPRINT_SAMPLES, stop)))
    return _compute_fingerprints(span, ranges, read)


def samples_needed(span: Span) -> tuple[int, int]:
    """Return the range `[first, stop)` of samples that `fingerprint_span` may read."""
    start, stop = span.start // TICKS_PER_SAMPLE, span.end // TICKS_PER_SAMPLE
    return max(0, start - HOP), min(start + HOP + FINGERPRINT_SAMPLES, stop)


def _compute_fingerprints(
    span: Span, ranges: list[tuple[int, int]], read: ReadSamples
) -> Fingerprint:
    if not is_available():
        return Fingerprint(span, missing_reason=NO_CHROMAPRINT)
    if span.length < LENGTH_MIN:
        return Fingerprint(span, missing_reason="too short")
    texts: list[str] = []
    for first, stop in ranges:
        text = _compute_fingerprint(read(first, stop))
        if not texts and (reason := _unusable_reason(text)):
            return Fingerprint(span, missing_reason=reason)
        texts.append(text.decode("ascii"))
    return Fingerprint(span, tuple(texts))


def _compute_fingerprint(samples: bytes) -> bytes:
    """Return the compressed fingerprint of int16 samples, in AcoustID's alphabet."""
    fingerprinter = _chromaprint().Fingerprinter()
    fingerprinter.start(FINGERPRINT_RATE, 1)
    fingerprinter.feed(samples)
    text: bytes = fingerprinter.finish()
    return text


def _unusable_reason(text: bytes) -> str | None:
    """Return why a fingerprint must not be looked up; None if it can be."""
    items: Any = _chromaprint().decode_fingerprint(text)[0]
    if len(items) < ITEMS_MIN:
        return "too short"
    if len(np.unique(items)) < DISTINCT_MIN:
        return "silence"
    return None
