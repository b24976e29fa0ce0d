"""Decoded frames, a few hundredths of a second each, joined to blocks.

numpy is quick only with more of them at a time than a codec makes.
"""

from typing import Any, Final

import numpy as np

from segued.dsp.mixdown import Block
from segued.errors import DecodeError
from segued.media.decoding.source import BLOCK_FRAMES

__all__ = ["FrameBuffer"]

SAMPLE_DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "u8": np.dtype(np.uint8),
    "s16": np.dtype(np.int16),
    "s32": np.dtype(np.int32),
    "s64": np.dtype(np.int64),
    "flt": np.dtype(np.float32),
    "dbl": np.dtype(np.float64),
}
"""FFmpeg's sample formats; a `p` at the end means one plane a channel."""


class FrameBuffer:
    """Frames of one sample format and channel count, in memory used again.

    A frame is an `av.AudioFrame`; the name is not imported, because one module
    alone imports that library.
    """

    def __init__(self, path: bytes, frame: Any) -> None:  # noqa: ANN401
        """Prepare for frames like `frame`, and for no fewer than it has.

        Raises:
            DecodeError: Its samples are of a kind not known here.
        """
        self._format: Final[str] = frame.format.name
        self._channels: Final[int] = frame.layout.nb_channels
        kind = SAMPLE_DTYPES.get(self._format.removesuffix("p"))
        if kind is None:
            raise DecodeError(path, f"samples of an unknown kind ({self._format})")
        self._dtype: Final[np.dtype[Any]] = kind
        self._capacity: Final[int] = max(BLOCK_FRAMES, frame.samples)
        # Packed samples are one plane, whatever the channels.
        planar: bool = frame.format.is_planar
        rows = self._channels if planar else 1
        self._width: Final = self._channels // rows
        length = self._capacity * self._width
        self._planes: Final[Block] = np.empty((rows, length), self._dtype)
        self._rows: Final = tuple(self._planes)
        self._filled = 0

    def add(self, frame: Any) -> bool:  # noqa: ANN401
        """Copy a frame's samples to the end of the others, if they fit there.

        Returns:
            Whether they did. If not, `take_block` makes room; if there is still
            none, they are of another kind.
        """
        # This runs a hundred thousand times a file: every name costs.
        count = frame.samples
        end = self._filled + count
        if (
            end > self._capacity
            or frame.format.name != self._format
            or frame.layout.nb_channels != self._channels
        ):
            return False
        width = self._width
        start, stop, count = self._filled * width, end * width, count * width
        # Of more than eight channels PyAV lists more planes than there are, and
        # a plane's memory is longer than its samples.
        for row, plane in zip(self._rows, frame.planes, strict=False):
            row[start:stop] = np.frombuffer(plane, self._dtype, count)
        self._filled = end
        return True

    def take_block(self) -> Block:
        """Return what was gathered, and begin anew over it."""
        filled, self._filled = self._filled, 0
        gathered: Block = self._planes[:, : filled * self._width]
        if self._width > 1:
            gathered = gathered.reshape(filled, self._width).T
        return gathered
