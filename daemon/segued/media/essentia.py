"""How a passage sounds, measured here; the only importer of `essentia`.

Essentia is an extra: large, slow (2.5 s of CPU for a minute of sound) and not
there by default. Its plain package has no trained classifiers, so three of the
eighteen characteristics are all that can honestly be said, and all that is.
"""

import importlib.util
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from segued.dsp.mixdown import STEREO_CHANNELS, Stereo, sane, stereo_of
from segued.errors import DecodeError, UnexpectedError
from segued.media.decode import decoded
from segued.media.pcm import Source
from segued.media.resample import Resampler
from segued.media.sndfile import WaveWriter
from segued.model import Signature, Span
from segued.units import TICKS_PER_SECOND, Hertz, Ticks, ticks_to_frames

__all__ = ["Sound", "available", "flavor_of"]

PREFIX: Final = "segued-flavor-"
SUFFIX: Final = ".wav"

RATE: Final = Hertz(44_100)
"""What Essentia's descriptors are defined at."""

EXCERPT_MAX: Final = Ticks(10 * 60 * TICKS_PER_SECOND)
"""More than the middle ten minutes says no more, and takes no less."""

DANCEABILITY_MAX: Final = 3.0
DARK_HERTZ: Final = 500.0
OCTAVES: Final = 3.0
"""From a centroid that is as dark as music gets to one as bright, 4 kHz."""

MEASURES: Final = {
    "bpm": "rhythm.bpm",
    "onset_rate": "rhythm.onset_rate",
    "danceability": "rhythm.danceability",
    "key": "tonal.key_edma.key",
    "scale": "tonal.key_edma.scale",
    "key_strength": "tonal.key_edma.strength",
    "chords_changes_rate": "tonal.chords_changes_rate",
    "tuning_hertz": "tonal.tuning_frequency",
    "loudness_lufs": "lowlevel.loudness_ebu128.integrated",
    "loudness_range_lu": "lowlevel.loudness_ebu128.loudness_range",
    "average_loudness": "lowlevel.average_loudness",
    "dynamic_complexity_db": "lowlevel.dynamic_complexity",
    "dissonance": "lowlevel.dissonance.mean",
    "spectral_centroid_hertz": "lowlevel.spectral_centroid.mean",
}
"""Our name of each measure, and Essentia's."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What was measured of a passage.

    Attributes:
        version: Which Essentia measured it.
        characteristics: By name, the share of each class; they sum to 1.
        measures: By name, a number or a word; units are in the names.
    """

    version: str
    characteristics: dict[str, dict[str, float]]
    measures: dict[str, float | str]


def available() -> bool:
    """Return whether Essentia is installed, without loading it."""
    return importlib.util.find_spec("essentia") is not None


def flavor_of(path: bytes, expected: Signature, span: Span, spool: str) -> Sound:
    """Return how a passage sounds.

    Takes half a minute for ten of music, and all memory that it wants: for a
    child process with limits.

    Args:
        path: Absolute path.
        expected: The file's signature when it was found.
        span: The passage; of more than ten minutes, the middle ten count.
        spool: Folder for the passage as a WAV file, for as long as this takes.

    Raises:
        FileError: As `segued.media.decode.decoded` says.
        DecodeError: Essentia could make nothing of it; says why.
        UnexpectedError: The WAV file could not be written.
    """
    with _temporary(path, spool) as wave:
        _write_excerpt(path, expected, _middle(span), wave)
        return _measured(path, wave)


@contextmanager
def _temporary(path: bytes, spool: str) -> Iterator[str]:
    """Make an empty file and delete it afterwards, whatever happens."""
    try:
        descriptor, wave = tempfile.mkstemp(SUFFIX, PREFIX, spool)
    except OSError as error:
        raise _no_room(path, error) from error
    os.close(descriptor)
    try:
        yield wave
    finally:
        with suppress(FileNotFoundError):
            os.unlink(wave)


def _middle(span: Span) -> Span:
    spare = max(0, span.length - EXCERPT_MAX)
    start = span.start + spare // 2
    return Span(Ticks(start), Ticks(start + span.length - spare))


def _write_excerpt(path: bytes, expected: Signature, span: Span, wave: str) -> None:
    """Decode the file as far as `span` reaches, and write that to `wave`."""
    with decoded(path, expected) as source:
        channels = min(source.channels, STEREO_CHANNELS)
        try:
            writer = WaveWriter(wave, RATE, channels)
        except OSError as error:
            raise _no_room(path, error) from error
        with closing(writer):
            for sound in _excerpt(source, span, channels):
                try:
                    writer.write(sound)
                except OSError as error:
                    raise _no_room(path, error) from error


def _excerpt(source: Source, span: Span, channels: int) -> Iterator[Stereo]:
    """Yield the sound of `span` at Essentia's rate, shape (frames, channels)."""
    first = ticks_to_frames(span.start, source.rate)
    stop = ticks_to_frames(span.end, source.rate)
    resampler = Resampler(source.rate, RATE, channels, "HQ")
    position = 0
    for raw in source.blocks():
        begin, end = max(0, first - position), stop - position
        position += raw.shape[1]
        block, _ = sane(raw)
        if begin < position:
            sound = stereo_of(block[:, begin:end], channels)
            yield resampler.add(sound)
        if position >= stop:
            break
    nothing = np.empty((0, channels), dtype=np.float32)
    yield resampler.add(nothing, last=True)


def _measured(path: bytes, wave: str) -> Sound:
    """Let Essentia measure a WAV file."""
    # Loading it takes a second and 100 MB: only for who asks.
    import essentia  # noqa: PLC0415

    essentia.log.infoActive = False
    essentia.log.warningActive = False
    from essentia.standard import MusicExtractor  # noqa: PLC0415

    means = {name: ["mean"] for name in ("lowlevelStats", "rhythmStats", "tonalStats")}
    try:
        pool, _ = MusicExtractor(**means)(wave)
    except RuntimeError as error:
        words = str(error).replace(wave, "the passage")
        raise DecodeError(path, f"Essentia could not measure it: {words}") from error
    measures = _measures(pool)
    version = f"essentia {essentia.__version__}"
    return Sound(version, _characteristics(measures), measures)


def _measures(pool: Any) -> dict[str, float | str]:  # noqa: ANN401
    """Return the measures that came out, as plain numbers and words."""
    there = set(pool.descriptorNames())
    found: dict[str, float | str] = {}
    for name, theirs in MEASURES.items():
        if theirs not in there:
            continue
        value = pool[theirs]
        if isinstance(value, str):
            found[name] = value
        elif math.isfinite(value):
            found[name] = float(value)
    return found


def _characteristics(measures: dict[str, float | str]) -> dict[str, dict[str, float]]:
    """Return what the measures say of SPEC's characteristics."""
    found = {}
    for name, measure, yes, no, share in CHARACTERISTICS:
        value = measures.get(measure)
        if isinstance(value, float):
            how_much = min(1.0, max(0.0, share(value)))
            found[name] = {yes: how_much, no: 1.0 - how_much}
    return found


def _dancing(danceability: float) -> float:
    return danceability / DANCEABILITY_MAX


def _brightness(centroid: float) -> float:
    return math.log2(max(centroid, 1.0) / DARK_HERTZ) / OCTAVES


CHARACTERISTICS: Final[
    tuple[tuple[str, str, str, str, Callable[[float], float]], ...]
] = (
    ("danceability", "danceability", "danceable", "not_danceable", _dancing),
    ("timbre", "spectral_centroid_hertz", "bright", "dark", _brightness),
    ("tonal_atonal", "key_strength", "tonal", "atonal", float),
)
"""Characteristic, the measure it follows from, its two classes, and how much
of the first class a value is."""


def _no_room(path: bytes, error: OSError) -> UnexpectedError:
    reason = error.strerror or str(error)
    return UnexpectedError(path, f"temporary sound could not be written: {reason}")
