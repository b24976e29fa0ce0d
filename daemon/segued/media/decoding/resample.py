"""Convert sample rates; the only importer of `soxr`.

It is imported where it is used, as in `segued.media.decoding.decode`.
"""

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from segued.units import Hertz

__all__ = ["Resampler"]


class Resampler:
    """Resamples a stream of samples, block by block."""

    def __init__(
        self,
        rate: Hertz,
        target_rate: Hertz,
        channels: int,
        quality: Literal["LQ", "MQ", "HQ"],
    ) -> None:
        import soxr  # noqa: PLC0415

        self._channels: Final = channels
        self._stream: Final = (
            None
            if rate == target_rate
            else soxr.ResampleStream(rate, target_rate, channels, "float32", quality)
        )

    def add(
        self, samples: npt.NDArray[np.float32], *, last: bool = False
    ) -> npt.NDArray[np.float32]:
        """Return the next samples at the target rate; possibly none.

        Args:
            samples: Shape (frames,) for one channel, else (frames, channels).
            last: Whether this is the end of the stream, which flushes the filter.

        Returns:
            float32, of the shape of `samples` but for the number of frames.
        """
        if self._stream is None:
            return samples
        # For one channel, soxr returns the shape of its input: make it (frames,).
        if self._channels == 1:
            samples = samples.reshape(-1)
        output: Any = self._stream.resample_chunk(samples, last=last)
        resampled: npt.NDArray[np.float32] = output
        return resampled
