"""The weights of channels in downmix and loudness, by FFmpeg's names of them."""

from collections.abc import Sequence
from typing import Final

__all__ = ["downmix_weights", "loudness_weights"]

HALF_POWER: Final = 0.5**0.5
DOWNMIX_WEIGHTS: Final = {
    **dict.fromkeys(("FL", "FR", "FLC", "FRC"), HALF_POWER),
    **dict.fromkeys(("BL", "BR", "BC", "SL", "SR"), 0.5),
    "FC": 1.0,
    "LFE": 0.0,
}
"""Weights of the channels in the mono downmix of FFmpeg, and so of `fpcalc`."""

SURROUND_NAMES: Final = frozenset(
    ("BL", "BR", "BC", "SL", "SR", "TBL", "TBC", "TBR", "SDL", "SDR")
)
SURROUND_WEIGHT: Final = 1.41
LOW_FREQUENCY_NAMES: Final = frozenset(("LFE", "LFE2"))


def downmix_weights(names: Sequence[str]) -> tuple[float, ...]:
    """Return the channels' weights in the downmix; equal for unknown layouts."""
    weights = tuple(DOWNMIX_WEIGHTS.get(name, 0.0) for name in names)
    known = len(names) > 1 and all(name in DOWNMIX_WEIGHTS for name in names)
    return weights if known else (1.0,) * len(names)


def loudness_weights(names: Sequence[str]) -> tuple[float, ...]:
    """Return the weights of the channels' energies in loudness, by BS.1770-5.

    Channels behind or beside the listener count more, low-frequency effects nothing.
    """
    return tuple(
        0.0
        if name in LOW_FREQUENCY_NAMES
        else (SURROUND_WEIGHT if name in SURROUND_NAMES else 1.0)
        for name in names
    )
