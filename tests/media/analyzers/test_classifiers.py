"""Essentia's classifiers: `segued.media.analyzers.essentia.classify`.

Collected only where Essentia is installed; see `conftest.py`.
"""

import json
import math
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pytest

from segued.errors import DecodeError
from segued.media.analyzers import essentia
from tests.audio import Sound, encode_audio, music
from tests.media.analyzers.gaia_files import classifier_file

CENTROID: Final = "lowlevel.spectral_centroid.mean"
DANCEABILITY: Final = "rhythm.danceability"

CLOSE: Final = 0.003
"""The tolerance of libsvm's iteration for the shares."""

Shares: TypeAlias = dict[str, dict[str, float]]


@pytest.fixture(name="classifiers_folder")
def _classifiers_folder(tmp_path: Path) -> Path:
    """Create two classifiers that share a descriptor."""
    sad = {CENTROID: -0.001, DANCEABILITY: -1.0}
    files = {
        "mood_sad": classifier_file("mood_sad", ("sad", "not_sad"), sad, -2.0),
        "timbre": classifier_file("timbre", ("bright", "dark"), {CENTROID: 0.002}, 2.0),
    }
    for name, content in files.items():
        (tmp_path / f"{name}.history").write_bytes(content)
    return tmp_path


def measure_descriptors(folder: Path, sound: Sound) -> bytes:
    """Return Essentia's descriptors of a sound."""
    return essentia.extract_low_level(
        b"song", str(encode_audio(folder / "song.wav", sound, rate=44_100))
    )


def classify(folder: Path, document: bytes) -> Shares | None:
    """Return the classifiers' shares; None if this Essentia cannot run classifiers.

    Essentia's own packages since 2020 cannot, and the error has the reason.
    """
    try:
        found = essentia.classify(b"song", document, str(folder), str(folder))
    except DecodeError as error:
        if "this build of Essentia cannot run any" not in str(error):
            raise
        return None
    shares: Shares = json.loads(found)
    return shares


def test_shares_come_from_the_descriptors(classifiers_folder: Path) -> None:
    """Two classifiers that use the same descriptor both have results."""
    document = measure_descriptors(classifiers_folder, music(20.0))
    centroid, danceability = (
        json.loads(document)[name] for name in (CENTROID, DANCEABILITY)
    )

    found = classify(classifiers_folder, document)

    if found is None:
        return
    sad = 1 / (1 + math.exp(-2.0 + 0.001 * centroid + danceability))
    bright = 1 / (1 + math.exp(2.0 - 0.002 * centroid))
    assert found.keys() == {"mood_sad", "timbre"}
    assert found["mood_sad"] == pytest.approx(
        {"sad": sad, "not_sad": 1 - sad}, abs=CLOSE
    )
    assert found["timbre"] == pytest.approx(
        {"bright": bright, "dark": 1 - bright}, abs=CLOSE
    )
    for shares in found.values():
        assert sum(shares.values()) == pytest.approx(1.0)


def test_noise_is_brighter_and_less_sad(classifiers_folder: Path) -> None:
    """More high frequencies increase the share of "bright"."""
    plain = music(20.0)
    rng = np.random.default_rng(1)
    noise = np.float32(0.05) * rng.standard_normal(plain.shape, dtype=np.float32)

    before, after = (
        classify(classifiers_folder, measure_descriptors(classifiers_folder, sound))
        for sound in (plain, plain + noise)
    )

    if before is None or after is None:
        return
    assert after["timbre"]["bright"] > before["timbre"]["bright"] + 0.1
    assert after["mood_sad"]["sad"] < before["mood_sad"]["sad"] - 0.05
