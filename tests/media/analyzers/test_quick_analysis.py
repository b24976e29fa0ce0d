"""The analysis of stretches of a passage: `segued.media.analyzers.quick_analysis`."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from segued.dsp.spectral_frames import RATE
from segued.errors import FileChangedError
from segued.media.analyzers import musicnn
from segued.media.analyzers.passage_analysis import (
    AnalyzerSelection,
    PassageOutput,
    PassageRequest,
)
from segued.media.analyzers.quick_analysis import analyze_quickly, spread
from segued.model import Signature, Span
from segued.units import Ticks, seconds_to_ticks
from tests.audio import encode_audio, music, silence
from tests.media.formats import signature
from tests.musicnn_models import installed_models


def span(start_s: float, end_s: float) -> Span:
    """Return a span given in seconds."""
    return Span(seconds_to_ticks(start_s), seconds_to_ticks(end_s))


def analyze(
    path: Path, *passages: Span, models: Path | None = None
) -> list[PassageOutput]:
    """Tag passages of a file."""
    folder = str(models or installed_models())
    selection = AnalyzerSelection(models_folder=folder)
    requests = [PassageRequest(each, selection) for each in passages]
    return analyze_quickly(os.fsencode(path), signature(path), requests)


@pytest.mark.parametrize("length", [0, 3, 59, 60])
def test_a_short_sound_is_one_stretch(length: int) -> None:
    """All of it is analyzed."""
    assert spread(length, 6, 10) == [range(length)]


@pytest.mark.parametrize("length", [61, 240, 6_007])
def test_stretches_are_spread_evenly(length: int) -> None:
    """They are equally long, and equally far apart, with half of that at both ends."""
    found = spread(length, 6, 10)

    assert [len(each) for each in found] == [10] * 6
    steps = np.diff([0, *(each.start for each in found), length - 10])
    gap = length / 6 - 10
    np.testing.assert_allclose(steps[1:-1], 10 + gap, atol=1)
    np.testing.assert_allclose(steps[[0, -1]], gap / 2, atol=1)


def test_only_the_middle_of_a_long_passage_is_analyzed(tmp_path: Path) -> None:
    """It is that of the full analysis: ten minutes."""
    rate = 8_000
    middle = music(600.0, rate, channels=1)
    quiet = silence(30.0, rate, channels=1)
    path, same = (
        encode_audio(tmp_path / f"{number}.wav", np.concatenate(parts), rate)
        for number, parts in enumerate(((quiet, middle, quiet), (middle,)))
    )

    assert analyze(path, span(0, 660)) == analyze(same, span(0, 600))


def test_each_passage_has_its_own_result(tmp_path: Path) -> None:
    """Passages that are analyzed together have the results of separate runs."""
    sound = np.concatenate((music(4.0), silence(3.0), music(5.0, seed=2)))
    path = encode_audio(tmp_path / "side.flac", sound, 44_100)
    spans = [span(0, 4), span(7, 12)]

    joint = analyze(path, *spans)

    assert joint == [analyze(path, each)[0] for each in spans]
    assert joint[0] != joint[1]
    assert all(json.loads(each.outputs["musicnn"])["msd"] for each in joint)


def test_tags_are_those_of_the_stretches(tmp_path: Path) -> None:
    """Sound between them does not count, and the last one counts as the first."""
    rate = musicnn.RATE
    sound = music(160.0, rate, channels=1)
    other, without_last = silence(160.0, rate, channels=1), sound.copy()
    parts = [
        slice(each.start * rate // RATE - 800, each.stop * rate // RATE + 800)
        for each in spread(160 * RATE, 48, 3 * RATE)
    ]
    for each in parts:
        other[each] = sound[each]
    without_last[parts[-1]] = 0
    paths = [
        encode_audio(tmp_path / f"{number}.wav", samples, rate)
        for number, samples in enumerate((sound, other, without_last))
    ]

    one, same, changed = (
        json.loads(analyze(each, span(0, 160))[0].outputs["musicnn"]) for each in paths
    )

    for network, tags in one.items():
        assert same[network] == pytest.approx(tags, abs=0.002)
        assert changed[network] != tags


def test_broken_models_are_a_failure_of_their_own(tmp_path: Path) -> None:
    """The reason is stored; other analyzers are not affected."""
    path = encode_audio(tmp_path / "song.wav", music(4.0), 44_100)

    (found,) = analyze(path, span(0, 4), models=tmp_path)

    assert found.outputs == {}
    assert "the tagging models cannot be used" in found.failures["musicnn"]


def test_changed_file_is_not_analyzed(tmp_path: Path) -> None:
    """The signature is checked first."""
    path = encode_audio(tmp_path / "song.wav", music(1.0), 44_100)
    whole = Span(Ticks(0), seconds_to_ticks(1))

    with pytest.raises(FileChangedError):
        analyze_quickly(
            os.fsencode(path),
            Signature(1, 1, 1),
            [PassageRequest(whole, AnalyzerSelection(models_folder="none"))],
        )
