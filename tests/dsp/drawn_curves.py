"""Level curves drawn as text: each character is a length of sound at one level."""

from typing import Final

from segued.dsp.level_curve import hop_length
from segued.model import LevelCurve
from segued.units import Dbfs, Frames, Hertz, Ticks, frames_to_ticks

__all__ = ["LEVELS", "RATE", "curve_from_drawing", "ticks_at"]

RATE: Final = Hertz(44_100)

LEVELS: Final = {
    "#": Dbfs(-10.0),
    "+": Dbfs(-20.0),
    "-": Dbfs(-42.0),
    "_": Dbfs(-50.0),
    ".": Dbfs(-80.0),
    " ": Dbfs(-200.0),
}
"""The level of each character; the last one is digital silence in a curve."""


def curve_from_drawing(
    drawing: str, *, each_s: float = 0.5, rate: Hertz = RATE
) -> LevelCurve:
    """Return the curve of a drawing whose characters are `each_s` seconds long."""
    hops = round(100 * each_s)
    levels = b"".join(bytes([LevelCurve.quantized(LEVELS[s])]) * hops for s in drawing)
    hop = hop_length(rate)
    return LevelCurve(levels, hop, rate, Frames(len(levels) * hop))


def ticks_at(length_s: float, rate: Hertz = RATE) -> Ticks:
    """Return the tick at a hop of a drawn curve, `length_s` from its start."""
    return frames_to_ticks(round(100 * length_s) * hop_length(rate), rate)
