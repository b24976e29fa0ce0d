"""A file's sound as Chromaprint hears it, kept while the file streams by.

Which passages a file holds is known only at its end, and then they want
fingerprints; what is kept of the sound for that is a fiftieth of what was
decoded.
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
"""Twelve minutes; the rest of a longer file goes to a file without a name,
which is gone when the process is, however it ends."""

FULL_SCALE: Final = np.float32(32_768)
SAMPLE_BYTES: Final = 2


class FingerprintBuffer:
    """Mono at 11,025 Hz of a file: all of it, or the two minutes of a print."""

    def __init__(self, rate: Hertz, spool: str, *, whole_file: bool) -> None:
        self._rate: Final = rate
        self._whole_file: Final = whole_file
        # A second more than counts, so that the end of what counts does not
        # sound of the end of the tape.
        self._limit: Final = (FINGERPRINT_SECONDS + 1) * rate
        self._resampler: Final = fingerprint_resampler(rate)
        self._file: Final = tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=spool)  # noqa: SIM115
        self._frames = 0
        self._ended = False
        self._write_failed = False

    def __enter__(self) -> Self:
        """Return itself; leaving the context forgets the sound."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Forget the sound."""
        self._file.close()

    def add(self, mono: Mono) -> None:
        """Take the next stretch of the file."""
        if self._ended:
            return
        if not self._whole_file:
            mono = mono[: self._limit - self._frames]
        self._frames += len(mono)
        full = not self._whole_file and self._frames == self._limit
        self._write(self._resampler.add(mono, last=full))
        self._ended = full

    def finish(self) -> None:
        """Take note that the file has ended."""
        if not self._ended:
            self._write(self._resampler.add(np.empty(0, np.float32), last=True))
            self._ended = True

    def fingerprints(
        self, spans: tuple[Span, ...], whole: Span
    ) -> tuple[Fingerprint, ...] | None:
        """Return the spans' fingerprints; None if their sound was not kept."""
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
        """Return samples by their numbers; fewer if there are fewer."""
        self._file.seek(first * SAMPLE_BYTES)
        return self._file.read((stop - first) * SAMPLE_BYTES)

    def _write(self, mono: Mono) -> None:
        try:
            self._file.write(as_int16(mono))
        except OSError:
            # No room for the sound is no fault of the file's, which can be
            # decoded again: slower, but with nothing kept.
            self._write_failed = self._ended = True


def as_int16(mono: Mono) -> bytes:
    """Return samples as 16-bit integers; what is above full scale is clipped."""
    scaled = np.clip(np.rint(mono * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    samples: bytes = scaled.astype(np.int16).tobytes()
    return samples
