"""Other encodings and near misses: `segued.dsp.print_items` and `same_sound`."""

import base64

import chromaprint
import numpy as np
import pytest

from segued.dsp.print_items import PrintItems, decode_items, sample_items
from segued.dsp.same_sound import Levels, Sound, compare_sounds, resampled

RNG = np.random.default_rng(7)
ITEMS: PrintItems = RNG.integers(0, 1 << 32, 300, dtype=np.uint32)
LEVELS: Levels = np.repeat(RNG.uniform(-40, -5, 180), 20).astype(np.float32)
"""Thirty-six seconds whose level changes five times a second."""


def test_items_are_those_of_the_library() -> None:
    """Of a real fingerprint; what is no fingerprint has no items."""
    seconds = np.arange(11_025 * 30) / 11_025
    tone = 8_000 * np.sin(2 * np.pi * (220 + 50 * np.sin(seconds)) * seconds)
    noise = RNG.normal(0, 500, len(tone))
    fingerprinter = chromaprint.Fingerprinter()
    fingerprinter.start(11_025, 1)
    fingerprinter.feed((tone + noise).astype(np.int16).tobytes())
    text = fingerprinter.finish()
    expected = np.array(chromaprint.decode_fingerprint(text)[0]).astype(np.uint32)
    raw = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))

    assert decode_items(raw).tolist() == expected.tolist()
    assert [len(decode_items(raw[:length])) for length in (0, 3, 9, 50)] == [0] * 4


def test_similar_fingerprints_have_common_samples() -> None:
    """Wherever they begin; others have none."""
    shifted = ITEMS[20:].copy()
    shifted[::4] ^= 1
    other = RNG.integers(0, 1 << 32, 300, dtype=np.uint32)

    common = set(sample_items(ITEMS)) & set(sample_items(shifted))

    assert len(sample_items(ITEMS)) == 40
    assert len(common) > 10
    assert not set(sample_items(ITEMS)) & set(sample_items(other))


def shifted_copy(items: int = 4, *, noise_db: float = 0.1) -> Sound:
    """Return a softer copy that begins some items later, with small differences."""
    hops = round(items * 1_365 / 11_025 * 100)
    print_items = np.concatenate((RNG.integers(0, 99, items, dtype=np.uint32), ITEMS))
    noise = RNG.normal(0, noise_db, len(LEVELS)).astype(np.float32)
    silence = np.full(hops, -90, np.float32)
    return Sound(print_items, np.concatenate((silence, LEVELS - 3 + noise)))


def test_another_encoding_is_found_with_its_offset() -> None:
    """It is softer, and begins later."""
    match = compare_sounds(Sound(ITEMS, LEVELS), shifted_copy())
    back = compare_sounds(shifted_copy(), Sound(ITEMS, LEVELS))

    assert match is not None
    assert back is not None
    assert match.offset_seconds == pytest.approx(0.5, abs=0.02)
    assert back.offset_seconds == pytest.approx(-0.5, abs=0.02)
    assert match.error < 0.001


def compressed() -> Sound:
    """Return a remaster: the fingerprint is the same, the loud parts are softer."""
    return Sound(ITEMS, np.minimum(LEVELS, -15) + np.float32(8))


def with_another_middle() -> Sound:
    """Return an edit: five seconds in the middle have other levels."""
    levels = LEVELS.copy()
    levels[1_500:2_000] = RNG.permutation(levels[1_500:2_000])
    return Sound(ITEMS, levels)


def with_more_at_the_end() -> Sound:
    """Return a longer version."""
    return Sound(ITEMS, np.concatenate((LEVELS, LEVELS[:500])))


def with_another_print() -> Sound:
    """Return another song with the same levels."""
    return Sound(ITEMS[::-1].copy(), LEVELS)


@pytest.mark.parametrize(
    "make", [compressed, with_another_middle, with_more_at_the_end, with_another_print]
)
def test_near_misses_are_not_joined(make: type[Sound]) -> None:
    """Whichever comes first."""
    other = make()  # type: ignore[call-arg]

    assert compare_sounds(Sound(ITEMS, LEVELS), other) is None
    assert compare_sounds(other, Sound(ITEMS, LEVELS)) is None


def test_levels_of_other_sample_rates_are_comparable() -> None:
    """Four minutes at 22,050 Hz, whose hop is 220 frames, do not drift."""
    hops = np.arange(24_055, dtype=np.float32)

    levels = resampled(hops, 220 / 22_050)

    assert len(levels) == 24_000
    assert levels[12_000] == pytest.approx(120 * 22_050 / 220, abs=1)
