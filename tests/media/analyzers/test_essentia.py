"""Essentia's descriptors of a passage: `segued.media.analyzers.essentia`.

Collected only where Essentia is installed; see `conftest.py`.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from essentia.standard import YamlInput

from segued.errors import DecodeError
from segued.matching.essentia_flavor import characteristics, measures
from segued.media.analyzers import essentia
from tests.audio import encode_audio, music, silence


@pytest.fixture(name="low_level", scope="module")
def _low_level(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the descriptors of twenty seconds of music, as JSON."""
    folder = tmp_path_factory.mktemp("music")
    return essentia.extract_low_level(
        b"song", str(encode_audio(folder / "song.wav", music(20.0), 44_100))
    )


@pytest.fixture(name="descriptors")
def _descriptors(low_level: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(low_level)
    return found


def test_music_is_measured(descriptors: dict[str, Any]) -> None:
    """Tempo and key are measured, and all descriptors that classifiers need."""
    found = measures(descriptors)

    assert found["bpm"] == pytest.approx(120, rel=0.02)
    assert found["scale"] in {"major", "minor"}
    assert 0 < float(found["key_strength"]) <= 1
    assert len(descriptors) > 550
    assert np.shape(descriptors["lowlevel.mfcc.cov"]) == (13, 13)
    assert not any(name.startswith("metadata.tags") for name in descriptors)


def test_shares_sum_to_one(descriptors: dict[str, Any]) -> None:
    """Only characteristics that need no trained models have shares."""
    found = characteristics(descriptors)

    assert set(found) == {"danceability", "timbre", "tonal_atonal"}
    for shares in found.values():
        assert sum(shares.values()) == pytest.approx(1.0)
        assert all(0 <= share <= 1 for share in shares.values())
    assert found["tonal_atonal"]["tonal"] > 0.5


@pytest.mark.parametrize("seed", [1, 2])
def test_few_descriptors_equal_all(seed: int, tmp_path: Path) -> None:
    """They have the values of MusicExtractor, for the same sound."""
    sound = music(20.0, channels=1, seed=seed)
    wave = encode_audio(tmp_path / "song.wav", sound, 44_100)

    few = measures(json.loads(essentia.describe(b"song", sound[:, 0])))
    everything = measures(json.loads(essentia.extract_low_level(b"song", str(wave))))

    tolerances = {
        "bpm": 0.2,
        "danceability": 0.01,
        "key_strength": 0.01,
        "tuning_hertz": 0.3,
        "spectral_centroid_hertz": 30.0,
    }
    assert set(few) == {*tolerances, "key", "scale"}
    assert (few["key"], few["scale"]) == (everything["key"], everything["scale"])
    for name, tolerance in tolerances.items():
        assert few[name] == pytest.approx(everything[name], abs=tolerance), name


def test_silence_has_no_descriptors() -> None:
    """The reason is the same as with all descriptors."""
    with pytest.raises(DecodeError, match=r"Essentia failed: .*silent"):
        essentia.describe(b"song", silence(5.0)[:, 0])


def test_silence_is_not_measured(tmp_path: Path) -> None:
    """The error contains Essentia's own message."""
    wave = encode_audio(tmp_path / "silence.wav", silence(5.0), 44_100)

    with pytest.raises(DecodeError, match=r"Essentia failed: .*silent"):
        essentia.extract_low_level(b"song", str(wave))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not a history of anything " * 99, id="something else"),
        pytest.param(bytes(range(256)) * 99, id="noise"),
    ],
)
def test_broken_classifiers_are_reported(
    low_level: bytes, content: bytes, tmp_path: Path
) -> None:
    """Stored descriptors are classified without audio, and failures reported."""
    (tmp_path / "mood_sad.history").write_bytes(content)

    with pytest.raises(DecodeError, match="classifiers cannot be used"):
        essentia.classify(b"song", low_level, str(tmp_path), str(tmp_path))


def test_classifier_version_depends_on_its_files(tmp_path: Path) -> None:
    """It depends on names, sizes and times; a folder without any has no version."""
    assert essentia.models_version(tmp_path) is None
    model = tmp_path / "mood_sad.history"
    model.write_bytes(b"one")
    first = essentia.models_version(tmp_path)
    model.write_bytes(b"another")

    assert first is not None
    assert essentia.models_version(tmp_path) != first


def test_stored_descriptors_keep_their_types(
    low_level: bytes, descriptors: dict[str, Any], tmp_path: Path
) -> None:
    """A pool restored from JSON has the types again: texts, lists, matrices."""
    document = tmp_path / "low_level.json"
    document.write_text(json.dumps(essentia._nest_by_dots(json.loads(low_level))))

    pool = YamlInput(filename=str(document), format="json")()

    assert set(pool.descriptorNames()) == set(descriptors)
    assert pool["lowlevel.mfcc.cov"].shape == (13, 13)
    assert pool["tonal.key_edma.key"] == descriptors["tonal.key_edma.key"]
    bpm = descriptors["rhythm.bpm"]
    assert pool["rhythm.bpm"] == pytest.approx(bpm, rel=1e-6)
