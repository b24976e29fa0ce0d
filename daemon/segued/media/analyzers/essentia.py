"""Compute Essentia's descriptors of a passage; the only importer of `essentia`.

Essentia is an optional extra: large, and slow (2.5 s of CPU per minute of sound for all
descriptors). Its memory use is unbounded and it can crash, so it runs in a child
process with limits.
"""

import importlib.util
import json
import math
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np

from segued.dsp import spectral_frames
from segued.dsp.danceability import danceability
from segued.dsp.mixdown import Mono
from segued.errors import DecodeError

__all__ = [
    "classify",
    "describe",
    "extract_low_level",
    "installed_version",
    "is_installed",
    "models_version",
]

SIGNIFICANT_DIGITS: Final = 7
"""The precision of Essentia's values, which are 32-bit floats."""

MODELS_PATTERN: Final = "*.history"

PEAK_MIN: Final = 1e-5
"""Below -100 dBFS all is silent."""
TEMPO_MIN, TEMPO_MAX = 40, 208
TEMPO_BIN, TEMPO_TOLERANCE = 2, 5
"""MusicExtractor's, in beats per minute."""
TUNING_BAND: Final = (40.0, 5_000.0)
KEY_BAND: Final = (20.0, 3_500.0)
"""MusicExtractor's, in hertz."""

MISCOMPILED_MESSAGE: Final = "Couldn't find node"
"""The error of every classifier in Essentia's own packages of 2020 and later: compiled
with GCC 9, loops of Qt 4 end after one iteration, and Gaia finds no descriptor."""


def is_installed() -> bool:
    """Return whether Essentia is installed, without importing it."""
    return importlib.util.find_spec("essentia") is not None


def installed_version() -> str:
    """Return the version of the installed Essentia, without importing it."""
    return metadata.version("essentia")


def models_version(folder: Path) -> str | None:
    """Return a hash that identifies the classifiers in a folder; None without any.

    Raises:
        OSError: The folder cannot be listed.
    """
    found = sorted(folder.glob(MODELS_PATTERN))
    if not found:
        return None
    digest = blake2b(digest_size=8)
    for each in found:
        status = each.stat()
        digest.update(f"{each.name}/{status.st_size}/{status.st_mtime_ns}/".encode())
    return digest.hexdigest()


def extract_low_level(path: bytes, wav_path: str) -> bytes:
    """Run Essentia's MusicExtractor on a WAV file and return all descriptors as JSON.

    The keys are the names in its pool, which are those of AcousticBrainz's low-level
    documents: "lowlevel.average_loudness", "tonal.key_edma.key".

    Args:
        path: The music file, for errors.
        wav_path: The WAV file.

    Raises:
        DecodeError: Essentia failed; the message has the reason.
    """
    from essentia.standard import MusicExtractor  # noqa: PLC0415

    _silence_log()
    try:
        pool, _ = MusicExtractor()(wav_path)
    except RuntimeError as error:
        reason = str(error).replace(wav_path, "the passage")
        raise DecodeError(path, f"Essentia failed: {reason}") from error
    descriptors = {
        name: _to_json_value(pool[name])
        for name in pool.descriptorNames()
        if not name.startswith("metadata.tags.")
    }
    return json.dumps(descriptors, separators=(",", ":")).encode()


def describe(path: bytes, sound: Mono) -> bytes:
    """Return the few descriptors that a flavor needs, as JSON.

    The names, algorithms and parameters are MusicExtractor's. What needs spectra gets
    them, of all frames together, from `segued.dsp.spectral_frames`, for brightness of
    fewer frames.

    Args:
        path: The music file, for errors.
        sound: A passage, at 44,100 Hz.

    Raises:
        DecodeError: The passage is silent, or Essentia failed.
    """
    _silence_log()
    if np.abs(sound).max(initial=0) < PEAK_MIN:
        raise DecodeError(path, "Essentia failed: the passage is silent")
    peaks, low_peaks = spectral_frames.find_peaks(sound, (TUNING_BAND, KEY_BAND))
    tuning = spectral_frames.tuning_frequency(peaks)
    pitch_classes = spectral_frames.mean_pitch_classes(low_peaks, tuning)
    try:
        key, scale, strength = _find_key(pitch_classes)
        found = {
            "rhythm.bpm": _find_tempo(spectral_frames.onset_strengths(sound)),
            "rhythm.danceability": danceability(sound, spectral_frames.RATE),
            "tonal.key_edma.key": key,
            "tonal.key_edma.scale": scale,
            "tonal.key_edma.strength": strength,
            "tonal.tuning_frequency": tuning,
            "lowlevel.spectral_centroid.mean": spectral_frames.mean_centroid(
                sound, _equal_loudness_power()
            ),
        }
    except RuntimeError as error:
        raise DecodeError(path, f"Essentia failed: {error}") from error
    descriptors = {name: _to_json_value(value) for name, value in found.items()}
    return json.dumps(descriptors, separators=(",", ":")).encode()


def classify(path: bytes, low_level: bytes, models: str, temp_folder: str) -> bytes:
    """Run trained classifiers; return their shares by characteristic and class.

    Args:
        path: The music file, for errors.
        low_level: The output of `extract_low_level`, fresh or stored.
        models: Folder of Gaia's classifiers (`*.history`).
        temp_folder: Folder for a temporary file.

    Returns:
        A JSON object of objects: characteristic, class, share from 0 to 1.

    Raises:
        DecodeError: A classifier is broken or does not fit; the message names it.
    """
    from essentia import Pool  # noqa: PLC0415
    from essentia.standard import MusicExtractorSVM, YamlInput  # noqa: PLC0415

    _silence_log()
    # Only YamlInput restores a pool with the original types of all values.
    document = Path(temp_folder, "low_level.json")
    document.write_text(json.dumps(_nest_by_dots(json.loads(low_level))))
    pool = YamlInput(filename=str(document), format="json")()
    try:
        svms = [str(each) for each in sorted(Path(models).glob(MODELS_PATTERN))]
        # The Python binding wraps and unwraps pools for every algorithm but this one.
        results = Pool(MusicExtractorSVM(svms=svms)(pool.cppPool))
    except RuntimeError as error:
        reason = str(error).replace(f"{models}/", "")
        if MISCOMPILED_MESSAGE in reason:
            reason = (
                "this build of Essentia cannot run any (GCC 9 and Qt 4 broke its Gaia)"
            )
        raise DecodeError(path, f"classifiers cannot be used: {reason}") from error
    shares: dict[str, dict[str, float]] = {}
    for name in results.descriptorNames():
        # "highlevel.mood_sad.all.not_sad"
        match name.split("."):
            case ["highlevel", characteristic, "all", each]:
                shares.setdefault(characteristic, {})[each] = float(results[name])
    return json.dumps(shares).encode()


def _find_tempo(onset_strengths: spectral_frames.FloatArray) -> float:
    """Return the tempo of the beats, in beats per minute; 0 without any.

    The beats are found by the method of Degara (2012). As in RhythmExtractor2013, the
    tempo is the mean of all that are close to the most frequent one.
    """
    from essentia.standard import TempoTapDegara  # noqa: PLC0415

    algorithm = TempoTapDegara(
        sampleRateODF=spectral_frames.ONSET_RATE,
        resample="x2",
        minTempo=TEMPO_MIN,
        maxTempo=TEMPO_MAX,
    )
    tempos = 60 / np.diff(np.asarray(algorithm(onset_strengths), np.float64))
    if not len(tempos):
        return 0.0
    bins = np.floor(tempos / TEMPO_BIN + 0.5).astype(np.int64)
    most_frequent = TEMPO_BIN * int(np.bincount(bins).argmax())
    close = tempos[np.abs(tempos - most_frequent) < TEMPO_TOLERANCE]
    return float(close.mean()) if len(close) else float(most_frequent)


def _find_key(pitch_classes: spectral_frames.FloatArray) -> tuple[str, str, float]:
    """Return key, scale and strength; the parameters are MusicExtractor's."""
    from essentia import Pool, run  # noqa: PLC0415
    from essentia.streaming import Key, VectorInput  # noqa: PLC0415

    # Only the streaming algorithm corrects a detuned profile.
    profile = VectorInput(pitch_classes[np.newaxis])
    algorithm = Key(
        numHarmonics=4,
        pcpSize=len(pitch_classes),
        profileType="edma",
        slope=0.6,
        usePolyphony=True,
        useThreeChords=True,
    )
    pool = Pool()
    profile.data >> algorithm.pcp
    algorithm.key >> (pool, "key")
    algorithm.scale >> (pool, "scale")
    algorithm.strength >> (pool, "strength")
    run(profile)
    return pool["key"], pool["scale"], pool["strength"]


@cache
def _equal_loudness_power() -> spectral_frames.FloatArray:
    """Return the power response of Essentia's filter, as `mean_centroid` needs it."""
    from essentia.standard import EqualLoudness  # noqa: PLC0415

    impulse = np.zeros(spectral_frames.CENTROID_WINDOW, np.float32)
    impulse[0] = 1
    response = np.abs(np.fft.rfft(EqualLoudness()(impulse)))
    power: spectral_frames.FloatArray = np.square(response).astype(np.float32)
    return power


def _silence_log() -> None:
    import essentia  # noqa: PLC0415

    essentia.log.infoActive = False
    essentia.log.warningActive = False


def _to_json_value(value: Any) -> Any:  # noqa: ANN401
    """Return a value of a pool as a JSON value; NaN and infinity become null."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | np.ndarray):
        return [_to_json_value(each) for each in value]
    number = float(f"{float(value):.{SIGNIFICANT_DIGITS}g}")
    return number if math.isfinite(number) else None


def _nest_by_dots(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested objects, as in Essentia's own documents, from dotted names."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        if value is None:
            continue  # was NaN or infinity
        *parents, last = name.split(".")
        node = nested
        for each in parents:
            node = node.setdefault(each, {})
        node[last] = value
    return nested
