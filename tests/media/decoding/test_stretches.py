"""Reading stretches of a file: `segued.media.decoding.stretches`."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from segued.dsp.mixdown import Block, Mono
from segued.media.decoding.decode import open_source, sample_blocks
from segued.media.decoding.source import AudioSource
from segued.media.decoding.stretches import StretchReader
from segued.units import Hertz
from tests.audio import encode_audio, music
from tests.media.formats import FORMATS, make_format_file

MS = (range(300, 1_100), range(1_100, 4_000), range(8_000, 10_000))
"""Stretches in milliseconds: two that touch, and one that is reached by a seek."""

NOISY = ("m4a", "aac", "mka", "opus")
"""AAC and Opus add noise that depends on where the decoder began, and Matroska has
times in milliseconds."""


def read_until_lost(
    source: AudioSource, ranges: Sequence[range], rate: Hertz, *, can_seek: bool
) -> list[Mono]:
    """Return the stretches before the first that is not found."""
    reader = StretchReader(source, rate, can_seek=can_seek)
    found = []
    for each in ranges:
        samples = reader.read(each)
        if samples is None:
            break
        found.append(samples)
    return found


def read(
    path: Path, ranges: Sequence[range], rate: Hertz, *, can_seek: bool = True
) -> list[Mono]:
    """Read stretches of a file that has them."""
    with open_source(os.fsencode(path)) as source:
        found = read_until_lost(source, ranges, rate, can_seek=can_seek)
    assert len(found) == len(ranges)
    return found


def whole(path: Path) -> tuple[Mono, Hertz]:
    """Return all samples of a file, mixed to one channel."""
    with open_source(os.fsencode(path)) as source:
        blocks = [part.samples.mean(axis=0) for part in sample_blocks(source)]
        return np.concatenate(blocks), source.rate


def best_correlation(one: Mono, other: Mono, lag_max: int) -> float:
    """Return the largest correlation of two sounds, one of them delayed."""
    inner = one[lag_max:-lag_max]
    return max(
        float(np.corrcoef(inner, other[at : at + len(inner)])[0, 1])
        for at in range(2 * lag_max + 1)
    )


@pytest.mark.parametrize("name", FORMATS)
def test_stretches_are_parts_of_the_file(formats: Path, name: str) -> None:
    """They are those of a decode of the whole file."""
    path, form, _ = make_format_file(formats, name)
    sound, rate = whole(path)
    ranges = [
        range(each.start * rate // 1_000, each.stop * rate // 1_000) for each in MS
    ]

    found = read(path, ranges, rate)

    for stretch, frames in zip(found, ranges, strict=True):
        if form.ending in NOISY:
            assert len(stretch) == len(frames)
            assert best_correlation(stretch, sound[frames], rate // 1_000) > 0.98
        else:
            np.testing.assert_allclose(stretch, sound[frames], atol=1e-5)


@pytest.mark.parametrize("ending", ["mp3", "flac", "ogg", "opus", "m4a", "mka", "wav"])
def test_what_is_between_stretches_is_not_decoded(tmp_path: Path, ending: str) -> None:
    """Of two minutes, some seconds are decoded."""
    path = encode_audio(tmp_path / f"song.{ending}", music(120.0, 48_000), 48_000)
    ranges = [range(each, each + 96_000) for each in (48_000, 4_800_000)]

    with open_source(os.fsencode(path)) as source:
        blocks, decoded = source.blocks, []

        def counted() -> Iterator[Block]:
            for block in blocks():
                decoded.append(block.shape[1])
                yield block

        source.blocks = counted  # type: ignore[method-assign]
        found = read_until_lost(source, ranges, source.rate, can_seek=True)

    assert [len(each) for each in found] == [96_000, 96_000]
    assert 192_000 <= sum(decoded) < 20 * 48_000


def test_chained_streams_are_decoded_through(tmp_path: Path) -> None:
    """The times of the second one start anew."""
    parts = [
        encode_audio(tmp_path / f"{seed}.ogg", music(10.0, seed=seed), 44_100)
        for seed in (1, 2)
    ]
    chain = tmp_path / "chain.ogg"
    chain.write_bytes(b"".join(each.read_bytes() for each in parts))
    sound, rate = whole(chain)
    ranges = [range(44_100), range(12 * 44_100, 14 * 44_100)]

    first, second = read(chain, ranges, rate)

    np.testing.assert_allclose(first, sound[ranges[0]], atol=1e-5)
    np.testing.assert_allclose(second, sound[ranges[1]], atol=1e-5)


def test_a_file_with_wrong_times_is_not_trusted(tmp_path: Path) -> None:
    """A part that is missing makes the header say more than there is."""
    path = encode_audio(tmp_path / "song.flac", music(40.0), 44_100)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    ranges = [range(44_100), range(35 * 44_100, 36 * 44_100)]

    with open_source(os.fsencode(path)) as source:
        found = read_until_lost(source, ranges, source.rate, can_seek=True)
    assert len(found) == 1
    found = read(path, ranges, Hertz(44_100), can_seek=False)

    assert [len(each) for each in found] == [44_100, 0]


def test_stretches_beyond_the_end_are_short(formats: Path) -> None:
    """A stretch ends with the file, and one after the end is empty."""
    path, _, _ = make_format_file(formats, "flac")
    sound, rate = whole(path)
    end = len(sound)
    ranges = [range(end - 500, end + 500), range(end + 1_000, end + 2_000)]

    found = read(path, ranges, rate, can_seek=False)

    assert [len(each) for each in found] == [500, 0]


def test_stretches_are_resampled_one_by_one(formats: Path) -> None:
    """Each has its length at the other rate, and the sound of the file."""
    path, _, _ = make_format_file(formats, "flac of 24 bits at 96 kHz")
    sound, rate = whole(path)

    (found,) = read(path, [range(96_000, 288_000)], Hertz(48_000))

    assert (rate, len(found)) == (96_000, 96_000)
    low = sound[96_000:288_000:2]
    assert np.corrcoef(found, low)[0, 1] > 0.97
