"""How a passage sounds, by Essentia; the only importer of `essentia`.

An extra, because of its licence. It gets a temporary WAV file of the passage
and never the music file: it crashes on formats it does not know. It holds the
interpreter while it works, so it runs in a child like everything here.

The plain package has no trained models. What it gives are measurements, and
only characteristics that follow from one of them are filled in; those of
other sources are never compared with these.
"""

import importlib.util
import math
import os
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from segued.errors import DecodeError
from segued.media.decode import decoded, heard
from segued.media.resample import Resampler
from segued.media.sndfile import WaveWriter
from segued.model import Signature, Span
from segued.units import TICKS_PER_SECOND, Hertz, Ticks, ticks_to_frames

__all__ = ["Sound", "available", "flavor_of", "sweep"]

RULES: Final = 1
"""Raised whenever the same measurements would give other characteristics."""

RATE: Final = Hertz(44_100)
LENGTH_MAX: Final = Ticks(10 * 60 * TICKS_PER_SECOND)
"""Of a longer passage the middle speaks for all: its memory grows with it."""

PREFIX: Final = "flavor-"
SUFFIX: Final = ".wav"

DANCEABILITY_MAX: Final = 3.0
"""Essentia's scale goes from 0 to about 3."""

BRIGHT_HERTZ: Final = 1_500.0
"""Spectral centroid of music that is neither bright nor dark."""

MEASURES: Final = {
    "bpm": "rhythm.bpm",
    "onset_rate": "rhythm.onset_rate",
    "key": "tonal.key_edma.key",
    "scale": "tonal.key_edma.scale",
    "key_strength": "tonal.key_edma.strength",
    "loudness_lufs": "lowlevel.loudness_ebu128.integrated",
    "loudness_range_lu": "lowlevel.loudness_ebu128.loudness_range",
    "dynamic_complexity_db": "lowlevel.dynamic_complexity",
    "spectral_centroid_hertz": "lowlevel.spectral_centroid.mean",
}
"""What is kept of the measurements, and Essentia's names."""


@dataclass(frozen=True, slots=True)
class Sound:
    """How a passage sounds.

    Attributes:
        version: Of Essentia, and of the rules here.
        characteristics: Classes with shares that sum to 1, by characteristic,
            under the names that AcousticBrainz has for them.
        measures: Single values, with their units in their names.
    """

    version: str
    characteristics: dict[str, dict[str, float]]
    measures: dict[str, float | str]


def available() -> bool:
    """Return whether the extra is installed; does not load it."""
    return importlib.util.find_spec("essentia") is not None


def sweep(spool: str) -> None:
    """Delete what killed children left behind."""
    for path in Path(spool).glob(f"{PREFIX}*{SUFFIX}"):
        path.unlink(missing_ok=True)


def flavor_of(path: bytes, expected: Signature, span: Span, spool: str) -> Sound:
    """Measure how a passage sounds.

    Args:
        path: Absolute path of the music file; only read.
        expected: Its signature when it was analysed.
        span: The passage.
        spool: Folder for the temporary WAV file, always removed again.

    Raises:
        DecodeError: Essentia makes nothing of it; in its words.
        FileError: As `segued.media.decode.decoded` says.
    """
    import essentia  # noqa: PLC0415 - takes a second and 130 MB
    from essentia.standard import MusicExtractor  # noqa: PLC0415

    essentia.log.infoActive = essentia.log.warningActive = False
    handle, temporary = tempfile.mkstemp(prefix=PREFIX, suffix=SUFFIX, dir=spool)
    os.close(handle)
    try:
        with closing(WaveWriter(Path(temporary), RATE, 1)) as writer:
            writer.write(_sound_of(path, expected, span))
        try:
            pool, _ = MusicExtractor(
                lowlevelStats=["mean"], rhythmStats=["mean"], tonalStats=["mean"]
            )(temporary)
        except RuntimeError as error:
            raise DecodeError(path, f"Essentia: {error}") from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    found = {name: pool[name] for name in pool.descriptorNames()}
    return Sound(
        f"{version('essentia')}, rules {RULES}",
        _characteristics(found),
        _measures(found),
    )


def _sound_of(path: bytes, expected: Signature, span: Span) -> Any:  # noqa: ANN401
    """Return the middle of a passage: mono, at 44,100 Hz."""
    spare = max(0, span.length - LENGTH_MAX) // 2
    with decoded(path, expected) as source:
        first = ticks_to_frames(span.start + spare, source.rate)
        last = ticks_to_frames(span.end - spare, source.rate)
        resampler = Resampler(source.rate, RATE, 1, "HQ")
        parts, position = [], 0
        for part in heard(source):
            end = position + len(part.mono)
            wanted = part.mono[max(0, first - position) : max(0, last - position)]
            if len(wanted):
                parts.append(np.array(resampler.add(wanted), dtype=np.float32))
            position = end
            if position >= last:
                break
        rest = resampler.add(np.empty(0, np.float32), last=True)
        parts.append(np.array(rest, dtype=np.float32))
    return np.concatenate(parts)


def _characteristics(found: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    danceable = _share(float(found["rhythm.danceability"]) / DANCEABILITY_MAX)
    tonal = _share(float(found["tonal.key_edma.strength"]))
    centroid = float(found["lowlevel.spectral_centroid.mean"])
    # An octave above the middle is three quarters bright.
    octaves = math.log2(max(centroid, 1.0) / BRIGHT_HERTZ)
    bright = _share(1 / (1 + 3.0**-octaves))
    return {
        "danceability": {"danceable": danceable, "not_danceable": 1 - danceable},
        "timbre": {"bright": bright, "dark": 1 - bright},
        "tonal_atonal": {"atonal": 1 - tonal, "tonal": tonal},
    }


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)


def _measures(found: Mapping[str, Any]) -> dict[str, float | str]:
    return {
        name: found[there]
        if isinstance(found[there], str)
        else round(float(found[there]), 4)
        for name, there in MEASURES.items()
    }
