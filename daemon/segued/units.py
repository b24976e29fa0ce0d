"""Quantities that must never be mixed up, as types that mypy tells apart.

Positions are integers everywhere. A tick is 1/28,224,000 s; that rate is a common
multiple of the usual sample rates, so a frame boundary at any of them is a whole
number of ticks and nothing is rounded on the way to the database.
"""

from typing import Final, NewType

__all__ = [
    "RATES_EXACT",
    "TICKS_PER_SECOND",
    "Dbfs",
    "Frames",
    "Hertz",
    "Seconds",
    "Ticks",
    "frames_to_ticks",
    "seconds_to_ticks",
    "ticks_to_frames",
    "ticks_to_seconds",
]

Ticks = NewType("Ticks", int)
"""A position in, or length of, a recording; 28,224,000 per second."""

Frames = NewType("Frames", int)
"""A count of sample frames: one sample per channel, at the file's own rate."""

Hertz = NewType("Hertz", int)
"""A sample rate, in frames per second."""

Seconds = NewType("Seconds", float)
"""Wall-clock time: time limits and delays. Never a position in a recording."""

Dbfs = NewType("Dbfs", float)
"""A level relative to full scale: 0 is full scale, -inf is digital silence."""

TICKS_PER_SECOND: Final = 28_224_000

RATES_EXACT: Final = tuple(
    Hertz(rate)
    for rate in (
        8_000,
        11_025,
        12_000,
        16_000,
        22_050,
        24_000,
        32_000,
        44_100,
        48_000,
        88_200,
        96_000,
        176_400,
        192_000,
        352_800,
    )
)
"""Sample rates whose every frame boundary is a whole number of ticks."""


def frames_to_ticks(frames: int, rate: int) -> Ticks:
    """Return the length of `frames` sample frames at `rate` Hz, in ticks.

    Exact for every rate in `RATES_EXACT`; for any other rate, rounds down.
    """
    return Ticks(frames * TICKS_PER_SECOND // rate)


def ticks_to_frames(ticks: int, rate: int) -> Frames:
    """Return how many whole sample frames at `rate` Hz fit into `ticks`."""
    return Frames(ticks * rate // TICKS_PER_SECOND)


def seconds_to_ticks(seconds: float) -> Ticks:
    """Return `seconds` in ticks, rounded: for limits, never for sample positions."""
    return Ticks(round(seconds * TICKS_PER_SECOND))


def ticks_to_seconds(ticks: int) -> float:
    """Return `ticks` in seconds, for display and for services."""
    return ticks / TICKS_PER_SECOND
