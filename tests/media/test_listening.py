"""What a passage is decoded to: `media.analyzers.passage_analysis`."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from segued.errors import FileChangedError, SpoolError
from segued.media.analyzers.passage_analysis import Ears, Told, Wanted, _middle, hear
from segued.media.decoding.decode import decoded, heard
from segued.model import Signature, Span
from segued.units import Ticks, seconds_to_ticks
from tests.audio import encoded, music, silence
from tests.media.formats import signature


def span(start_s: float, end_s: float) -> Span:
    """Return a span given in seconds."""
    return Span(seconds_to_ticks(start_s), seconds_to_ticks(end_s))


def told(path: Path, passage: Span, ears: Ears) -> Told:
    """Have a passage heard."""
    (found,) = hear(os.fsencode(path), signature(path), [Wanted(passage, ears)])
    return found


def loudness(path: Path, passage: Span) -> dict[str, float]:
    """Return how loud a passage is."""
    found: dict[str, float] = json.loads(
        told(path, passage, Ears(loudness=True)).said["loudness"]
    )
    return found


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        pytest.param(span(10, 70), span(10, 70), id="a short one, all of it"),
        pytest.param(span(100, 700), span(100, 700), id="ten minutes"),
        pytest.param(span(100, 1_000), span(250, 850), id="the middle of fifteen"),
    ],
)
def test_ten_minutes_are_heard(passage: Span, expected: Span) -> None:
    """More would take longer, and say the same."""
    assert _middle(passage) == expected


@pytest.mark.parametrize(
    ("rate", "channels", "heard_as"),
    [(44_100, 2, 2), (48_000, 1, 1), (44_100, 6, 2)],
)
def test_essentia_is_given_the_passage(
    rate: int, channels: int, heard_as: int, tmp_path: Path
) -> None:
    """From its start to its end, at Essentia's rate, in one channel or two."""
    sound = music(6.0, rate, channels)
    path = encoded(tmp_path / "song.flac", sound, rate)
    wave = tmp_path / "passage.wav"

    told(path, span(2.0, 4.5), Ears(wave=str(wave)))

    with decoded(os.fsencode(wave)) as source:
        found = np.concatenate([part.mono.copy() for part in heard(source)])
        assert (source.rate, source.channels) == (44_100, heard_as)
    assert abs(len(found) - 2.5 * 44_100) <= 2
    wanted = sound[2 * rate : round(4.5 * rate)].mean(axis=1)
    time = np.linspace(0, len(wanted) - 1, len(found))
    alike = np.corrcoef(found, np.interp(time, np.arange(len(wanted)), wanted))[0, 1]
    assert alike > 0.95


@pytest.mark.parametrize(("channels", "expected"), [(2, -23.0), (1, -26.01)])
def test_a_tone_is_as_loud_as_the_standard_says(
    channels: int, expected: float, tmp_path: Path
) -> None:
    """EBU Tech 3341, case 1: 1 kHz at -23 dBFS in both channels is -23 LUFS."""
    time = np.arange(20 * 48_000) / 48_000
    tone = 10 ** (-23 / 20) * np.sin(2 * math.pi * 1_000 * time)
    sound = np.repeat(tone[:, np.newaxis], channels, axis=1).astype(np.float32)
    path = encoded(tmp_path / "tone.wav", sound, 48_000)

    found = loudness(path, span(0, 20))

    assert found["loudness_lufs"] == pytest.approx(expected, abs=0.1)
    assert found["loudness_range_lu"] == pytest.approx(0, abs=0.1)
    assert found["true_peak_dbtp"] == pytest.approx(-23, abs=0.2)


def test_a_peak_between_samples_is_found(tmp_path: Path) -> None:
    """A quarter of the rate, an eighth of a turn late: 3 dB above all samples."""
    time = np.arange(5 * 48_000)
    swell = np.sin(math.pi * time / len(time))
    tone = 0.5 * swell * np.sin(math.pi / 2 * time + math.pi / 4)
    sound = np.stack([tone, tone], axis=1).astype(np.float32)
    path = encoded(tmp_path / "between.wav", sound, 48_000)

    assert np.abs(sound).max() == pytest.approx(0.354, abs=0.001)
    peak = loudness(path, span(0, 5))["true_peak_dbtp"]
    assert peak == pytest.approx(20 * math.log10(0.5), abs=0.2)


def test_loud_and_soft_make_a_range(tmp_path: Path) -> None:
    """EBU Tech 3342, case 1: 20 s at -20 and 20 s at -30 dBFS are 10 LU apart."""
    time = np.arange(20 * 48_000) / 48_000
    tone = np.sin(2 * math.pi * 1_000 * time)
    levels = [10 ** (-20 / 20) * tone, 10 ** (-30 / 20) * tone]
    mono = np.concatenate(levels)
    sound = np.stack([mono, mono], axis=1).astype(np.float32)
    path = encoded(tmp_path / "steps.wav", sound, 48_000)

    found = loudness(path, span(0, 40))

    assert found["loudness_range_lu"] == pytest.approx(10, abs=1)


def test_only_the_passage_is_loud(tmp_path: Path) -> None:
    """Of silence nothing is said; and what is beside a passage is not in it."""
    sound = np.concatenate((silence(5.0), music(5.0), silence(5.0)))
    path = encoded(tmp_path / "between.flac", sound, 44_100)
    alone = encoded(tmp_path / "alone.flac", music(5.0), 44_100)

    assert loudness(path, span(0, 5)) == {}
    assert loudness(path, span(5, 10)) == loudness(alone, span(0, 5))


def test_no_place_for_the_excerpt(tmp_path: Path) -> None:
    """It is not the music's fault, and the error says whose."""
    path = encoded(tmp_path / "song.wav", music(1.0), 44_100)
    whole = Span(Ticks(0), seconds_to_ticks(1))

    with pytest.raises(SpoolError, match="temporary sound could not be written"):
        told(path, whole, Ears(wave=str(tmp_path / "not there" / "passage.wav")))


def test_another_file_than_was_found(tmp_path: Path) -> None:
    """It is not heard."""
    path = encoded(tmp_path / "song.wav", music(1.0), 44_100)

    with pytest.raises(FileChangedError):
        hear(
            os.fsencode(path),
            Signature(1, 1, 1),
            [Wanted(span(0, 1), Ears(loudness=True))],
        )


def test_models_that_are_none_do_not_silence_the_others(tmp_path: Path) -> None:
    """Who measures loudness does so; who cannot be used says why."""
    path = encoded(tmp_path / "song.wav", music(4.0), 44_100)
    (tmp_path / "models").mkdir()

    found = told(path, span(0, 4), Ears(loudness=True, models=str(tmp_path / "models")))

    assert found.said.keys() == {"loudness"}
    assert "the tagging models cannot be used" in found.failures["musicnn"]


def test_many_passages_are_heard_at_once(tmp_path: Path) -> None:
    """Each says what it says alone, beside its neighbour and with a gap between."""
    sound = np.concatenate((music(4.0), silence(3.0), music(5.0), music(6.0)))
    path = encoded(tmp_path / "side.flac", sound, 44_100)
    spans = [span(0, 4), span(7, 12), span(12, 18)]

    def wanted(place: str) -> list[Wanted]:
        return [
            Wanted(each, Ears(loudness=True, wave=str(tmp_path / f"{place}{nth}.wav")))
            for nth, each in enumerate(spans)
        ]

    together = hear(os.fsencode(path), signature(path), wanted("together"))
    alone = [
        hear(os.fsencode(path), signature(path), [each])[0] for each in wanted("alone")
    ]

    assert together == alone
    assert len({each.said["loudness"] for each in together}) == 3
    for nth in range(3):
        waves = [tmp_path / f"{place}{nth}.wav" for place in ("together", "alone")]
        assert waves[0].read_bytes() == waves[1].read_bytes()
