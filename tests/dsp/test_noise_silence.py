"""Silences at any level of noise: `segued.dsp.noise_silence`."""

import numpy as np
import pytest

from segued.dsp.noise_silence import find_silences


@pytest.mark.parametrize("seed", range(5))
def test_silences_are_disjoint_and_as_quiet_as_they_say(seed: int) -> None:
    """Also across thresholds; the noise is the mean of the quietest 40 ms."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 90, 300)
    depths = np.repeat(rng.integers(40, 150, 300), lengths)
    levels = np.clip(depths + rng.integers(-6, 7, len(depths)), 0, 255).astype(np.uint8)

    taken = np.zeros(len(levels), dtype=np.int64)
    found = list(find_silences(levels))
    for silences in found:
        for first, last, noise in zip(
            silences.firsts, silences.lasts, silences.noise, strict=True
        ):
            taken[first:last] += 1
            quiet = -levels[first:last].astype(float) / 2
            means = np.convolve(quiet, np.full(4, 0.25), "valid")
            assert noise == pytest.approx(max(means.min(), -65.0))
            assert noise + 3 <= silences.threshold
            assert max(quiet[0], quiet[-1]) < silences.threshold

    assert sum(len(each.firsts) for each in found) > 50
    assert taken.max() == 1


def test_nothing_has_no_silence() -> None:
    """An empty curve."""
    assert list(find_silences(np.zeros(0, np.uint8))) == []
