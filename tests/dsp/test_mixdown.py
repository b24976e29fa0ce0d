"""Mixing channels to one or two: `segued.dsp.mixdown`."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.dsp.mixdown import (
    Block,
    Mono,
    mix,
    sanitize_block,
    to_samples,
    to_shares,
    to_stereo,
)

KINDS = {
    "u8": (np.uint8, 128, 128),
    "s16": (np.int16, 1 << 15, 0),
    "s32": (np.int32, 1 << 31, 0),
    "s64": (np.int64, 1 << 63, 0),
    "flt": (np.float32, 1, 0),
    "dbl": (np.float64, 1, 0),
}
"""Sample formats: dtype, full scale, zero level."""


def to_sample_format(samples: npt.NDArray[np.float64], kind: str) -> Block:
    """Return samples, shape (channels, frames), in a decoder's format."""
    dtype, full_scale, middle = KINDS[kind]
    return (samples * full_scale + middle).astype(dtype)


def mean(block: Block) -> Mono:
    """Return the mean of all channels, shape (frames,)."""
    out = np.empty(block.shape[1], np.float32)
    mix(to_samples(block), to_shares((1.0,) * len(block)), out)
    return out


@pytest.mark.parametrize("packed", [False, True], ids=["planar", "packed"])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_any_samples(kind: str, channels: int, *, packed: bool) -> None:
    """The mean has full scale 1 and zero level 0 for every sample format."""
    rng = np.random.default_rng(3)
    samples = rng.uniform(-0.9, 0.9, (channels, 500))
    block = to_sample_format(samples, kind)
    if packed:
        block = np.ascontiguousarray(block.T).T

    step = 1 / 128 if kind == "u8" else 1 / 32_768
    assert mean(block) == pytest.approx(samples.mean(axis=0), abs=step)
    assert sanitize_block(block)[1] == pytest.approx(np.abs(samples).max(), abs=step)


def test_weights_are_relative() -> None:
    """Weights need not sum to 1."""
    block = np.array([[1.0], [0.5], [0.0]], np.float32)
    out = np.empty(1, np.float32)

    mix(block, to_shares((2.0, 4.0, 2.0)), out)

    assert out.tolist() == [0.5]


def test_nan_and_infinity_become_zero() -> None:
    """The other samples of the block are unchanged."""
    bad = np.array([[0.5, np.nan, np.inf, -np.inf, -0.25]], np.float32)

    block, peak = sanitize_block(bad)

    assert block.tolist() == [[0.5, 0.0, 0.0, 0.0, -0.25]]
    assert peak == 0.5


def test_a_valid_block_is_not_copied() -> None:
    """Checking a block costs no copy."""
    good = np.zeros((2, 8), np.float32)

    assert sanitize_block(good)[0] is good


@given(st.floats(1, 2.0**100, width=32))
def test_beyond_full_scale(height: float) -> None:
    """The peak is not clipped, and the square of the mix is finite."""
    block, peak = sanitize_block(np.full((2, 4), height, np.float32))

    assert peak == pytest.approx(height)
    assert np.isfinite(np.square(mean(block)).sum())
    assert mean(block)[0] >= 1


def test_the_most_negative_integer_is_full_scale() -> None:
    """The sample -32,768, which has no positive counterpart, does not overflow."""
    assert sanitize_block(np.array([[-32_768, 0]], np.int16))[1] == 1.0


@pytest.mark.parametrize(
    ("channels", "target_channels", "expected"),
    [
        pytest.param(1, 1, [[0.1]], id="one of one"),
        pytest.param(2, 2, [[0.1, 0.2]], id="two of two"),
        pytest.param(3, 2, [[0.2, 0.2]], id="the mean of three, twice"),
        pytest.param(2, 1, [[0.15]], id="the mean of two"),
        pytest.param(1, 2, [[0.1, 0.1]], id="one, twice"),
    ],
)
def test_stereo(
    channels: int, target_channels: int, expected: list[list[float]]
) -> None:
    """Two channels stay two; anything else becomes its mean."""
    block = np.array([[0.1], [0.2], [0.3]], np.float32)[:channels]

    assert to_stereo(block, target_channels) == pytest.approx(np.array(expected))
