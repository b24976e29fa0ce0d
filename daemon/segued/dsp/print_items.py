"""The items of a stored fingerprint, and a sample of them by which others are found.

Chromaprint stores each item as the places of the bits that differ from the item before:
gaps of 3 bits, with 5 more for long ones, and a gap of zero after each item. Source:
`fingerprint_compressor.cpp` of Chromaprint 1.5; a test compares with the library.
"""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["ITEM_SECONDS", "PrintItems", "decode_items", "sample_items"]

PrintItems: TypeAlias = npt.NDArray[np.uint32]
"""Shape (items,), one for each `ITEM_SECONDS` of sound."""

ITEM_SECONDS: Final = 1_365 / 11_025

HEADER_BYTES: Final = 4
GAP_BITS: Final = 3
LONG_GAP: Final = 7
LONG_GAP_BITS: Final = 5

SAMPLED_MAX: Final = 40
"""So many items of a fingerprint are kept: those with the lowest hash, so that two
fingerprints of the same sound keep mostly the same ones, wherever they begin."""

REPEATED_MAX: Final = 4
"""An item that is there more often is silence or a steady tone."""

MULTIPLIER: Final = np.uint32(2_654_435_761)
"""Knuth's multiplicative hash: the kept items have nothing in common."""


def decode_items(raw: bytes) -> PrintItems:
    """Return the items of a compressed fingerprint; none if it is invalid."""
    count = int.from_bytes(raw[1:HEADER_BYTES], "big")
    gaps = _numbers(raw[HEADER_BYTES:], GAP_BITS)
    ends = np.flatnonzero(gaps == 0)[:count]
    if not count or len(ends) < count:
        return np.zeros(0, np.uint32)
    gaps = gaps[: ends[-1] + 1].astype(np.int64)
    long = np.flatnonzero(gaps == LONG_GAP)
    used = -(-len(gaps) * GAP_BITS // 8)
    more = _numbers(raw[HEADER_BYTES + used :], LONG_GAP_BITS)
    if len(more) < len(long):
        return np.zeros(0, np.uint32)
    gaps[long] += more[: len(long)]
    # The place of a bit is the sum of the gaps of its item until there.
    places = np.cumsum(gaps)
    starts = np.concatenate(([0], ends[:-1] + 1))
    before = np.where(starts > 0, places[starts - 1], 0)
    item = np.repeat(np.arange(count), ends - starts + 1)
    place = places - before[item]
    is_bit = gaps > 0
    bits = np.left_shift(1, np.clip(place - 1, 0, 31)) * is_bit
    changes = np.bincount(item, weights=bits, minlength=count).astype(np.uint64)
    return np.bitwise_xor.accumulate(changes.astype(np.uint32))


def sample_items(items: PrintItems) -> list[int]:
    """Return some of the different items."""
    unique, counts = np.unique(items, return_counts=True)
    rare = unique[counts <= REPEATED_MAX]
    lowest = np.argsort(rare * MULTIPLIER)[:SAMPLED_MAX]
    sample: list[int] = rare[lowest].tolist()
    return sample


def _numbers(raw: bytes, width: int) -> npt.NDArray[np.uint8]:
    """Return the numbers of some bits each that are packed into bytes, lowest first."""
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
    whole = bits[: len(bits) // width * width].reshape(-1, width)
    weights = (1 << np.arange(width)).astype(np.uint8)
    numbers: npt.NDArray[np.uint8] = (whole * weights).sum(axis=1, dtype=np.uint8)
    return numbers
