"""How a passage sounds, measured by Essentia itself: `segued.media.essentia`.

Collected only where Essentia is installed; see `conftest.py`.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from segued.errors import DecodeError, FileChangedError
from segued.media.essentia import Sound, flavor_of
from segued.model import Signature, Span
from segued.units import seconds_to_ticks
from tests.audio import encoded, music, silence
from tests.media.formats import signature


@pytest.fixture(name="song", scope="module")
def _song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file of twenty seconds of silence and twenty of music."""
    sound = np.concatenate((silence(20.0), music(20.0)))
    return encoded(tmp_path_factory.mktemp("song") / "song.flac", sound, 44_100)


def flavor(path: Path, start_s: float, end_s: float) -> Sound:
    """Measure a passage, and leave nothing in the spool, whatever happens."""
    span = Span(seconds_to_ticks(start_s), seconds_to_ticks(end_s))
    spool = path.parent / "spool"
    spool.mkdir(exist_ok=True)
    try:
        return flavor_of(os.fsencode(path), signature(path), span, str(spool))
    finally:
        assert list(spool.iterdir()) == []


def test_music_is_measured(song: Path) -> None:
    """Two beats a second, a key, and loudness as it was made."""
    found = flavor(song, 20.0, 40.0)

    assert found.measures["bpm"] == pytest.approx(120, rel=0.02)
    assert found.measures["scale"] in {"major", "minor"}
    assert -25 < float(found.measures["loudness_lufs"]) < -8
    assert found.version.startswith("essentia 2.")


def test_shares_sum_to_one(song: Path) -> None:
    """And are only of what Essentia can tell without trained models."""
    found = flavor(song, 20.0, 40.0).characteristics

    assert set(found) == {"danceability", "timbre", "tonal_atonal"}
    for shares in found.values():
        assert sum(shares.values()) == pytest.approx(1.0)
        assert all(0 <= share <= 1 for share in shares.values())
    assert found["tonal_atonal"]["tonal"] > 0.5


def test_only_the_passage_counts(song: Path) -> None:
    """Of a silent one Essentia says so, in its own words and without ours."""
    with pytest.raises(DecodeError, match=r"Essentia could not measure it: .*silent"):
        flavor(song, 0.0, 20.0)


def test_another_file_than_was_found(song: Path) -> None:
    """It is not measured."""
    span = Span(seconds_to_ticks(20), seconds_to_ticks(40))

    with pytest.raises(FileChangedError):
        flavor_of(os.fsencode(song), Signature(1, 1, 1), span, str(song.parent))
