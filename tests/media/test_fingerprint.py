"""Acoustic fingerprints of files: `segued.media.fingerprint`."""

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
    """Return the items of a fingerprint: 32 bits, eight times a second."""
    found: list[int] = chromaprint.decode_fingerprint(text.encode())[0]
    return found


def bits_apart(one: str, other: str) -> float:
    """Return the share of bits in which two prints differ; 1 if lengths differ."""
    a, b = fingerprint_items(one), fingerprint_items(other)
    if len(a) != len(b):
        return 1.0
    pairs = zip(a, b, strict=True)
    return sum((x ^ y).bit_count() for x, y in pairs) / (32 * len(a))


def aligned_similarity(one: str, other: str) -> float:
    """Return the share of equal bits of two fingerprints at their best alignment."""
    a, b = (np.array(fingerprint_items(text), dtype=np.uint32) for text in (one, other))
    best = 0.0
    for shift in range(-3, 4):
        left, right = a[max(0, shift) :], b[max(0, -shift) :]
        count = min(len(left), len(right))
        apart = np.bitwise_count(left[:count] ^ right[:count]).sum()
        best = max(best, 1 - float(apart) / (32 * count))
    return best


def song_fingerprint(path: Path, spool: Path) -> Fingerprint:
    """Return the only fingerprint of a file that is one song."""
    plan = AnalysisPlan(RULES, TRACK, (), str(spool))
    (found,) = analyze_file(os.fsencode(path), signature(path), plan).fingerprints
    return found


def file_fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of a whole file, whatever its passages are."""
    whole = Span(Ticks(0), seconds_to_ticks(length_by_ffmpeg(path) / RATE))
    (found,) = fingerprints_of(os.fsencode(path), signature(path), (whole,), whole)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_song_fingerprint_equals_fpcalc(
    name: str, formats: Path, tmp_path: Path
) -> None:
    """In every format the fingerprints differ in at most one bit in a thousand."""
    path, _, _ = make_format_file(formats, name)

    found = song_fingerprint(path, tmp_path)

    assert found.missing_reason is None
    assert bits_apart(found.encoded[0], fpcalc(path)) <= 1 / 1_000
    assert len(found.encoded) == 1


@pytest.mark.parametrize(("seconds", "rate"), [(119.95, 22_050), (126.3, 16_000)])
def test_two_minutes_count(seconds: float, rate: int, tmp_path: Path) -> None:
    """A fingerprint covers the first 120 s of a longer file, or all of a shorter."""
    sound = music(seconds, rate, 1)
    path = encode_audio(tmp_path / "long.wav", sound, rate)

    found = song_fingerprint(path, tmp_path)

    assert bits_apart(found.encoded[0], fpcalc(path)) <= 1 / 1_000
    assert found.span == Span(Ticks(0), frames_to_ticks(len(sound), rate))


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 192_000])
def test_sample_count_equals_fpcalc(rate: int, tmp_path: Path) -> None:
    """A fingerprint gets its next item at the same frame as with `fpcalc`.

    Built with FFmpeg 7, `fpcalc` also counts what the resampler holds back at the end,
    so it gets that item some frames earlier.
    """

    def expected(frames: int) -> int:
        return _item_count(fpcalc_sample_count(frames, Hertz(rate)))

    shorter = 10 * rate
    next_item = next(
        n for n in range(shorter, 11 * rate) if expected(n + 1) > expected(n)
    )
    sound = music(11.0, rate, 1)
    more = []
    for frames in (next_item - 1, next_item + 3):
        path = encode_audio(tmp_path / "short.wav", sound[:frames], rate)
        more.append(len(fingerprint_items(fpcalc(path))) - expected(frames))
    assert more in ([0, 0], [1, 0])


def _item_count(samples: int) -> int:
    """Return the number of items from Chromaprint: one per hop after a first frame."""
    return max(0, (samples - 4_096) // 1_365 + 1 - 19)


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        pytest.param(music(2.0), "too short", id="less than Chromaprint needs"),
        pytest.param(music(9.9), "too short", id="less than AcoustID accepts"),
        pytest.param(silence(20.0), "silence", id="digital silence"),
    ],
)
def test_unusable_fingerprint_has_a_reason(
    sound: Sound, reason: str, tmp_path: Path
) -> None:
    """It has no text, but a reason."""
    found = file_fingerprint(encode_audio(tmp_path / "poor.flac", sound, RATE))

    assert (found.encoded, found.missing_reason) == ((), reason)


@pytest.fixture(name="side", scope="module")
def _side(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """Return an album side, and its songs as separate files."""
    folder = tmp_path_factory.mktemp("side")
    songs = [music(length, seed=seed) for seed, length in enumerate((21.0, 25.0, 22.0))]
    # Gaps that are not a whole number of hops or samples at 11,025 Hz.
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
    """One of them is nearly that of the separate song, wherever the cut is."""
    path, songs = side
    plan = AnalysisPlan(RULES, SIDE, (), str(tmp_path))

    found = analyze_file(os.fsencode(path), signature(path), plan)

    assert [each.span for each in found.fingerprints] == list(found.spans)
    for song, each in zip(songs, found.fingerprints, strict=True):
        expected = fpcalc(song)
        assert len(each.encoded) == 4
        assert max(aligned_similarity(text, expected) for text in each.encoded) > 0.97
        assert len(set(each.encoded)) == 4


def test_a_cut_half_a_hop_off_matches_another_fingerprint(
    side: tuple[Path, list[Path]],
) -> None:
    """Half a hop is the worst case, in which the first fingerprint does not match."""
    path, songs = side
    off = Ticks(2_560 * 1_365 // 2)
    starts = seconds_to_ticks(23.5317) + off
    cut = Span(Ticks(starts), seconds_to_ticks(48.0))
    whole = Span(Ticks(0), seconds_to_ticks(73.5326))

    (found,) = fingerprints_of(os.fsencode(path), signature(path), (cut,), whole)

    expected = fpcalc(songs[1])
    first, *others = (aligned_similarity(text, expected) for text in found.encoded)
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
    requested = (*reversed(found.spans), whole)

    again = fingerprints_of(os.fsencode(path), signature(path), requested, whole)

    assert again[:-1] == tuple(reversed(found.fingerprints))
    assert bits_apart(again[-1].encoded[0], fpcalc(path)) <= 1 / 1_000


def test_full_spool_disk_is_no_failure(tmp_path: Path) -> None:
    """The buffer returns None, so that `analyze_file` decodes again."""
    missing_folder = str(tmp_path / "is" / "not" / "there")
    whole = Span(Ticks(0), seconds_to_ticks(1_000))
    with FingerprintBuffer(Hertz(11_025), missing_folder, whole_file=True) as buffer:
        for _ in range(100):
            buffer.add(np.zeros(110_250, np.float32))
        buffer.finish()

        assert buffer.fingerprints((whole,), whole) is None


def test_missing_chromaprint_gives_no_fingerprints(tmp_path: Path) -> None:
    """A missing system package fails no file."""
    path = encode_audio(tmp_path / "song.wav", music(11.0), RATE)
    program = (
        "import sys; sys.modules['chromaprint'] = None\n"
        "from segued.media.safe_open import signature_of\n"
        "from segued.media.file_analysis import fingerprints_of\n"
        "from segued.model import Span\n"
        "import os; path = os.fsencode(sys.argv[1])\n"
        "whole = Span(0, 11 * 28_224_000)\n"
        "signature = signature_of(os.stat(path))\n"
        "print(fingerprints_of(path, signature, (whole,), whole))\n"
    )
    done = subprocess.run(
        (sys.executable, "-c", program, str(path)),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert "encoded=(), missing_reason='no chromaprint'" in done.stdout


def test_samples_never_wrap() -> None:
    """Samples beyond full scale are clipped and keep their sign."""
    loud = np.array([1.5, -1.5, 40.0, -40.0, 0.5], np.float32)
    with FingerprintBuffer(Hertz(11_025), ".", whole_file=True) as buffer:
        buffer.add(np.tile(loud, 2 * 11_025))
        buffer.finish()
        samples = np.frombuffer(buffer.read(0, 5), np.int16)

    assert samples.tolist() == [32_767, -32_768, 32_767, -32_768, 16_384]
    assert Frames(len(samples)) == 5
