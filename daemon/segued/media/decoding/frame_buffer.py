"""Join decoded frames of a few hundredths of a second each into blocks.

NumPy is only fast with more samples at a time than a codec's frame has.
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
"""FFmpeg's sample formats; a `p` at the end means one plane per channel."""


class FrameBuffer:
    """A reusable block of frames of one sample format and channel count.

    A frame is an `av.AudioFrame`; the class is not imported because only one module
    imports that library.
    """

    def __init__(self, path: bytes, frame: Any) -> None:  # noqa: ANN401
        """Allocate a block for frames like `frame`, at least as long as it is.

        Raises:
            DecodeError: Its sample format is unknown.
        """
        self._format: Final[str] = frame.format.name
        self._channels: Final[int] = frame.layout.nb_channels
        dtype = SAMPLE_DTYPES.get(self._format.removesuffix("p"))
        if dtype is None:
            raise DecodeError(path, f"unknown sample format ({self._format})")
        self._capacity: Final[int] = max(BLOCK_FRAMES, frame.samples)
        # Packed samples have one plane for all channels.
        planar: bool = frame.format.is_planar
        rows = self._channels if planar else 1
        self._width: Final = self._channels // rows
        length = self._capacity * self._width
        self._planes: Final[Block] = np.empty((rows, length), dtype)
        # As bytes, which are copied in a third of the time of an array's items.
        self._rows: Final = tuple(memoryview(row).cast("B") for row in self._planes)
        self._frame_bytes: Final[int] = self._width * dtype.itemsize
        self._filled = 0

    def add(self, frame: Any) -> bool:  # noqa: ANN401
        """Append a frame's samples to the block, if they fit and match its format.

        Returns:
            False if nothing was appended. Then call `take_block` and try again; if
            that fails too, the frame has another format.
        """
        # This runs 100,000 times per file, so attribute look-ups are kept few.
        count = frame.samples
        end = self._filled + count
        if (
            end > self._capacity
            or frame.format.name != self._format
            or frame.layout.nb_channels != self._channels
        ):
            return False
        size = self._frame_bytes
        start, stop, length = self._filled * size, end * size, count * size
        # With more than eight channels PyAV lists too many planes, and a plane's
        # memory is longer than its samples.
        for row, plane in zip(self._rows, frame.planes, strict=False):
            row[start:stop] = memoryview(plane)[:length]
        self._filled = end
        return True

    def take_block(self) -> Block:
        """Return the block, shape (channels, frames); later frames overwrite it."""
        filled, self._filled = self._filled, 0
        block: Block = self._planes[:, : filled * self._width]
        if self._width > 1:
            block = block.reshape(filled, self._width).T
        return block
