"""The weights of channels in the mono downmix, by FFmpeg's names of them."""

from collections.abc import Sequence
from typing import Final

__all__ = ["downmix_weights"]

HALF_POWER: Final = 0.5**0.5
DOWNMIX_WEIGHTS: Final = {
    **dict.fromkeys(("FL", "FR", "FLC", "FRC"), HALF_POWER),
    **dict.fromkeys(("BL", "BR", "BC", "SL", "SR"), 0.5),
    "FC": 1.0,
    "LFE": 0.0,
}
"""Weights of the channels in the mono downmix of FFmpeg, and so of `fpcalc`."""


def downmix_weights(names: Sequence[str]) -> tuple[float, ...]:
    """Return the channels' weights in the downmix; equal for unknown layouts."""
    weights = tuple(DOWNMIX_WEIGHTS.get(name, 0.0) for name in names)
    known = len(names) > 1 and all(name in DOWNMIX_WEIGHTS for name in names)
    return weights if known else (1.0,) * len(names)
