"""Acoustic fingerprints: `segued.media.fingerprint`, as files come to them."""

import os
import subprocess
import sys
from pathlib import Path

import chromaprint
import numpy as np
import pytest

from segued.dsp.segment import Hints, Rules
from segued.media.file_analysis import AnalysisPlan, analyze_file, fingerprints_of
from segued.media.fingerprint import fpcalc_sample_count
from segued.media.fingerprint_buffer import FingerprintBuffer
from segued.model import Fingerprint, Span
from segued.units import (
    Dbfs,
    Frames,
    Hertz,
    Ticks,
    frames_to_ticks,
    seconds_to_ticks,
)
from tests.audio import Sound, encode_audio, fpcalc, length_by_ffmpeg, music, silence
from tests.media.formats import FORMATS, make_format_file, signature

RATE = Hertz(44_100)
RULES = Rules(Dbfs(-60.0), seconds_to_ticks(2.0), seconds_to_ticks(0.1))
TRACK = Hints(leading_number=True, siblings=12, track=3, track_total=12)


def fingerprint_items(text: str) -> list[int]:
    """Return what a fingerprint is made of: 32 bits eight times a second."""
    found: list[int] = chromaprint.decode_fingerprint(text.encode())[0]
    return found


def bits_apart(one: str, other: str) -> float:
    """Return the share of bits in which two prints differ; 1 if of other length."""
    a, b = fingerprint_items(one), fingerprint_items(other)
    if len(a) != len(b):
        return 1.0
    pairs = zip(a, b, strict=True)
    return sum((x ^ y).bit_count() for x, y in pairs) / (32 * len(a))


def aligned_similarity(one: str, other: str) -> float:
    """Return the share of bits that two prints have in common, best aligned."""
    a, b = (np.array(fingerprint_items(text), dtype=np.uint32) for text in (one, other))
    best = 0.0
    for shift in range(-3, 4):
        left, right = a[max(0, shift) :], b[max(0, -shift) :]
        count = min(len(left), len(right))
        apart = np.bitwise_count(left[:count] ^ right[:count]).sum()
        best = max(best, 1 - float(apart) / (32 * count))
    return best


def song_fingerprint(path: Path, spool: Path) -> Fingerprint:
    """Return the one print of a file that is one song."""
    plan = AnalysisPlan(RULES, TRACK, (), str(spool))
    (found,) = analyze_file(os.fsencode(path), signature(path), plan).fingerprints
    return found


def file_fingerprint(path: Path) -> Fingerprint:
    """Return the print of a whole file, whatever is in it."""
    whole = Span(Ticks(0), seconds_to_ticks(length_by_ffmpeg(path) / RATE))
    (found,) = fingerprints_of(os.fsencode(path), signature(path), (whole,), whole)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_song_fingerprint_equals_fpcalc(
    name: str, formats: Path, tmp_path: Path
) -> None:
    """Whatever the format, the same text, or one bit in a thousand apart."""
    path, _, _ = make_format_file(formats, name)

    found = song_fingerprint(path, tmp_path)

    assert found.missing_reason is None
    assert bits_apart(found.encoded[0], fpcalc(path)) <= 1 / 1_000
    assert len(found.encoded) == 1


@pytest.mark.parametrize(("seconds", "rate"), [(119.95, 22_050), (126.3, 16_000)])
def test_two_minutes_count(seconds: float, rate: int, tmp_path: Path) -> None:
    """A longer file's print is of its first 120 s; a shorter one's of all."""
    sound = music(seconds, rate, 1)
    path = encode_audio(tmp_path / "long.wav", sound, rate)

    found = song_fingerprint(path, tmp_path)

    assert bits_apart(found.encoded[0], fpcalc(path)) <= 1 / 1_000
    assert found.span == Span(Ticks(0), frames_to_ticks(len(sound), rate))


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 192_000])
def test_fpcalc_s_samples_are_counted(rate: int, tmp_path: Path) -> None:
    """A print gets its next item with the same frame as `fpcalc`'s does."""

    def expected(frames: int) -> int:
        return _item_count(fpcalc_sample_count(frames, Hertz(rate)))

    shorter = 10 * rate
    next_item = next(
        n for n in range(shorter, 11 * rate) if expected(n + 1) > expected(n)
    )
    sound = music(11.0, rate, 1)
    for frames in (next_item - 1, next_item + 3):
        path = encode_audio(tmp_path / "short.wav", sound[:frames], rate)
        assert len(fingerprint_items(fpcalc(path))) == expected(frames)


def _item_count(samples: int) -> int:
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
def test_unusable_fingerprint_has_a_reason(
    sound: Sound, reason: str, tmp_path: Path
) -> None:
    """It has no text, and says why."""
    found = file_fingerprint(encode_audio(tmp_path / "poor.flac", sound, RATE))

    assert (found.encoded, found.missing_reason) == ((), reason)


@pytest.fixture(name="side", scope="module")
def _side(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """Give an album side, and its songs as files of their own."""
    folder = tmp_path_factory.mktemp("side")
    songs = [music(length, seed=seed) for seed, length in enumerate((21.0, 25.0, 22.0))]
    # Gaps of no whole number of anything.
    gap, other = silence(2.5317), silence(3.0009)
    sound = np.concatenate((songs[0], gap, songs[1], other, songs[2]))
    paths = [
        encode_audio(folder / f"{n}.flac", song, RATE) for n, song in enumerate(songs)
    ]
    return encode_audio(folder / "side.flac", sound, RATE), paths


SIDE = Hints(leading_number=False, siblings=1, track=None, track_total=None, side=True)


def test_passages_have_four_fingerprints(
    side: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    """One of them is nearly what the song alone has, wherever it was cut."""
    path, songs = side
    plan = AnalysisPlan(RULES, SIDE, (), str(tmp_path))

    found = analyze_file(os.fsencode(path), signature(path), plan)

    assert [found_print.span for found_print in found.fingerprints] == list(found.spans)
    for song, found_print in zip(songs, found.fingerprints, strict=True):
        alone = fpcalc(song)
        assert len(found_print.encoded) == 4
        assert max(aligned_similarity(text, alone) for text in found_print.encoded) > 0.97
        # The others are not the same print four times.
        assert len(set(found_print.encoded)) == 4


def test_a_cut_half_a_hop_off_is_met_by_another_phase(
    side: tuple[Path, list[Path]],
) -> None:
    """Half a hop is what a cut can be off at worst: then the first one fails."""
    path, songs = side
    off = Ticks(2_560 * 1_365 // 2)
    starts = seconds_to_ticks(23.5317) + off
    cut = Span(Ticks(starts), seconds_to_ticks(48.0))
    whole = Span(Ticks(0), seconds_to_ticks(73.5326))

    (found,) = fingerprints_of(os.fsencode(path), signature(path), (cut,), whole)

    alone = fpcalc(songs[1])
    first, *others = (aligned_similarity(text, alone) for text in found.encoded)
    assert first < 0.95
    assert max(others) > 0.99


def test_decoding_again_gives_the_same_fingerprints(
    side: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    """In any order, with the whole file among them, overlapping or not."""
    path, _ = side
    plan = AnalysisPlan(RULES, SIDE, (), str(tmp_path))
    found = analyze_file(os.fsencode(path), signature(path), plan)
    whole = Span(Ticks(0), frames_to_ticks(found.facts.frames, RATE))
    wanted = (*reversed(found.spans), whole)

    again = fingerprints_of(os.fsencode(path), signature(path), wanted, whole)

    assert again[:-1] == tuple(reversed(found.fingerprints))
    assert bits_apart(again[-1].encoded[0], fpcalc(path)) <= 1 / 1_000


def test_full_spool_disk_is_no_failure(tmp_path: Path) -> None:
    """What was kept is not relied on; `analyse` then decodes again."""
    nowhere = str(tmp_path / "is" / "not" / "there")
    whole = Span(Ticks(0), seconds_to_ticks(1_000))
    with FingerprintBuffer(Hertz(11_025), nowhere, whole_file=True) as tape:
        for _ in range(100):
            tape.add(np.zeros(110_250, np.float32))
        tape.finish()

        assert tape.fingerprints((whole,), whole) is None


def test_missing_chromaprint_gives_no_fingerprints(tmp_path: Path) -> None:
    """And everything else there is: a missing system package fails no file."""
    path = encode_audio(tmp_path / "song.wav", music(11.0), RATE)
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
    with FingerprintBuffer(Hertz(11_025), ".", whole_file=True) as tape:
        tape.add(np.tile(loud, 2 * 11_025))
        tape.finish()
        sound = np.frombuffer(tape.read(0, 5), np.int16)

    assert sound.tolist() == [32_767, -32_768, 32_767, -32_768, 16_384]
    assert Frames(len(sound)) == 5
