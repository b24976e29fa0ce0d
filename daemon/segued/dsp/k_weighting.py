"""Filter samples by the K-weighting of ITU-R BS.1770, and return energies of blocks.

The filter is two biquads in series, a shelf and a high-pass, at any sample rate. A
recursion over samples is slow in NumPy, so it is written as matrix products: frames
are filtered in runs of some 40 as if each began in silence, and the filter's state at
the beginning of a run, four numbers, adds its decay. The states of all runs are found
by a second product of the same kind.

Not even the filtered frames are needed, only their energy. The filter amplifies high
frequencies most; what it takes away from that is another filter's output, of the same
states, which is a low-pass: its square has nearly nothing above 5 kHz, so that the mean
of some frames is the mean of all. The energy is the difference, but for what the states
hold of it at both ends of a block. Where most of it is taken away, such as an offset,
the frames are filtered after all.
"""

import math
from collections.abc import Iterator, Sequence
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
RUN_FRAMES: Final = (24, 64)
"""Bounds of a run. A product costs more operations per frame in a longer run, and a run
some hundred operations more."""

GROUP_RUNS: Final = (8, 22)
"""Bounds of the runs whose states are found in one product."""

REST_HZ: Final = 11_025
"""How many frames a second of the low-pass count, at least. A tone whose frames could
all be beside those, of half this rate, is left with 0.4 % of its energy."""

REST_SHARE: Final = 1 / 16
STORED_FACTOR: Final = 2
"""Energy that must be left, as a share of that of the samples, and as a multiple of
what the states held before; otherwise rounding would matter. Less is left of an offset,
of tones below 30 Hz, and in a quiet block after a loud one."""

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
    # Of equal ones that with the longest runs, and with the largest groups of them.
    cost = error.astype(np.float64) - 1e-6 * frames - 1e-9 * runs
    best = np.unravel_index(np.argmin(cost), cost.shape)
    return _Layout(int(groups[best]), int(runs[best]), int(frames[best]))


class _Matrices(NamedTuple):
    """The filter as products with row vectors from the left.

    Attributes:
        run: From the frames of a run and the state before it to its filtered frames;
            float32, shape (frames + STATES, frames).
        rest: The same for the low-pass, and some frames, each with the square root of
            the number of frames that it stands for; None at rates so low that all
            frames count.
        gain: The factor of the energy at high frequencies.
        stored: The energy that a state holds, as a quadratic form: what both filters
            put out until it has decayed.
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
    rest: npt.NDArray[np.float32] | None
    gain: np.float32
    stored: npt.NDArray[np.float64]
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
        if size > len(self._memory):
            self._memory = np.empty(size, dtype=np.float32)
        rows = self._memory[:size].reshape(channels, runs, length + STATES)
        rows[:, :, :length] = samples.reshape(channels, runs, length)
        entries = rows[:, :, :length] @ self._matrices.entry
        rows[:, :, length:], stored = self._states(entries)
        blocks_of_rows = rows.reshape(channels, blocks, -1, length + STATES)
        if self._matrices.rest is None:
            energies = _energies(blocks_of_rows, self._matrices.run)
        else:
            parts = samples.reshape(channels, blocks, -1)
            whole = self._matrices.gain * np.vecdot(parts, parts)
            rest = _energies(blocks_of_rows, self._matrices.rest)
            energies = (whole - rest - np.diff(stored, axis=1)).astype(np.float32)
            low = energies < REST_SHARE * whole + STORED_FACTOR * stored[:, :-1]
            if low.any():
                energies[low] = _energies(blocks_of_rows[low], self._matrices.run)
        energies *= np.float32(blocks / count)
        return energies

    def _states(
        self, entries: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
        """Return the state before each run, and the energy that each block begins with.

        Args:
            entries: Of each run; shape (channels, runs, STATES).

        Returns:
            float32, shape (channels, runs, STATES); and float64, shape (channels,
            blocks + 1).
        """
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
        ends = states[:, :: self._layout.groups]
        stored: npt.NDArray[np.float64] = np.vecdot(ends @ self._matrices.stored, ends)
        return runs.reshape(entries.shape), stored


def _energies(rows: Samples, matrix: npt.NDArray[np.float32]) -> BlockEnergies:
    """Return the energies of runs times a matrix, added up for each block.

    Args:
        rows: Shape (..., blocks, runs, frames + STATES).
        matrix: Shape (frames + STATES, results).
    """
    results = rows.reshape(-1, rows.shape[-1]) @ matrix
    parts = results.reshape(*rows.shape[:-2], -1)
    energies: BlockEnergies = np.vecdot(parts, parts)
    return energies


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
    run = _run_matrix(response, exit_, powers, range(frames))
    step_frames = rate // REST_HZ
    rest = None
    gain, direct, rest_exit = _rest(rate, step, entry)
    if step_frames > 1:
        counted = range(0, frames, step_frames)
        response = np.array(
            [direct, *(rest_exit @ power @ entry for power in powers[:-1])]
        )
        gaps = np.diff([counted[-1] - frames, *counted, frames])
        weights = (gaps[:-1] + gaps[1:]) / 2
        rest = _run_matrix(response, rest_exit, powers, counted) * np.sqrt(weights)
    jumps = _powers(powers[-1], runs)
    states = np.zeros((runs, STATES, runs, STATES))
    for first in range(runs):
        for later in range(first + 1, runs):
            states[first, :, later] = jumps[later - 1 - first].T
    return _Matrices(
        run=_to_float32(run),
        rest=None if rest is None else _to_float32(rest),
        gain=np.float32(gain),
        stored=_stored(step, np.stack([exit_, rest_exit])),
        entry=_to_float32(
            np.stack([powers[frames - 1 - n] @ entry for n in range(frames)])
        ),
        states=_to_float32(states.reshape(runs * STATES, -1)),
        carry=_to_float32(np.concatenate([each.T for each in jumps[:-1]], axis=1)),
        end=_to_float32(np.concatenate([jumps[runs - 1 - n].T for n in range(runs)])),
        decays=tuple(_squares(jumps[-1].T)),
    )


def _run_matrix(
    response: npt.NDArray[np.float64],
    exit_: npt.NDArray[np.float64],
    powers: list[npt.NDArray[np.float64]],
    counted: Sequence[int],
) -> npt.NDArray[np.float64]:
    """Return the matrix from a run and the state before it to some filtered frames.

    Args:
        response: The filter's impulse response.
        exit_: From a state to the next output.
        powers: Of the matrix from a state to the next one.
        counted: The filtered frames.
    """
    frames = len(powers) - 1
    matrix = np.zeros((frames + STATES, len(counted)))
    for column, frame in enumerate(counted):
        matrix[: frame + 1, column] = response[frame::-1]
        matrix[frames:, column] = exit_ @ powers[frame]
    return matrix


def _rest(
    rate: Hertz, step: npt.NDArray[np.float64], entry: npt.NDArray[np.float64]
) -> tuple[float, float, npt.NDArray[np.float64]]:
    """Return the filter whose energy is what the K-weighting takes away.

    The squares of both responses add up to the same at all frequencies, the energy
    gain. As polynomials in the square of the analog frequency, that gives the squared
    zeros of this filter, which are all real; its poles are those of the K-weighting.

    Args:
        rate: The sample rate.
        step: From a state to the next one without input, for column vectors.
        entry: From an input to the next state.

    Returns:
        The energy gain, and the weights of an input and of a state in an output.
    """
    k, low_k = (math.tan(math.pi * each / rate) for each in (SHELF_HZ, HIGH_PASS_HZ))
    gain = 10 ** (SHELF_GAIN_DB / 20)
    shelf = [1, k / SHELF_Q, k * k]
    high_pass = [1, low_k / HIGH_PASS_Q, low_k * low_k]
    boost = [gain, gain**SHELF_MIDDLE * k / SHELF_Q, k * k]
    scale = sum(high_pass) ** 2  # BS.1770 does not scale the high-pass to 1.
    rest = scale * (
        gain**2 * np.convolve(_squared(shelf), _squared(high_pass))
        - np.convolve(_squared(boost), [1, 0, 0])
    )
    turns = 2 * np.pi * np.geomspace(1, rate / 2.1, 500) / rate
    analog = 1j * np.tan(turns / 2)
    poles = np.polyval(shelf, analog) * np.polyval(high_pass, analog)
    zeros = [analog + math.sqrt(-each) for each in np.roots(rest[1:]).real]
    wanted = math.sqrt(rest[1]) * np.prod(zeros, axis=0) / poles
    # The weights that give this response, by least squares.
    inputs = np.ones((len(turns), 1 + STATES), complex)
    unit = np.exp(1j * turns)[:, np.newaxis, np.newaxis] * np.eye(STATES)
    inputs[:, 1:] = np.linalg.solve(unit - step, entry[:, np.newaxis])[:, :, 0]
    both = np.concatenate([inputs.real, inputs.imag])
    weights = np.linalg.lstsq(both, np.concatenate([wanted.real, wanted.imag]))[0]
    return scale * gain**2, float(weights[0]), weights[1:]


def _stored(
    step: npt.NDArray[np.float64], exits: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the energy of all later outputs of a state, without input.

    Args:
        step: From a state to the next one, for column vectors.
        exits: From a state to each output; shape (outputs, STATES).
    """
    # The energy now is that of the next output, and the energy of the next state.
    later = np.eye(STATES * STATES) - np.kron(step.T, step.T)
    energies = np.linalg.solve(later, (exits.T @ exits).reshape(-1))
    return np.array(energies.reshape(STATES, STATES), dtype=np.float64)


def _squared(polynomial: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return the square of a quadratic's absolute value, in squared frequency."""
    a, b, c = polynomial
    return np.array([a * a, b * b - 2 * a * c, c * c])


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
