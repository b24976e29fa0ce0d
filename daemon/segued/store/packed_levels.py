"""How the level curve of some audio is stored."""

import zlib
from typing import Final

import numpy as np

__all__ = ["pack_levels", "unpack_levels"]

DIFFERENCES: Final = b"\x01"
"""The first byte of packed levels; a zlib stream has another."""


def pack_levels(levels: bytes) -> bytes:
    """Return levels packed as their differences, in half a byte each.

    Deflate's search for repetitions finds none in them, takes longer, and makes them
    larger: only their frequencies are used.
    """
    steps = np.frombuffer(levels, np.uint8)
    steps = np.diff(steps, prepend=np.uint8(0))
    deflate = zlib.compressobj(strategy=zlib.Z_HUFFMAN_ONLY)
    return DIFFERENCES + deflate.compress(steps.tobytes()) + deflate.flush()


def unpack_levels(packed: bytes) -> bytes:
    """Return the levels that were packed; those of older libraries are not differences.

    Raises:
        zlib.error: They are damaged.
    """
    if not packed.startswith(DIFFERENCES):
        return zlib.decompress(packed)
    steps = np.frombuffer(zlib.decompress(packed[len(DIFFERENCES) :]), np.uint8)
    return np.cumsum(steps, dtype=np.uint8).tobytes()
