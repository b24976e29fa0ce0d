"""Read some stretches of a file, as mono samples at one rate."""

from typing import Final

import numpy as np

from segued.dsp.mixdown import Block, Mono, sanitize_block, to_samples
from segued.media.decoding.resample import Resampler
from segued.media.decoding.source import AudioSource
from segued.units import Hertz

__all__ = ["StretchReader"]

SKIP_SECONDS_MIN: Final = 3
"""Decoding less than this takes no longer than a seek."""

COMPLETE_SHARE: Final = 0.5


class StretchReader:
    """Reads stretches of a file in order, without what is between them if possible."""

    def __init__(self, source: AudioSource, rate: Hertz, *, can_seek: bool) -> None:
        """Begin at the start of a file that was just opened.

        Args:
            source: The file.
            rate: The sample rate to convert to.
            can_seek: Whether to go to a stretch, where the format can, instead of
                decoding what is before it.
        """
        self._source: Final = source
        self._rate: Final = rate
        self._can_seek = can_seek
        self._has_sought = False
        self._blocks = source.blocks()
        self._block: Block = np.empty((1, 0), np.float32)
        self._start = self._stop = 0

    def read(self, frames: range) -> Mono | None:
        """Return the mean of all channels in a range of frames, resampled.

        It is shorter than the range if the file ends within it.

        Args:
            frames: The range, not before the previous one.

        Returns:
            None if the stretch was not found where the file led to: begin again, and do
            not seek.

        Raises:
            FileUnreadableError: It cannot be read to the end of the stretch.
        """
        if frames.start - self._stop > SKIP_SECONDS_MIN * self._source.rate:
            self._seek(frames.start)
        resampler = Resampler(self._source.rate, self._rate, 1, "HQ")
        parts: list[Mono] = []
        count = 0
        while True:
            begin = max(0, frames.start - self._start)
            part = self._block[:, begin : max(0, frames.stop - self._start)]
            if part.shape[1]:
                block, _ = sanitize_block(part)
                samples = to_samples(block)
                # A matrix product is several times faster than the mean of an axis.
                shares = np.full(len(samples), 1 / len(samples), np.float32)
                parts.append(resampler.add(shares @ samples))
                count += part.shape[1]
            if self._stop >= frames.stop or not self._read_block():
                break
        if self._has_sought and count < COMPLETE_SHARE * len(frames):
            return None
        rest = resampler.add(np.empty(0, np.float32), last=True)
        return np.concatenate((*parts, rest))

    def _seek(self, frame: int) -> None:
        if not self._can_seek:
            return
        number = self._source.seek(frame)
        if number is None:
            self._can_seek = False
            return
        self._has_sought = True
        self._blocks = self._source.blocks()
        self._block = self._block[:, :0]
        self._start = self._stop = number

    def _read_block(self) -> bool:
        """Read the next block; return whether there is one."""
        block = next(self._blocks, None)
        if block is None:
            return False
        self._block = block
        self._start = self._stop
        self._stop += block.shape[1]
        return True
