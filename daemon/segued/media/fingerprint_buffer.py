"""Buffer a file's samples in Chromaprint's format while the file is decoded.

The passages of a file are known only at its end, and are fingerprinted then. The
buffer takes a fiftieth of the decoded bytes.
"""

import tempfile
from types import TracebackType
from typing import Final, Self

import numpy as np

from segued.dsp.mixdown import Mono
from segued.media.fingerprint import (
    FINGERPRINT_SECONDS,
    fingerprint_file,
    fingerprint_resampler,
    fingerprint_span,
    fpcalc_sample_count,
)
from segued.model import Fingerprint, Span
from segued.units import Hertz

__all__ = ["FingerprintBuffer", "as_int16"]

MEMORY_BYTES: Final = 16 << 20
"""Twelve minutes. A longer file goes to an unlinked temporary file, which the system
removes with the process, however that ends."""

FULL_SCALE: Final = np.float32(32_768)
SAMPLE_BYTES: Final = 2


class FingerprintBuffer:
    """Mono int16 samples at 11,025 Hz of a whole file, or of its first two minutes."""

    def __init__(self, rate: Hertz, spool: str, *, whole_file: bool) -> None:
        self._rate: Final = rate
        self._whole_file: Final = whole_file
        # One second more than is fingerprinted, so that the resampler's filter does
        # not reach the end of the buffer within the two minutes.
        self._limit: Final = (FINGERPRINT_SECONDS + 1) * rate
        self._resampler: Final = fingerprint_resampler(rate)
        self._file: Final = tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=spool)  # noqa: SIM115
        self._frames = 0
        self._ended = False
        self._write_failed = False

    def __enter__(self) -> Self:
        """Return itself; leaving the context frees the samples."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Free the samples."""
        self._file.close()

    def add(self, mono: Mono) -> None:
        """Add the next samples of the file; float32 at the file's rate, any number."""
        if self._ended:
            return
        if not self._whole_file:
            mono = mono[: self._limit - self._frames]
        self._frames += len(mono)
        full = not self._whole_file and self._frames == self._limit
        self._write(self._resampler.add(mono, last=full))
        self._ended = full

    def finish(self) -> None:
        """Flush the resampler at the end of the file."""
        if not self._ended:
            self._write(self._resampler.add(np.empty(0, np.float32), last=True))
            self._ended = True

    def fingerprints(
        self, spans: tuple[Span, ...], whole: Span
    ) -> tuple[Fingerprint, ...] | None:
        """Return the spans' fingerprints; None if their samples were not stored."""
        one_song = all(span == whole for span in spans)
        if self._write_failed or not (one_song or self._whole_file):
            return None
        samples = fpcalc_sample_count(self._frames, self._rate)
        return tuple(
            fingerprint_file(span, samples, self.read)
            if span == whole
            else fingerprint_span(span, self.read)
            for span in spans
        )

    def read(self, first: int, stop: int) -> bytes:
        """Return the samples `[first, stop)` as int16; fewer only at the end."""
        self._file.seek(first * SAMPLE_BYTES)
        return self._file.read((stop - first) * SAMPLE_BYTES)

    def _write(self, mono: Mono) -> None:
        try:
            self._file.write(as_int16(mono))
        except OSError:
            # A full spool is not the file's fault: the file is decoded again, which
            # is slower, but needs no spool.
            self._write_failed = self._ended = True


def as_int16(mono: Mono) -> bytes:
    """Return samples as native int16 bytes, clipped at full scale."""
    scaled = np.clip(np.rint(mono * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    samples: bytes = scaled.astype(np.int16).tobytes()
    return samples
