"""Acoustic fingerprints: `segued.media.fingerprint`, as files come to them."""

import os
import subprocess
import sys
from pathlib import Path

import chromaprint
import numpy as np
import pytest

from segued.dsp.segment import Hints, Rules
from segued.media.file_analysis import Plan, analyse, prints_of
from segued.media.fingerprint import samples_by_fpcalc
from segued.media.fingerprint_buffer import Tape
from segued.model import Print, Span
from segued.units import (
    Dbfs,
    Frames,
    Hertz,
    Ticks,
    frames_to_ticks,
    seconds_to_ticks,
)
from tests.audio import Sound, encoded, fpcalc, length_by_ffmpeg, music, silence
from tests.media.formats import FORMATS, made, signature

RATE = Hertz(44_100)
RULES = Rules(Dbfs(-60.0), seconds_to_ticks(2.0), seconds_to_ticks(0.1))
TRACK = Hints(leading_number=True, siblings=12, track=3, track_total=12)


def items(text: str) -> list[int]:
    """Return what a fingerprint is made of: 32 bits eight times a second."""
    found: list[int] = chromaprint.decode_fingerprint(text.encode())[0]
    return found


def bits_apart(one: str, other: str) -> float:
    """Return the share of bits in which two prints differ; 1 if of other length."""
    a, b = items(one), items(other)
    if len(a) != len(b):
        return 1.0
    pairs = zip(a, b, strict=True)
    return sum((x ^ y).bit_count() for x, y in pairs) / (32 * len(a))


def likeness(one: str, other: str) -> float:
    """Return the share of bits that two prints have in common, best aligned."""
    a, b = (np.array(items(text), dtype=np.uint32) for text in (one, other))
    best = 0.0
    for shift in range(-3, 4):
        left, right = a[max(0, shift) :], b[max(0, -shift) :]
        count = min(len(left), len(right))
        apart = np.bitwise_count(left[:count] ^ right[:count]).sum()
        best = max(best, 1 - float(apart) / (32 * count))
    return best


def print_of(path: Path, spool: Path) -> Print:
    """Return the one print of a file that is one song."""
    plan = Plan(RULES, TRACK, (), str(spool))
    (found,) = analyse(os.fsencode(path), signature(path), plan).prints
    return found


def whole_print(path: Path) -> Print:
    """Return the print of a whole file, whatever is in it."""
    whole = Span(Ticks(0), seconds_to_ticks(length_by_ffmpeg(path) / RATE))
    (found,) = prints_of(os.fsencode(path), signature(path), (whole,), whole)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_a_song_s_print_is_fpcalc_s(name: str, formats: Path, tmp_path: Path) -> None:
    """Whatever the format, the same text, or one bit in a thousand apart."""
    path, _, _ = made(formats, name)

    found = print_of(path, tmp_path)

    assert found.reason is None
    assert bits_apart(found.texts[0], fpcalc(path)) <= 1 / 1_000
    assert len(found.texts) == 1


@pytest.mark.parametrize(("seconds", "rate"), [(119.95, 22_050), (126.3, 16_000)])
def test_two_minutes_count(seconds: float, rate: int, tmp_path: Path) -> None:
    """A longer file's print is of its first 120 s; a shorter one's of all."""
    sound = music(seconds, rate, 1)
    path = encoded(tmp_path / "long.wav", sound, rate)

    found = print_of(path, tmp_path)

    assert bits_apart(found.texts[0], fpcalc(path)) <= 1 / 1_000
    assert found.span == Span(Ticks(0), frames_to_ticks(len(sound), rate))


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 192_000])
def test_fpcalc_s_samples_are_counted(rate: int, tmp_path: Path) -> None:
    """A print gets its next item with the same frame as `fpcalc`'s does."""

    def expected(frames: int) -> int:
        return _items(samples_by_fpcalc(frames, Hertz(rate)))

    shorter = 10 * rate
    next_item = next(
        n for n in range(shorter, 11 * rate) if expected(n + 1) > expected(n)
    )
    sound = music(11.0, rate, 1)
    for frames in (next_item - 1, next_item + 3):
        path = encoded(tmp_path / "short.wav", sound[:frames], rate)
        assert len(items(fpcalc(path))) == expected(frames)


def _items(samples: int) -> int:
    """Return how many items Chromaprint makes: a hop each, after the first frame."""
    return max(0, (samples - 4_096) // 1_365 + 1 - 19)


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        pytest.param(music(2.0), "too short", id="less than Chromaprint needs"),
        pytest.param(music(9.9), "too short", id="less than AcoustID knows"),
        pytest.param(silence(20.0), "silence", id="digital silence"),
    ],
)
def test_what_must_not_be_looked_up(sound: Sound, reason: str, tmp_path: Path) -> None:
    """It has no text, and says why."""
    found = whole_print(encoded(tmp_path / "poor.flac", sound, RATE))

    assert (found.texts, found.reason) == ((), reason)


@pytest.fixture(name="side", scope="module")
def _side(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """Give an album side, and its songs as files of their own."""
    folder = tmp_path_factory.mktemp("side")
    songs = [music(length, seed=seed) for seed, length in enumerate((21.0, 25.0, 22.0))]
    # Gaps of no whole number of anything.
    gap, other = silence(2.5317), silence(3.0009)
    sound = np.concatenate((songs[0], gap, songs[1], other, songs[2]))
    paths = [encoded(folder / f"{n}.flac", song, RATE) for n, song in enumerate(songs)]
    return encoded(folder / "side.flac", sound, RATE), paths


SIDE = Hints(leading_number=False, siblings=1, track=None, track_total=None, side=True)


def test_passages_have_four_prints(
    side: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    """One of them is nearly what the song alone has, wherever it was cut."""
    path, songs = side
    plan = Plan(RULES, SIDE, (), str(tmp_path))

    found = analyse(os.fsencode(path), signature(path), plan)

    assert [found_print.span for found_print in found.prints] == list(found.spans)
    for song, found_print in zip(songs, found.prints, strict=True):
        alone = fpcalc(song)
        assert len(found_print.texts) == 4
        assert max(likeness(text, alone) for text in found_print.texts) > 0.97
        # The others are not the same print four times.
        assert len(set(found_print.texts)) == 4


def test_a_cut_half_a_hop_off_is_met_by_another_phase(
    side: tuple[Path, list[Path]],
) -> None:
    """Half a hop is what a cut can be off at worst: then the first one fails."""
    path, songs = side
    off = Ticks(2_560 * 1_365 // 2)
    starts = seconds_to_ticks(23.5317) + off
    cut = Span(Ticks(starts), seconds_to_ticks(48.0))
    whole = Span(Ticks(0), seconds_to_ticks(73.5326))

    (found,) = prints_of(os.fsencode(path), signature(path), (cut,), whole)

    alone = fpcalc(songs[1])
    first, *others = (likeness(text, alone) for text in found.texts)
    assert first < 0.95
    assert max(others) > 0.99


def test_decoding_again_gives_the_same_prints(
    side: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    """In any order, with the whole file among them, overlapping or not."""
    path, _ = side
    plan = Plan(RULES, SIDE, (), str(tmp_path))
    found = analyse(os.fsencode(path), signature(path), plan)
    whole = Span(Ticks(0), frames_to_ticks(found.facts.frames, RATE))
    wanted = (*reversed(found.spans), whole)

    again = prints_of(os.fsencode(path), signature(path), wanted, whole)

    assert again[:-1] == tuple(reversed(found.prints))
    assert bits_apart(again[-1].texts[0], fpcalc(path)) <= 1 / 1_000


def test_no_room_for_the_sound_is_no_failure(tmp_path: Path) -> None:
    """What was kept is not relied on; `analyse` then decodes again."""
    nowhere = str(tmp_path / "is" / "not" / "there")
    whole = Span(Ticks(0), seconds_to_ticks(1_000))
    with Tape(Hertz(11_025), nowhere, everything=True) as tape:
        for _ in range(100):
            tape.add(np.zeros(110_250, np.float32))
        tape.end()

        assert tape.prints((whole,), whole) is None


def test_without_the_library_there_are_no_prints(tmp_path: Path) -> None:
    """And everything else there is: a missing system package fails no file."""
    path = encoded(tmp_path / "song.wav", music(11.0), RATE)
    program = (
        "import sys; sys.modules['chromaprint'] = None\n"
        "from segued.media.safe_open import signature_of\n"
        "from segued.media.file_analysis import prints_of\n"
        "from segued.model import Span\n"
        "import os; path = os.fsencode(sys.argv[1])\n"
        "whole = Span(0, 11 * 28_224_000)\n"
        "print(prints_of(path, signature_of(os.stat(path)), (whole,), whole))\n"
    )
    done = subprocess.run(
        (sys.executable, "-c", program, str(path)),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert "texts=(), reason='no chromaprint'" in done.stdout


def test_samples_never_wrap() -> None:
    """Above full scale is full scale, on either side; no other sign."""
    loud = np.array([1.5, -1.5, 40.0, -40.0, 0.5], np.float32)
    with Tape(Hertz(11_025), ".", everything=True) as tape:
        tape.add(np.tile(loud, 2 * 11_025))
        tape.end()
        sound = np.frombuffer(tape.read(0, 5), np.int16)

    assert sound.tolist() == [32_767, -32_768, 32_767, -32_768, 16_384]
    assert Frames(len(sound)) == 5
