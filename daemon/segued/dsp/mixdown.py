"""Mix any number of channels to one or two, as float samples with full scale 1."""

import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "STEREO_CHANNELS",
    "Block",
    "Mono",
    "Samples",
    "Shares",
    "Stereo",
    "mix",
    "sanitize_block",
    "to_samples",
    "to_shares",
    "to_stereo",
]

Block: TypeAlias = npt.NDArray[Any]
"""Samples as decoded: uint8, int16, int32, int64, float32 or float64; shape
(channels, frames), in either memory order."""

Samples: TypeAlias = npt.NDArray[np.float32]
"""Samples, full scale being 1, not clipped; shape (channels, frames), in either
memory order."""

Mono: TypeAlias = npt.NDArray[np.float32]
"""Samples, full scale being 1, not clipped; shape (frames,)."""

Shares: TypeAlias = npt.NDArray[np.float32]
"""Weight of each channel in a mix; they sum to 1. Shape (channels,)."""

Stereo: TypeAlias = npt.NDArray[np.float32]
"""Samples, full scale being 1, not clipped; shape (frames, 1 or 2)."""

STEREO_CHANNELS: Final = 2
SAMPLE_MAX: Final = 32_768.0
"""90 dB above full scale occurs only in broken files; its square is still finite."""


def sanitize_block(block: Block) -> tuple[Block, float]:
    """Return a block of finite samples, and the peak.

    NaN and infinity become 0. Samples above full scale stay: they are clipped
    when samples become integers, after mixing, as in `fpcalc`.

    Args:
        block: At least one channel and one frame.

    Returns:
        The block, unchanged (not a copy) if it is valid, and its largest absolute
        sample, 1.0 being full scale.
    """
    full_scale, middle = _sample_scale(block)
    low, high = float(block.min()), float(block.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        low, high = float(block.min()), float(block.max())
    peak = max(high - middle, middle - low) / full_scale
    if peak > SAMPLE_MAX:
        block = np.clip(block, -SAMPLE_MAX, SAMPLE_MAX)
    return block, peak


def to_samples(block: Block) -> Samples:
    """Return a block as floats, in the same memory order.

    Not a copy if it holds floats of 32 bits.
    """
    full_scale, middle = _sample_scale(block)
    if full_scale == 1:
        return block.astype(np.float32, copy=False)
    samples: Samples = np.multiply(
        block, np.float32(1 / full_scale), dtype=np.float32, casting="same_kind"
    )
    if middle:
        samples -= np.float32(middle / full_scale)
    return samples


def mix(samples: Samples, shares: Shares, out: Mono) -> None:
    """Write the weighted sum of all channels to `out`, shape (frames,)."""
    # A matrix product is several times faster than adding columns.
    np.matmul(shares, samples, out=out)


def to_shares(weights: Sequence[float]) -> Shares:
    """Return weights scaled to sum to 1; float32, shape (channels,)."""
    shares: Shares = np.array(weights, dtype=np.float32) / np.float32(sum(weights))
    return shares


def to_stereo(block: Block, channels: int) -> Stereo:
    """Return a block as one or two channels, float32, shape (frames, channels).

    A block that has that many channels keeps them; any other becomes its mean, in
    each of the channels.
    """
    samples = to_samples(block)
    if len(samples) == channels:
        return np.array(samples.T, order="C")
    mean = np.empty(samples.shape[1], dtype=np.float32)
    mix(samples, to_shares((1.0,) * len(samples)), mean)
    return np.repeat(mean[:, np.newaxis], channels, axis=1)


def _sample_scale(block: Block) -> tuple[int, int]:
    """Return the sample values of full scale, relative to zero level, and of zero."""
    kind, bits = block.dtype.kind, 8 * block.dtype.itemsize
    if kind == "f":
        return 1, 0
    return 1 << (bits - 1), (1 << (bits - 1) if kind == "u" else 0)
