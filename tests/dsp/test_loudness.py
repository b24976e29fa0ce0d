"""Loudness by EBU R128: `segued.dsp.loudness` and what it consists of."""

import math
import tracemalloc
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from segued.dsp.k_weighting import KWeighting, _biquads, block_length
from segued.dsp.loudness import (
    LoudnessCurve,
    LoudnessCurveBuilder,
    loudness_of,
    pack,
    unpack,
)
from segued.dsp.mixdown import Samples
from segued.dsp.true_peak import MARGIN, TruePeakMeter
from segued.model import Span
from segued.units import RATES_EXACT, Frames, Hertz, frames_to_ticks, seconds_to_ticks
from tests.audio import music

RATE = Hertz(48_000)
STEREO = (1.0, 1.0)


def curve_of(
    parts: Iterable[Samples], rate: Hertz = RATE, weights: tuple[float, ...] = STEREO
) -> LoudnessCurve:
    """Build a curve from consecutive parts."""
    builder = LoudnessCurveBuilder(rate, weights)
    for part in parts:
        builder.add(part)
    return builder.finish()


def loudness_of_all(curve: LoudnessCurve) -> dict[str, float]:
    """Return the loudness of the whole file."""
    return loudness_of(curve, span_of(curve))


def span_of(curve: LoudnessCurve) -> Span:
    """Return the whole file."""
    return Span(seconds_to_ticks(0), frames_to_ticks(curve.frames, curve.rate))


def tone(
    levels: Iterable[tuple[float, float]],
    hertz: float = 1_000.0,
    *,
    rate: Hertz = RATE,
    channels: int = 2,
) -> Samples:
    """Return a sine in all channels, of these levels in dBFS for these seconds."""
    amplitude = np.concatenate(
        [
            np.full(round(seconds * rate), 10 ** (level / 20))
            for level, seconds in levels
        ]
    )
    wave = amplitude * np.sin(2 * math.pi * hertz * np.arange(len(amplitude)) / rate)
    return np.tile(wave.astype(np.float32), (channels, 1))


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        pytest.param([(-23, 20)], -23, id="case 1"),
        pytest.param([(-33, 20)], -33, id="case 2"),
        pytest.param([(-36, 10), (-23, 60), (-36, 10)], -23, id="case 3"),
        pytest.param(
            [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23, id="case 4"
        ),
        pytest.param([(-26, 20), (-20, 20.1), (-26, 20)], -23, id="case 5"),
    ],
)
def test_loudness_of_the_ebu_test_signals(
    levels: list[tuple[float, float]], expected: float
) -> None:
    """EBU Tech 3341: the gates leave out quiet parts."""
    found = loudness_of_all(curve_of([tone(levels)]))

    assert found["loudness_lufs"] == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate", [each for each in RATES_EXACT if each >= 32_000])
@pytest.mark.parametrize(("hertz", "weighted"), [(1_000, 0.0), (40, -6.31)])
def test_weighting_does_not_depend_on_the_sample_rate(
    rate: int, hertz: float, weighted: float
) -> None:
    """BS.1770: a tone of 1 kHz counts in full, a low one less."""
    samples = tone([(-23, 3)], hertz, rate=Hertz(rate), channels=1)

    found = loudness_of_all(curve_of([samples], Hertz(rate), (1.0,)))

    assert found["loudness_lufs"] == pytest.approx(-26.01 + weighted, abs=0.1)


@pytest.mark.parametrize("rate", RATES_EXACT)
def test_no_product_is_too_small_for_its_type(rate: int) -> None:
    """Processors compute with such numbers many times slower."""
    noise = np.random.default_rng(7).standard_normal(
        (1, 10 * block_length(Hertz(rate)))
    )
    weighting = KWeighting(Hertz(rate), 1)

    with np.errstate(under="raise"):
        energies = weighting.energies(noise.astype(np.float32))

    assert energies.min() > 0


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize(
    "kind", ["music", "noise", "clicks", "bursts", "low", "5.5 kHz", "offset"]
)
def test_energies_are_those_of_the_filtered_samples(rate: int, kind: str) -> None:
    """Also where they are computed without filtering all of them."""
    block = block_length(Hertz(rate))
    samples = weighted_sound(kind, rate)[:, : 18 * block]
    weighting = KWeighting(Hertz(rate), len(samples))

    found = np.concatenate(
        [
            weighting.energies(samples[:, first * block : last * block])
            for first, last in ((0, 7), (7, 8), (8, 18))
        ],
        axis=1,
    )

    filtered = k_weighted(samples, rate).reshape(len(samples), -1, block)
    expected = np.square(filtered).mean(axis=2)
    floor = 1e-12  # of silent blocks
    decibels = 10 * np.log10((found + floor) / (expected + floor))
    # Clicks: energy at the end of a block may count for the next one.
    assert np.abs(decibels).max() < (0.2 if kind == "clicks" else 0.06)
    assert 10 * np.log10(found.sum() / expected.sum()) == pytest.approx(0, abs=0.01)


def weighted_sound(kind: str, rate: int) -> Samples:
    """Return two seconds of sound in two channels, of some more kinds."""
    time = np.arange(2 * rate) / rate
    if kind == "bursts":
        block = np.arange(2 * rate) // block_length(Hertz(rate))
        loud = np.where(block // 3 % 2, 1e-3, 1)
        return (loud * sound("noise", rate)).astype(np.float32)
    if kind == "low":
        turns = 2 * math.pi * time * np.array([[20], [35]])
        return np.array(0.3 * np.sin(turns), np.float32)
    if kind == "5.5 kHz":
        # All frames that count may be beside the peaks.
        hertz = rate / 2 / max(1, rate // 11_025)
        turns = 2 * math.pi * hertz * time
        return np.stack([np.cos(turns), np.sin(turns)]).astype(np.float32)
    if kind == "offset":
        return sound("noise", rate) * np.float32(1e-3) + np.float32(0.5)
    return np.ascontiguousarray(sound(kind, rate))


def k_weighted(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Return samples filtered by the responses of both filters of BS.1770."""
    count = samples.shape[1]
    length = count + rate  # The filters decay in less than a second.
    turn = np.exp(-2j * math.pi * np.arange(length // 2 + 1) / length)
    response = np.ones(len(turn), complex)
    for numerator, denominator in _biquads(Hertz(rate)):
        response *= np.polyval(numerator[::-1], turn)
        response /= np.polyval(denominator[::-1], turn)
    spectra = np.fft.rfft(samples.astype(np.float64), length) * response
    return np.fft.irfft(spectra, length)[:, :count]


def test_surround_channels_count_more() -> None:
    """EBU Tech 3341, case 6: five channels of different levels; and silent effects."""
    levels = [-28, -28, -24, 20, -30, -30]
    channels = np.concatenate([tone([(each, 20)], channels=1) for each in levels])

    curve = curve_of([channels], weights=(1.0, 1.0, 1.0, 0.0, 1.41, 1.41))

    assert loudness_of_all(curve)["loudness_lufs"] == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        pytest.param([-20, -30], 10, id="case 1"),
        pytest.param([-20, -15], 5, id="case 2"),
        pytest.param([-40, -20], 20, id="case 3"),
        pytest.param([-50, -35, -20, -35, -50], 15, id="case 4"),
    ],
)
def test_loudness_range_of_the_ebu_test_signals(
    levels: list[float], expected: float
) -> None:
    """EBU Tech 3342: each level lasts for 20 s."""
    found = loudness_of_all(curve_of([tone([(each, 20) for each in levels])]))

    assert found["loudness_range_lu"] == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("divisor", "degrees", "amplitude", "expected"),
    [
        pytest.param(4, 0, 0.50, -6.0, id="case 15"),
        pytest.param(4, 45, 0.50, -6.0, id="case 16"),
        pytest.param(6, 60, 0.50, -6.0, id="case 17"),
        pytest.param(8, 67.5, 0.50, -6.0, id="case 18"),
        pytest.param(4, 45, 1.41, 3.0, id="case 19"),
    ],
)
def test_true_peak_of_the_ebu_test_signals(
    divisor: int, degrees: float, amplitude: float, expected: float
) -> None:
    """EBU Tech 3341: the highest value of a sine may lie between its samples."""
    time = np.arange(5 * RATE)
    swell = np.minimum(1, np.minimum(time, time[::-1]) / RATE)
    wave = np.sin(2 * math.pi * time / divisor + math.radians(degrees))
    samples = (amplitude * swell * wave).astype(np.float32)

    found = loudness_of_all(curve_of([samples[np.newaxis]], weights=(1.0,)))

    assert found["true_peak_dbtp"] == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("kind", ["music", "noise", "clicks", "highest tone"])
def test_true_peak_is_that_of_complete_oversampling(rate: int, kind: str) -> None:
    """What is not interpolated would not have changed the peak of any block."""
    frames = 2 * rate
    samples = sound(kind, rate)
    buffer = np.ascontiguousarray(samples, dtype=np.float32)
    block = block_length(Hertz(rate))
    blocks = (frames - MARGIN) // block

    found = TruePeakMeter(Hertz(rate), block).peaks(buffer, blocks)

    factor = max(1, round(192_000 / rate))
    curve = np.abs(oversampled(buffer, factor))
    first = MARGIN // 2 * factor
    # A value between two blocks counts for the one with the higher sample.
    low, high = (
        np.array(
            [
                curve[:, first + n * block * factor - more :][
                    :, : (block - 1) * factor + 1 + 2 * more
                ].max()
                for n in range(blocks)
            ]
        )
        for more in (0, factor - 1)
    )
    assert (low * (1 - 1e-5) <= found).all()
    assert (found <= high * (1 + 1e-5)).all()


def sound(kind: str, rate: int) -> Samples:
    """Return two seconds of sound in two channels."""
    rng = np.random.default_rng(1)
    shape = (2, 2 * rate)
    if kind == "music":
        return music(2.0, rate, 2).T
    if kind == "noise":
        return 0.2 * rng.standard_normal(shape, dtype=np.float32)
    if kind == "clicks":
        return np.where(rng.random(shape) < 0.001, np.float32(0.9), np.float32(0))
    return np.tile(np.cos(3.0 * np.arange(shape[1])), (2, 1)).astype(np.float32)


def oversampled(samples: Samples, factor: int) -> Samples:
    """Return samples interpolated with a sinc of 32 samples in a Kaiser window."""
    distance = np.arange(-16 * factor, 16 * factor + 1) / factor
    window = np.i0(9 * np.sqrt(1 - (distance / 16) ** 2))
    kernel = np.sinc(distance) * window
    spread = np.zeros((len(samples), samples.shape[1] * factor))
    spread[:, ::factor] = samples
    for phase in range(factor):
        kernel[phase::factor] /= kernel[phase::factor].sum()
    return np.stack([np.convolve(each, kernel, mode="same") for each in spread])


@pytest.mark.parametrize("rate", [4_000, 11_025, 44_056, 44_100, 352_800, 768_000])
def test_block_is_a_tenth_of_a_second(rate: int) -> None:
    """It has a length that can be divided, within a thousandth."""
    assert block_length(Hertz(rate)) == pytest.approx(rate / 10, rel=1e-3)


def test_parts_of_any_length_give_the_same_curve() -> None:
    """In either memory order, from less than a block to many."""
    whole = music(7.3, 44_100, 2).T
    planes = np.ascontiguousarray(whole)
    edges = [0, 1, 30, 4_409, 4_410, 20_000, 20_050, 250_000, planes.shape[1]]
    rate = Hertz(44_100)

    one = curve_of([planes], rate)

    assert curve_of([whole], rate) == one
    parts = [planes[:, a:b] for a, b in pairwise(edges)]
    assert curve_of(parts, rate) == one
    assert len(one.levels) == len(one.peaks) == 2 * 73


def test_passage_has_the_loudness_that_it_has_alone() -> None:
    """Within the rounding of its ends to 100 ms: a cut needs no decode."""
    parts = [music(20.0, RATE, 2, seed) * level for seed, level in ((1, 1.0), (2, 0.2))]
    curve = curve_of([part.T for part in parts])
    ends = [seconds_to_ticks(each) for each in (0, 20, 40)]

    for number, part in enumerate(parts):
        alone = loudness_of_all(curve_of([part.T]))
        found = loudness_of(curve, Span(ends[number], ends[number + 1]))
        assert found == pytest.approx(alone, abs=0.02)


def test_last_sample_of_a_file_counts() -> None:
    """The true peak is in a block that is not complete."""
    samples = np.zeros((2, 48_000 + 700), np.float32)
    samples[1, -1] = 0.5

    found = loudness_of_all(curve_of([samples]))

    assert found["true_peak_dbtp"] == pytest.approx(-6.02, abs=0.01)


def test_silence_has_no_loudness() -> None:
    """NumPy does not warn of a logarithm of zero."""
    assert loudness_of_all(curve_of([np.zeros((2, 99_999), np.float32)])) == {}
    assert loudness_of_all(curve_of([])) == {}


def test_short_sound_has_only_a_true_peak() -> None:
    """Loudness takes windows of 400 ms, the range of 3 s."""
    brief, short = (
        loudness_of_all(curve_of([tone([(-20, seconds)])])) for seconds in (0.39, 2.9)
    )

    assert brief.keys() == {"true_peak_dbtp"}
    assert short.keys() == {"true_peak_dbtp", "loudness_lufs"}


def test_quiet_sound_on_a_large_offset_is_measured() -> None:
    """What the high-pass removes leaves no rounding errors."""
    quiet = tone([(-60, 10)])
    later = Span(seconds_to_ticks(2), seconds_to_ticks(10))

    alone, both = (
        loudness_of(curve_of([each]), later) for each in (quiet, quiet + 0.5)
    )

    assert both["loudness_lufs"] == pytest.approx(alone["loudness_lufs"], abs=0.02)


def test_channels_may_change() -> None:
    """A chained stream may continue with other channels: in each the same tone."""
    builder = LoudnessCurveBuilder(RATE, (1.0,))
    builder.add(tone([(-20, 10.03)], channels=1))
    builder.add(tone([(-23.01, 10)], channels=2))

    curve = builder.finish()

    assert curve.frames == round(20.03 * RATE)
    assert loudness_of_all(curve)["loudness_lufs"] == pytest.approx(-23.0, abs=0.05)


def test_packed_curve_is_unpacked() -> None:
    """Silence, sound, and silence again."""
    parts = [np.zeros((2, 48_000), np.float32), music(3.0, RATE, 2).T]
    curve = curve_of([*parts, parts[0]])

    packed = pack(curve)

    assert unpack(packed, curve.block, curve.rate, curve.frames) == curve
    empty = LoudnessCurve(b"", b"", Frames(4_800), RATE, Frames(0))
    assert unpack(pack(empty), empty.block, RATE, Frames(0)) == empty


def test_memory_of_four_hours_is_bounded() -> None:
    """16 bytes for 100 ms until the end."""
    builder = LoudnessCurveBuilder(Hertz(8_000), (1.0,))
    block = np.zeros((1, 65_536), np.float32)
    builder.add(block)

    tracemalloc.start()
    for _ in range(4 * 3_600 * 8_000 // block.shape[1]):
        builder.add(block)
    builder.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 12 << 20
