"""How the level curve and the loudness curve of some audio are stored."""

import zlib
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["pack_levels", "pack_loudness", "unpack_levels", "unpack_loudness"]

Words: TypeAlias = npt.NDArray[np.uint16]

DIFFERENCES: Final = b"\x01"
"""The first byte of packed levels; a zlib stream has another."""


def pack_levels(levels: bytes) -> bytes:
    """Return levels packed as their differences, in half a byte each.

    Deflate's search for repetitions finds none in them, takes longer, and makes them
    larger: only their frequencies are used.
    """
    steps = np.frombuffer(levels, np.uint8)
    steps = np.diff(steps, prepend=np.uint8(0))
    return DIFFERENCES + _deflated(steps.tobytes(), by_frequency=True)


def unpack_levels(packed: bytes) -> bytes:
    """Return the levels that were packed; those of older libraries are not differences.

    Raises:
        zlib.error: They are damaged.
    """
    if not packed.startswith(DIFFERENCES):
        return zlib.decompress(packed)
    steps = np.frombuffer(zlib.decompress(packed[len(DIFFERENCES) :]), np.uint8)
    return np.cumsum(steps, dtype=np.uint8).tobytes()


def pack_loudness(blocks: bytes) -> bytes:
    """Return a loudness curve, as `dsp.loudness.pack` gives it, packed more tightly.

    A peak is near the level of its block: it is stored as the difference between the
    two. Signs go last, so that small numbers have small high bytes; these deflate well,
    and of the low bytes only their frequencies are used.
    """
    steps = _words(blocks).reshape(2, -1)
    levels, peaks = np.cumsum(steps, axis=1, dtype=np.uint16)
    numbers = np.concatenate([steps[0], peaks - levels]).view(np.int16)
    folded = ((numbers << 1) ^ (numbers >> 15)).astype(">u2")
    planes = np.ascontiguousarray(folded.view(np.uint8).reshape(2, -1, 2).T)
    return DIFFERENCES + b"".join(
        _deflated(planes[byte, :, curve].tobytes(), by_frequency=byte == 1)
        for byte in (0, 1)
        for curve in (0, 1)
    )


def unpack_loudness(packed: bytes) -> bytes:
    """Return the curve that was packed; those of older libraries are only deflated.

    Raises:
        zlib.error: It is damaged.
    """
    if not packed.startswith(DIFFERENCES):
        return zlib.decompress(packed)
    planes, rest = b"", packed[len(DIFFERENCES) :]
    while rest:
        inflate = zlib.decompressobj()
        planes += inflate.decompress(rest)
        if not inflate.eof:
            raise zlib.error("a packed loudness curve ends too early")
        rest = inflate.unused_data
    folded = _words(planes)
    steps, crests = ((folded >> 1) ^ -(folded & 1)).reshape(2, -1)
    peaks = np.cumsum(steps, dtype=np.uint16) + crests
    both = np.concatenate([steps, np.diff(peaks, prepend=np.uint16(0))])
    return both.astype(">u2").view(np.uint8).reshape(-1, 2).T.tobytes()


def _deflated(data: bytes, *, by_frequency: bool) -> bytes:
    strategy = zlib.Z_HUFFMAN_ONLY if by_frequency else zlib.Z_DEFAULT_STRATEGY
    deflate = zlib.compressobj(strategy=strategy)
    return deflate.compress(data) + deflate.flush()


def _words(blocks: bytes) -> Words:
    """Return the numbers of which all high bytes come before all low bytes."""
    pairs = np.frombuffer(blocks, np.uint8).reshape(2, -1).T
    return np.ascontiguousarray(pairs).view(">u2").reshape(-1).astype(np.uint16)
