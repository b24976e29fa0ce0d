"""What Essentia is given to hear: the part of `segued.media.essentia` without it."""

import os
from pathlib import Path

import numpy as np
import pytest

from segued.errors import UnexpectedError
from segued.media.decode import decoded, heard
from segued.media.essentia import _middle, _write_excerpt, flavor_of
from segued.model import Span
from segued.units import Ticks, seconds_to_ticks
from tests.audio import encoded, music
from tests.media.formats import signature


def span(start_s: float, end_s: float) -> Span:
    """Return a span given in seconds."""
    return Span(seconds_to_ticks(start_s), seconds_to_ticks(end_s))


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
def test_the_excerpt_is_the_passage(
    rate: int, channels: int, heard_as: int, tmp_path: Path
) -> None:
    """From its start to its end, at Essentia's rate, in one channel or two."""
    sound = music(6.0, rate, channels)
    path = encoded(tmp_path / "song.flac", sound, rate)
    wave = tmp_path / "excerpt.wav"

    _write_excerpt(os.fsencode(path), signature(path), span(2.0, 4.5), str(wave))

    with decoded(os.fsencode(wave)) as source:
        found = np.concatenate([part.mono.copy() for part in heard(source)])
        assert (source.rate, source.channels) == (44_100, heard_as)
    assert abs(len(found) - 2.5 * 44_100) <= 2
    wanted = sound[2 * rate : round(4.5 * rate)].mean(axis=1)
    time = np.linspace(0, len(wanted) - 1, len(found))
    alike = np.corrcoef(found, np.interp(time, np.arange(len(wanted)), wanted))[0, 1]
    assert alike > 0.95


def test_no_place_for_the_excerpt(tmp_path: Path) -> None:
    """It is not the music's fault, and the error says whose."""
    path = encoded(tmp_path / "song.wav", music(1.0), 44_100)
    whole = Span(Ticks(0), seconds_to_ticks(1))
    nowhere = str(tmp_path / "not there")

    with pytest.raises(UnexpectedError, match="temporary sound could not be written"):
        flavor_of(os.fsencode(path), signature(path), whole, nowhere)
