"""Sound at another sample rate; the only importer of `soxr`."""

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import soxr

from segued.units import Hertz

__all__ = ["Resampler"]


class Resampler:
    """Turns a stream of samples into one at another rate, block by block."""

    def __init__(
        self,
        rate: Hertz,
        target_rate: Hertz,
        channels: int,
        quality: Literal["LQ", "MQ", "HQ"],
    ) -> None:
        self._channels: Final = channels
        self._stream: Final = (
            None
            if rate == target_rate
            else soxr.ResampleStream(rate, target_rate, channels, "float32", quality)
        )

    def add(
        self, sound: npt.NDArray[np.float32], *, last: bool = False
    ) -> npt.NDArray[np.float32]:
        """Return what the next stretch of sound amounts to; nothing at times.

        Args:
            sound: Shape (frames,) for one channel, else (frames, channels).
            last: Whether nothing comes after it: what was held back comes out.
        """
        if self._stream is None:
            return sound
        # Of one channel it wants no second dimension.
        samples = sound.reshape(-1) if self._channels == 1 else sound
        made: Any = self._stream.resample_chunk(samples, last=last)
        resampled: npt.NDArray[np.float32] = made
        return resampled
