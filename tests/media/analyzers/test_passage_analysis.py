"""Analysis of passages: `segued.media.analyzers.passage_analysis`."""

import os
from pathlib import Path

import numpy as np
import pytest

from segued.errors import FileChangedError, SpoolError
from segued.media.analyzers.passage_analysis import (
    AnalyzerSelection,
    PassageOutput,
    PassageRequest,
    analyze_passages,
    middle_span,
)
from segued.media.decoding.decode import open_source, sample_blocks
from segued.model import Signature, Span
from segued.units import Ticks, seconds_to_ticks
from tests.audio import encode_audio, music, silence
from tests.media.formats import signature


def span(start_s: float, end_s: float) -> Span:
    """Return a span given in seconds."""
    return Span(seconds_to_ticks(start_s), seconds_to_ticks(end_s))


def analyze_passage(
    path: Path, passage: Span, analyzers: AnalyzerSelection
) -> PassageOutput:
    """Analyze a single passage."""
    (found,) = analyze_passages(
        os.fsencode(path), signature(path), [PassageRequest(passage, analyzers)]
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
def test_analysis_is_limited_to_ten_minutes(passage: Span, expected: Span) -> None:
    """Of a longer passage the middle is analyzed."""
    assert middle_span(passage) == expected


@pytest.mark.parametrize(
    ("rate", "channels", "expected_channels"),
    [(44_100, 2, 2), (48_000, 1, 1), (44_100, 6, 2)],
)
def test_essentia_gets_the_passage(
    rate: int, channels: int, expected_channels: int, tmp_path: Path
) -> None:
    """The WAV file has the whole passage, at Essentia's rate, in 1 or 2 channels."""
    sound = music(6.0, rate, channels)
    path = encode_audio(tmp_path / "song.flac", sound, rate)
    wave = tmp_path / "passage.wav"

    analyze_passage(path, span(2.0, 4.5), AnalyzerSelection(wav_path=str(wave)))

    with open_source(os.fsencode(wave)) as source:
        found = np.concatenate([part.downmix.copy() for part in sample_blocks(source)])
        assert (source.rate, source.channels) == (44_100, expected_channels)
    assert abs(len(found) - 2.5 * 44_100) <= 2
    excerpt = sound[2 * rate : round(4.5 * rate)].mean(axis=1)
    time = np.linspace(0, len(excerpt) - 1, len(found))
    resampled = np.interp(time, np.arange(len(excerpt)), excerpt)
    assert np.corrcoef(found, resampled)[0, 1] > 0.95


def test_full_disk_for_the_excerpt_is_a_spool_error(tmp_path: Path) -> None:
    """The file itself is not at fault."""
    path = encode_audio(tmp_path / "song.wav", music(1.0), 44_100)
    whole = Span(Ticks(0), seconds_to_ticks(1))

    with pytest.raises(SpoolError, match="temporary audio cannot be written"):
        analyze_passage(
            path,
            whole,
            AnalyzerSelection(wav_path=str(tmp_path / "not there" / "passage.wav")),
        )


def test_changed_file_is_not_analyzed(tmp_path: Path) -> None:
    """The signature is checked first."""
    path = encode_audio(tmp_path / "song.wav", music(1.0), 44_100)

    with pytest.raises(FileChangedError):
        analyze_passages(
            os.fsencode(path),
            Signature(1, 1, 1),
            [PassageRequest(span(0, 1), AnalyzerSelection(models_folder="none"))],
        )


def test_broken_models_do_not_stop_other_analyzers(tmp_path: Path) -> None:
    """Essentia gets its WAV file, and the failure of the models has a reason."""
    path = encode_audio(tmp_path / "song.wav", music(4.0), 44_100)
    (tmp_path / "models").mkdir()

    found = analyze_passage(
        path,
        span(0, 4),
        AnalyzerSelection(
            models_folder=str(tmp_path / "models"), wav_path=str(tmp_path / "song.wav.")
        ),
    )

    assert found.outputs == {}
    assert (tmp_path / "song.wav.").stat().st_size > 4 * 44_100
    assert "the tagging models cannot be used" in found.failures["musicnn"]


def test_many_passages_are_analyzed_in_one_pass(tmp_path: Path) -> None:
    """The results are those of separate runs, for adjacent and separate passages."""
    sound = np.concatenate((music(4.0), silence(3.0), music(5.0), music(6.0)))
    path = encode_audio(tmp_path / "side.flac", sound, 44_100)
    spans = [span(0, 4), span(7, 12), span(12, 18)]

    def requests(prefix: str) -> list[PassageRequest]:
        return [
            PassageRequest(
                each,
                AnalyzerSelection(wav_path=str(tmp_path / f"{prefix}{number}.wav")),
            )
            for number, each in enumerate(spans)
        ]

    joint = analyze_passages(os.fsencode(path), signature(path), requests("joint"))
    separate = [
        analyze_passages(os.fsencode(path), signature(path), [each])[0]
        for each in requests("separate")
    ]

    assert joint == separate
    for number in range(3):
        waves = [tmp_path / f"{prefix}{number}.wav" for prefix in ("joint", "separate")]
        assert waves[0].read_bytes() == waves[1].read_bytes()
