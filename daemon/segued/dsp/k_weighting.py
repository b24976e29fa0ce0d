"""Filter samples by the K-weighting of ITU-R BS.1770, and return energies of blocks.

The filter is two biquads in series, a shelf and a high-pass, at any sample rate. A
recursion over samples is slow in NumPy, so it is written as matrix products: frames
are filtered in runs of some 40 as if each began in silence, and the filter's state at
the beginning of a run, four numbers, adds its decay. The states of all runs are found
by a second product of the same kind.
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.dsp.mixdown import Samples
from segued.units import Frames, Hertz

__all__ = ["BlockEnergies", "KWeighting", "block_length"]

BlockEnergies: TypeAlias = npt.NDArray[np.float32]
"""Mean squares of K-weighted samples; shape (channels, blocks)."""

BLOCKS_PER_SECOND: Final = 10

SHELF_HZ: Final = 1681.974450955533
SHELF_GAIN_DB: Final = 3.999843853973347
SHELF_Q: Final = 0.7071752369554196
SHELF_MIDDLE: Final = 0.4996667741545416
HIGH_PASS_HZ: Final = 38.13547087602444
HIGH_PASS_Q: Final = 0.5003270373238773
"""The analog filters whose bilinear transforms at 48 kHz have the coefficients that
BS.1770 lists; libebur128 and FFmpeg transform the same ones at other rates."""

STATES: Final = 4
RUN_FRAMES: Final = (24, 46)
"""Bounds of a run. A product costs as many operations per frame as a run has frames,
and a run some hundred operations more."""

GROUP_RUNS: Final = (8, 22)
"""Bounds of the runs whose states are found in one product."""

NEGLIGIBLE: Final = 1e-9
"""Share of a state that is lost in the rounding of samples."""

VANISHED: Final = 1e-12
"""Weights and states below this, -240 dB, are 0: products so small that float32 cannot
hold them with full precision take ten times as long."""


class _Layout(NamedTuple):
    """How a block of 100 ms is divided: groups of runs of frames."""

    groups: int
    runs: int
    frames: int


def block_length(rate: Hertz) -> Frames:
    """Return the frames per block: 100 ms, within a thousandth.

    It is exact for all common sample rates. Others are rounded to a length that can
    be divided.
    """
    return Frames(math.prod(_layout(rate)))


@cache
def _layout(rate: Hertz) -> _Layout:
    """Return the division of a block that is nearest to 100 ms."""
    wanted = rate / BLOCKS_PER_SECOND
    runs, frames = np.meshgrid(
        np.arange(GROUP_RUNS[0], GROUP_RUNS[1] + 1),
        np.arange(RUN_FRAMES[0], RUN_FRAMES[1] + 1),
    )
    groups = np.maximum(1, np.rint(wanted / (runs * frames)))
    error = np.abs(groups * runs * frames - wanted)
    # Of equal ones that with the largest groups of the longest runs.
    cost = error.astype(np.float64) - 1e-6 * runs * frames
    best = np.unravel_index(np.argmin(cost), cost.shape)
    return _Layout(int(groups[best]), int(runs[best]), int(frames[best]))


class _Matrices(NamedTuple):
    """The filter as products with row vectors from the left.

    Attributes:
        run: From the frames of a run and the state before it to its filtered frames;
            float32, shape (frames + STATES, frames).
        entry: From the frames of a run to their share of the state after it; float32,
            shape (frames, STATES).
        states: From the entries of a group's runs to the state before each run, as
            if the group began in silence; shape (runs * STATES, runs * STATES).
        carry: From the state before a group to its share of the state before each
            run; shape (STATES, runs * STATES).
        end: From the entries of a group's runs to the state after the group; shape
            (runs * STATES, STATES).
        decays: From the state before a group to its share of the state 1, 2, 4 ...
            groups later, as long as it is not negligible.
    """

    run: npt.NDArray[np.float32]
    entry: npt.NDArray[np.float32]
    states: npt.NDArray[np.float32]
    carry: npt.NDArray[np.float32]
    end: npt.NDArray[np.float32]
    decays: tuple[npt.NDArray[np.float64], ...]


class KWeighting:
    """The K-weighting of consecutive blocks of some channels."""

    def __init__(self, rate: Hertz, channels: int) -> None:
        self._layout: Final = _layout(rate)
        self._matrices: Final = _matrices(rate)
        self._state: npt.NDArray[np.float64] = np.zeros((channels, STATES))
        self._memory = np.empty(0, dtype=np.float32)

    def energies(self, samples: Samples) -> BlockEnergies:
        """Filter the next frames, a whole number of blocks, and return their energies.

        Args:
            samples: float32, shape (channels, blocks * block_length).
        """
        channels, count = samples.shape
        length = self._layout.frames
        runs, blocks = count // length, count // math.prod(self._layout)
        size = channels * runs * (length + STATES)
        if size + samples.size > len(self._memory):
            self._memory = np.empty(size + samples.size, dtype=np.float32)
        rows = self._memory[:size].reshape(channels, runs, length + STATES)
        filtered = self._memory[size : size + samples.size]
        rows[:, :, :length] = samples.reshape(channels, runs, length)
        rows[:, :, length:] = self._states(rows[:, :, :length] @ self._matrices.entry)
        np.matmul(
            rows.reshape(-1, length + STATES),
            self._matrices.run,
            out=filtered.reshape(-1, length),
        )
        parts = filtered.reshape(channels, blocks, -1)
        energies: BlockEnergies = np.vecdot(parts, parts)
        energies *= np.float32(1 / parts.shape[2])
        return energies

    def _states(self, entries: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the state before each run; float32, shape (channels, runs, STATES)."""
        groups = entries.reshape(len(entries), -1, self._layout.runs * STATES)
        states = np.concatenate(
            [self._state[:, np.newaxis], groups @ self._matrices.end], axis=1
        )
        # Each step adds the share of as many earlier groups again.
        for step, decay in enumerate(self._matrices.decays):
            states[:, 1 << step :] += states[:, : -1 << step] @ decay
        self._state = states[:, -1].copy()
        before = _to_float32(states[:, :-1])
        runs = groups @ self._matrices.states + before @ self._matrices.carry
        return runs.reshape(entries.shape)


def _biquads(rate: Hertz) -> list[tuple[npt.NDArray[np.float64], ...]]:
    """Return numerator and denominator of shelf and high-pass, each of three terms."""
    k, gain = math.tan(math.pi * SHELF_HZ / rate), 10 ** (SHELF_GAIN_DB / 20)
    middle, scale = gain**SHELF_MIDDLE, 1 + k / SHELF_Q + k * k
    shelf = np.array(
        [
            gain + middle * k / SHELF_Q + k * k,
            2 * (k * k - gain),
            gain - middle * k / SHELF_Q + k * k,
        ]
    )
    poles = np.array([scale, 2 * (k * k - 1), 1 - k / SHELF_Q + k * k])
    k = math.tan(math.pi * HIGH_PASS_HZ / rate)
    low_scale = 1 + k / HIGH_PASS_Q + k * k
    low_poles = np.array([low_scale, 2 * (k * k - 1), 1 - k / HIGH_PASS_Q + k * k])
    return [
        (shelf / scale, poles / scale),
        (np.array([1.0, -2.0, 1.0]), low_poles / low_scale),
    ]


@cache
def _matrices(rate: Hertz) -> _Matrices:
    """Return the matrices of the filter at a sample rate."""
    (b1, a1), (b2, a2) = _biquads(rate)
    # State space of both in transposed direct form II, for column vectors.
    step: npt.NDArray[np.float64] = np.zeros((STATES, STATES))
    step[:2, :2] = [[-a1[1], 1], [-a1[2], 0]]
    step[2:, 2:] = [[-a2[1], 1], [-a2[2], 0]]
    entry1, entry2 = b1[1:] - a1[1:] * b1[0], b2[1:] - a2[1:] * b2[0]
    step[2:, 0] = entry2
    entry = np.concatenate([entry1, entry2 * b1[0]])
    exit_ = np.array([b2[0], 0.0, 1.0, 0.0])
    # The poles of the high-pass are nearly one double pole close to 1. In the form
    # above, a state's effect grows with time before it decays, and errors with it;
    # in terms of that pole's eigenvector, and of a small vector beside it, it does not.
    pole = math.sqrt(a2[2])
    basis = np.eye(STATES)
    basis[3, 2:] = [-pole, 1 - pole]
    step = np.linalg.inv(basis) @ step @ basis
    entry, exit_ = np.linalg.solve(basis, entry), exit_ @ basis
    _, runs, frames = _layout(rate)
    powers = _powers(step, frames)
    response = np.array(
        [b1[0] * b2[0], *(exit_ @ power @ entry for power in powers[:-1])]
    )
    run = np.zeros((frames + STATES, frames))
    for row in range(frames):
        run[row, row:] = response[: frames - row]
    run[frames:] = np.stack([exit_ @ power for power in powers[:-1]], axis=1)
    jumps = _powers(powers[-1], runs)
    states = np.zeros((runs, STATES, runs, STATES))
    for first in range(runs):
        for later in range(first + 1, runs):
            states[first, :, later] = jumps[later - 1 - first].T
    return _Matrices(
        run=_to_float32(run),
        entry=_to_float32(
            np.stack([powers[frames - 1 - n] @ entry for n in range(frames)])
        ),
        states=_to_float32(states.reshape(runs * STATES, -1)),
        carry=_to_float32(np.concatenate([each.T for each in jumps[:-1]], axis=1)),
        end=_to_float32(np.concatenate([jumps[runs - 1 - n].T for n in range(runs)])),
        decays=tuple(_squares(jumps[-1].T)),
    )


def _to_float32(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return np.where(np.abs(values) < VANISHED, 0, values).astype(np.float32)


def _powers(
    matrix: npt.NDArray[np.float64], count: int
) -> list[npt.NDArray[np.float64]]:
    """Return the powers of a square matrix with exponents 0 to `count`."""
    powers = [np.eye(len(matrix))]
    for _ in range(count):
        powers.append(powers[-1] @ matrix)
    return powers


def _squares(matrix: npt.NDArray[np.float64]) -> Iterator[npt.NDArray[np.float64]]:
    """Yield a matrix, its square, the square of that ..., until it is negligible."""
    while np.abs(matrix).max() > NEGLIGIBLE:
        yield matrix
        matrix = matrix @ matrix
