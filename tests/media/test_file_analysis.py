"""Analysis of a file in one decode: `segued.media.file_analysis`."""

import math
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segued.dsp.loudness import loudness_of
from segued.dsp.segment import Hints, Rules
from segued.media.file_analysis import (
    Analysis,
    AnalysisPlan,
    analyze_file,
    loudness_curve_of,
)
from segued.model import PassageMark, Span, SpectrumCurve
from segued.units import Dbfs, Ticks, frames_to_ticks, seconds_to_ticks
from tests.audio import encode_audio, loudness_by_ffmpeg, music, silence
from tests.media.formats import signature

RATE = 44_100
RULES = Rules(Dbfs(-60.0), seconds_to_ticks(2.0), seconds_to_ticks(0.1))
TRACK = Hints(leading_number=True, siblings=12, track=3, track_total=12)
SIDE = Hints(leading_number=False, siblings=1, track=None, track_total=None, side=True)


def analyze(
    path: Path,
    hints: Hints = SIDE,
    marks: tuple[PassageMark, ...] = (),
    *,
    loudness: bool = False,
) -> Analysis:
    """Analyze a file, and check that the spool is empty afterwards."""
    spool = path.parent / "spool"
    spool.mkdir(exist_ok=True)
    plan = AnalysisPlan(RULES, hints, marks, str(spool), loudness=loudness)
    found = analyze_file(os.fsencode(path), signature(path), plan)
    assert list(spool.iterdir()) == []
    return found


@pytest.fixture(name="side", scope="module")
def _side(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an album side of two songs with silence before, between and after."""
    parts = (silence(2.5), music(22.0), silence(3.0), music(25.0, seed=2), silence(2.1))
    path = tmp_path_factory.mktemp("side") / "side.mp3"
    return encode_audio(path, np.concatenate(parts), RATE, "-q:a", "2")


def test_an_album_side_is_cut_at_its_silences(side: Path) -> None:
    """The passages begin and end with the songs, to a few hundredths of a second."""
    first, second = analyze(side).spans

    found = [edge / 28_224_000 for span in (first, second) for edge in _edges(span)]
    assert found == pytest.approx([2.5, 24.5, 27.5, 52.5], abs=0.06)


def _edges(span: Span) -> tuple[Ticks, Ticks]:
    return span.start, span.end


def test_only_a_long_file_has_a_spectrum_curve(side: Path, tmp_path: Path) -> None:
    """Two spectra a second for a file of five minutes, and none for a song."""
    path = encode_audio(tmp_path / "long.wav", music(301.0, 8_000, 1), 8_000)

    found = analyze(path).spectrum

    assert found is not None
    assert len(found.values) == 2 * 301 * SpectrumCurve.VALUES
    assert found.interval == 4_000
    assert analyze(side).spectrum is None


def test_a_side_declared_as_a_song_has_a_spectrum_curve(tmp_path: Path) -> None:
    """With a wrong length in the header, too, the curve is that of the whole file."""
    path = encode_audio(tmp_path / "long.flac", music(301.0, 8_000, 1), 8_000)
    right = analyze(path).spectrum
    _declare_frames(path, 200 * 8_000)

    assert right is not None
    assert analyze(path).spectrum == right


def test_single_song_is_one_passage(side: Path) -> None:
    """With a track number in its name, the same file is one song."""
    found = analyze(side, TRACK)
    total = frames_to_ticks(found.curve.frames, RATE)

    assert found.spans == (Span(Ticks(0), total),)
    assert [len(each.encoded) for each in found.fingerprints] == [1]


def test_cue_marks_set_the_boundaries(side: Path) -> None:
    """Boundaries are exact, passages have fingerprints, marks beyond the end none."""
    at = (0.0, 12.34, 30.0, 900.0)
    marks = tuple(PassageMark(seconds_to_ticks(second)) for second in at)

    found = analyze(side, TRACK, marks)

    assert [span.start for span in found.spans] == [mark.start for mark in marks[:3]]
    assert [len(each.encoded) for each in found.fingerprints] == [4, 4, 4]


def test_wrong_header_length_hides_an_album_side(tmp_path: Path) -> None:
    """If the header declares the length of one song, the file is decoded twice."""
    hints = Hints(leading_number=True, siblings=4, track=None, track_total=None)
    song = np.concatenate(
        (np.tile(music(13.0, 8_000, 1), (10, 1)), silence(3, 8_000, 1))
    )
    path = encode_audio(tmp_path / "side.flac", np.tile(song, (4, 1)), 8_000)
    _declare_frames(path, 60 * 8_000)

    found = analyze(path, hints)

    assert found.facts.frames == 4 * 133 * 8_000
    assert [len(each.encoded) for each in found.fingerprints] == [4, 4, 4, 4]


def _declare_frames(path: Path, count: int) -> None:
    """Write another length into a FLAC file's STREAMINFO."""
    data = bytearray(path.read_bytes())
    data[22:26] = count.to_bytes(4, "big")
    path.write_bytes(data)


def test_audio_facts_and_level_curve(tmp_path: Path) -> None:
    """Frames are counted, the peak is of the loudest channel, levels of all power."""
    sound = np.zeros((2 * RATE, 2), np.float32)
    sound[: RATE // 2, 0], sound[RATE // 2 : RATE, :] = 0.5, 0.5 / math.sqrt(2)
    sound[::2] *= -1
    path = encode_audio(tmp_path / "steps.wav", sound, RATE)

    found = analyze(path)

    assert found.facts.frames == found.curve.frames == 2 * RATE
    assert (found.facts.rate, found.facts.channels) == (RATE, 2)
    assert found.facts.peak == pytest.approx(0.5, abs=1e-4)
    # One channel at -6.02 dBFS has the power of two at -9.03 dBFS.
    assert found.curve.levels == bytes([18] * 100 + [255] * 100)


def test_the_curve_is_of_all_channels(tmp_path: Path) -> None:
    """The low-frequency channel, which `fpcalc` leaves out, is included."""
    sound = np.zeros((RATE, 6), np.float32)
    sound[::2, 3], sound[1::2, 3] = 0.6, -0.6

    found = analyze(encode_audio(tmp_path / "deep.wav", sound, RATE))

    assert set(found.curve.levels) == {24}


@pytest.mark.parametrize("ending", ["wav", "mp3"])
def test_stereo_in_antiphase_is_a_passage(ending: str, tmp_path: Path) -> None:
    """Its mix is silent, its sound is not; the fingerprint is that of the mix."""
    sound = music(12.0, RATE, 1)
    path = encode_audio(tmp_path / f"anti.{ending}", np.hstack([sound, -sound]), RATE)
    plain = encode_audio(tmp_path / f"plain.{ending}", np.hstack([sound, sound]), RATE)

    found, expected = analyze(path), analyze(plain)

    assert found.spans == expected.spans
    level = np.frombuffer(found.curve.levels, np.uint8).astype(int)
    plain_level = np.frombuffer(expected.curve.levels, np.uint8).astype(int)
    assert np.abs(level - plain_level).max() <= 2


def test_silence_has_no_passages(tmp_path: Path) -> None:
    """It has no fingerprints either, but facts and a curve."""
    found = analyze(encode_audio(tmp_path / "silence.flac", silence(12.0), RATE))

    assert (found.spans, found.fingerprints) == ((), ())
    assert found.facts.frames == 12 * RATE


def test_file_analysis_can_be_pickled(side: Path) -> None:
    """An analysis consists of plain values."""
    found = analyze(side)

    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301


MEASURE = """
import os, resource, sys
from segued.media.file_analysis import AnalysisPlan, analyze_file
from segued.media.safe_open import signature_of
from tests.media.test_file_analysis import RULES, SIDE
path = os.fsencode(sys.argv[1])
plan = AnalysisPlan(RULES, SIDE, (), "/tmp")
found = analyze_file(path, signature_of(os.stat(path)), plan)
print(found.facts.frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024)
"""


@pytest.mark.slow
def test_two_hours_take_little_more_memory_than_a_minute(tmp_path: Path) -> None:
    """Only the curve and 16 MiB of samples grow with the length."""
    peaks_mib = []
    for seconds in (60, 2 * 3_600):
        path = encode_audio(tmp_path / f"{seconds}.wav", music(1.0, 8_000, 1), 8_000)
        header = bytearray(path.read_bytes()[:100])
        data = header.find(b"data") + 8
        size = 2 * 8_000 * seconds
        header[data - 4 : data] = size.to_bytes(4, "little")
        with path.open("r+b") as file:
            file.write(header)
            file.truncate(data + size)
        done = subprocess.run(
            (sys.executable, "-c", MEASURE, str(path)),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        frames, mib = map(int, done.stdout.split())
        assert frames == 8_000 * seconds
        peaks_mib.append(mib)

    assert peaks_mib[1] - peaks_mib[0] < 25


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [
        ("stereo.flac", 44_100, 2),
        ("stereo.mp3", 44_100, 2),
        ("stereo.ogg", 48_000, 2),
        ("stereo.opus", 48_000, 2),
        ("mono.m4a", 44_100, 1),
        ("mono.mp3", 22_050, 1),
        ("mono.wav", 8_000, 1),
        ("low.wav", 12_000, 2),
        ("high.flac", 96_000, 2),
        ("highest.wav", 192_000, 2),
        ("surround.flac", 48_000, 6),
        ("surround.ac3", 48_000, 6),
        ("five.wav", 48_000, 5),
    ],
)
def test_loudness_is_that_of_ffmpeg(
    name: str, rate: int, channels: int, tmp_path: Path
) -> None:
    """The decode of the segmentation measures it, for all formats and channels.

    FFmpeg interpolates to 192 kHz. For the noise in this music, which no record has at
    these frequencies, other multiples of a rate give another true peak.
    """
    levels = np.repeat([0.7, 0.1, 0.4], 5 * rate)[:, np.newaxis].astype(np.float32)
    path = encode_audio(tmp_path / name, levels * music(15.0, rate, channels), rate)
    expected = loudness_by_ffmpeg(path)

    curve = analyze(path, TRACK, loudness=True).loudness

    assert curve is not None
    assert curve == loudness_curve_of(os.fsencode(path), signature(path))
    whole = Span(Ticks(0), frames_to_ticks(curve.frames, curve.rate))
    found = loudness_of(curve, whole)
    assert found["loudness_lufs"] == pytest.approx(expected["loudness_lufs"], abs=0.05)
    assert found["true_peak_dbtp"] == pytest.approx(expected["true_peak_dbtp"], abs=0.1)
    # FFmpeg counts the shares of windows by one less, which tells in a short file.
    assert found["loudness_range_lu"] == pytest.approx(
        expected["loudness_range_lu"], abs=0.3
    )


def test_loudness_is_measured_only_if_wanted(side: Path) -> None:
    """The plan decides, by the configuration."""
    assert analyze(side).loudness is None
