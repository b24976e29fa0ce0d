"""Level curves, built and read: `segued.dsp.level_curve`."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.dsp.level_curve import (
    LevelCurveBuilder,
    energy_of,
    hop_length,
    window_energies,
)
from segued.dsp.mixdown import Mono, Samples
from segued.model import LevelCurve
from segued.units import RATES_EXACT, Dbfs, Frames, Hertz

RATE = Hertz(44_100)
HOP = 441


def curve_of(*parts: Mono | Samples, rate: Hertz = RATE) -> LevelCurve:
    """Build a curve from consecutive parts."""
    builder = LevelCurveBuilder(rate)
    for part in parts:
        builder.add(part if part.ndim > 1 else part[np.newaxis])
    return builder.finish()


def tone(level: float, frames: int) -> Mono:
    """Return a square wave, whose RMS is its amplitude; float32, shape (frames,)."""
    amplitude = 10 ** (level / 20)
    return np.where(np.arange(frames) % 2, amplitude, -amplitude).astype(np.float32)


@pytest.mark.parametrize(
    ("level", "byte"),
    [
        pytest.param(0.0, 0, id="full scale"),
        pytest.param(-0.2, 0, id="rounded up"),
        pytest.param(-0.3, 1, id="rounded down"),
        pytest.param(-60.0, 120, id="the silence level"),
        pytest.param(-127.4, 255, id="the quietest level"),
        pytest.param(-300.0, 255, id="below the quietest level"),
        pytest.param(12.0, 0, id="above full scale"),
    ],
)
def test_levels_are_quantized_to_half_decibels(level: float, byte: int) -> None:
    """A hop's byte is its RMS below full scale, in steps of 0.5 dB."""
    assert curve_of(tone(level, HOP)).levels == bytes([byte])


def test_digital_silence_is_the_last_byte() -> None:
    """NumPy does not warn of a logarithm of zero."""
    assert curve_of(np.zeros(3 * HOP, np.float32)).levels == b"\xff\xff\xff"


def test_a_sine_is_three_decibels_below_its_peak() -> None:
    """Levels are RMS, not peak."""
    time = np.arange(10 * HOP, dtype=np.float32)
    sine = np.sin(2 * np.pi * 1_000 * time / RATE).astype(np.float32)

    assert set(curve_of(sine).levels) == {6}


def test_partial_hop_uses_its_own_frames() -> None:
    """The last hop's RMS is over its own frames, not over a whole hop."""
    curve = curve_of(tone(-20.0, 2 * HOP + 44))

    assert curve.levels == bytes([40, 40, 40])
    assert curve.frames == 2 * HOP + 44


def test_no_samples_give_no_hops() -> None:
    """A curve of no samples is empty, not an error."""
    assert curve_of() == LevelCurve(b"", Frames(HOP), RATE, Frames(0))


@pytest.mark.parametrize("rate", [*RATES_EXACT, Hertz(4_000), Hertz(37_800)])
def test_a_hop_is_a_hundredth_of_a_second(rate: Hertz) -> None:
    """At any rate, to the frame."""
    assert abs(hop_length(rate) - rate / 100) <= 0.5
    assert len(curve_of(np.zeros(rate, np.float32), rate=rate).levels) in {100, 101}


@given(st.lists(st.integers(0, 1_500), max_size=12))
def test_block_size_does_not_change_the_curve(lengths: list[int]) -> None:
    """The curve is the same for any division into blocks."""
    rng = np.random.default_rng(7)
    samples = rng.uniform(-1, 1, sum(lengths)).astype(np.float32)
    parts = np.split(samples, np.cumsum(lengths)[:-1]) if lengths else []

    assert curve_of(*parts) == curve_of(samples)


@pytest.mark.parametrize("packed", [False, True], ids=["planar", "packed"])
@pytest.mark.parametrize(
    ("gains", "byte"),
    [
        pytest.param((1.0, 1.0), 40, id="in phase"),
        pytest.param((1.0, -1.0), 40, id="in antiphase"),
        pytest.param((1.0, 0.0), 46, id="on one side"),
        pytest.param((1.0, -1.0, 1.0, -1.0, 0.0, 0.0), 44, id="four of six"),
    ],
)
def test_level_is_the_mean_power_of_the_channels(
    gains: tuple[float, ...], byte: int, *, packed: bool
) -> None:
    """Channels do not cancel each other, in either memory order."""
    samples = np.outer(np.array(gains), tone(-20.0, 3 * HOP + 99)).astype(np.float32)
    if packed:
        samples = np.asfortranarray(samples)

    assert set(curve_of(samples).levels) == {byte}


@pytest.mark.parametrize("offset", [0.5, -0.1, 0.001])
@pytest.mark.parametrize("level", [-20.0, -60.0])
def test_a_constant_offset_is_not_counted(level: float, offset: float) -> None:
    """The level is that of the sound around the offset of its channel."""
    sound = tone(level, 40 * HOP + 44)
    samples = np.stack([sound + np.float32(offset), sound])

    assert set(curve_of(samples).levels) == {round(-2 * level)}


def test_a_low_tone_is_no_offset() -> None:
    """The lowest tone that can be heard has the level of any other."""
    time = np.arange(2 * RATE) / RATE
    low = np.sin(2 * np.pi * 20 * time).astype(np.float32)

    energies = window_energies(curve_of(low), 0, 200)

    assert 10 * np.log10(energies) == pytest.approx(-3.0, abs=0.2)


def test_channel_count_changes_in_the_middle() -> None:
    """Each part has its own level, and no frame is lost between."""
    first = np.outer(np.array([1, -1]), tone(-20.0, 100 * HOP + 44))
    second = tone(-40.0, 50 * HOP)[np.newaxis]

    curve = curve_of(first.astype(np.float32), second)

    assert curve.frames == 150 * HOP + 44
    assert set(curve.levels[:100]) == {40}
    assert set(curve.levels[101:]) == {80}
    assert len(curve.levels) == 151


def test_a_long_recording_is_converted_in_batches() -> None:
    """The curve of an hour does not depend on where a batch ends."""
    loud, quiet = tone(-20.0, 999 * HOP), tone(-50.0, 1_001 * HOP)

    levels = curve_of(*([loud, quiet] * 10)).levels

    assert levels == (bytes([40]) * 999 + bytes([100]) * 1_001) * 10


def reference_windows(
    curve: LevelCurve, first: int, last: int, step: int
) -> list[float]:
    """Compute the windows directly from their definition, one by one."""
    shares = [1.0] * len(curve.levels)
    if shares:
        shares[-1] = (curve.frames - (len(shares) - 1) * curve.hop) / curve.hop
    means = []
    for start in range(first, last, step):
        hops = range(start, min(start + 10, last))
        total = sum(
            shares[hop] * energy_of(Dbfs(-curve.levels[hop] / 2))
            for hop in hops
            if curve.levels[hop] < 255
        )
        means.append(total / sum(shares[hop] for hop in hops))
        if start + 10 >= last:
            break
    return means


@given(
    levels=st.binary(max_size=80),
    last_frames=st.integers(1, HOP),
    step=st.sampled_from([1, 5]),
    data=st.data(),
)
def test_windows(
    levels: bytes, last_frames: int, step: int, data: st.DataObject
) -> None:
    """A window's mean square is that of its hops; the last hop may be partial."""
    frames = Frames(max(0, len(levels) - 1) * HOP + (last_frames if levels else 0))
    curve = LevelCurve(levels, Frames(HOP), RATE, frames)
    first = data.draw(st.integers(0, len(levels)))
    last = data.draw(st.integers(first, len(levels)))

    found = window_energies(curve, first, last, step=step)

    assert found.tolist() == pytest.approx(reference_windows(curve, first, last, step))


def test_four_hours_take_little_memory() -> None:
    """A curve is read in batches: child processes have a memory limit."""
    curve = LevelCurve(bytes(1_440_000), Frames(HOP), RATE, Frames(1_440_000 * HOP))

    tracemalloc.start()
    try:
        window_energies(curve, 0, len(curve.levels))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 12 << 20


def test_levels_and_energies_agree() -> None:
    """A level quantized and read again is within a quarter of a decibel."""
    for level in np.linspace(-127, 0, 500):
        byte = LevelCurve.quantized(Dbfs(float(level)))
        energy = window_energies(
            LevelCurve(bytes([byte]), Frames(1), RATE, Frames(1)), 0, 1
        )
        assert abs(10 * math.log10(energy[0]) - level) <= 0.2501
