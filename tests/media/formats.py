"""Encode one recording in every supported format, on first use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from segued.media.safe_open import signature_of
from segued.model import Signature
from tests.audio import Sound, encode_audio, music

__all__ = ["FORMATS", "SECONDS", "Format", "make_format_file", "signature"]

SECONDS: Final = 10.5
"""Long enough for a fingerprint, short enough to encode thirty times."""

LOSSLESS: Final = 0
DELAY: Final = 2_112
"""Frames by which two decoders may differ: the priming samples of an AAC encoder."""


@dataclass(frozen=True)
class Format:
    """An audio format to encode.

    Attributes:
        ending: File name extension, which selects ffmpeg's format.
        options: ffmpeg's options.
        rate: Sample rate of the file in Hz.
        channels: Channels of the file.
        gain: Factor that the samples are amplified by.
        decoder: Name of the library that decodes it.
        tolerance: Frames by which its length may differ from the original; None
            where a codec adds any number.
    """

    ending: str
    options: tuple[str, ...] = ()
    rate: int = 44_100
    channels: int = 2
    gain: float = 1.0
    decoder: str = "FFmpeg"
    tolerance: int | None = None


def _plain(ending: str, codec: str, rate: int = 44_100, channels: int = 2) -> Format:
    options = ("-c:a", codec)
    return Format(ending, options, rate, channels, 1.0, "libsndfile", LOSSLESS)


FORMATS: Final = {
    "mp3 at a constant rate": Format("mp3", ("-b:a", "192k"), tolerance=0),
    "mp3 at a variable rate": Format("mp3", ("-q:a", "2"), tolerance=0),
    "mp3 without a header": Format("mp3", ("-q:a", "2", "-write_xing", "0")),
    "mp3 at 8 kHz": Format("mp3", ("-q:a", "2"), rate=8_000, channels=1),
    "flac": Format("flac", tolerance=LOSSLESS),
    "flac of 24 bits at 96 kHz": Format(
        "flac", ("-sample_fmt", "s32"), rate=96_000, tolerance=LOSSLESS
    ),
    "vorbis": Format("ogg", ("-q:a", "5"), tolerance=LOSSLESS),
    "opus": Format("opus", rate=48_000, tolerance=LOSSLESS),
    "opus above full scale": Format("opus", rate=48_000, gain=2.0),
    "opus in matroska": Format("mka", ("-c:a", "libopus"), rate=48_000),
    "aac": Format("m4a", ("-b:a", "160k")),
    "aac without a container": Format("aac", ("-b:a", "160k")),
    "alac": Format("m4a", ("-c:a", "alac"), tolerance=LOSSLESS),
    "wavpack": Format("wv", tolerance=LOSSLESS),
    "true audio": Format("tta", tolerance=LOSSLESS),
    "windows media": Format("wma"),
    "mu-law in wav": Format("wav", ("-c:a", "pcm_mulaw"), tolerance=LOSSLESS),
    "wav": _plain("wav", "pcm_s16le"),
    "wav of 8 bits": _plain("wav", "pcm_u8"),
    "wav of 24 bits": _plain("wav", "pcm_s24le"),
    "wav of floats": _plain("wav", "pcm_f32le"),
    "wav of doubles": _plain("wav", "pcm_f64le"),
    "wav at 8 kHz": _plain("wav", "pcm_s16le", 8_000, 1),
    "wav at 11 kHz": _plain("wav", "pcm_s16le", 11_025, 1),
    "wav of six channels": Format("wav", channels=6, tolerance=LOSSLESS),
    "aiff": _plain("aiff", "pcm_s16be"),
    "core audio": _plain("caf", "pcm_s16be"),
    "wave64": _plain("w64", "pcm_s16le"),
    "au": _plain("au", "pcm_s16be"),
}

_songs: dict[tuple[int, int], Sound] = {}


def make_format_file(folder: Path, name: str) -> tuple[Path, Format, Sound]:
    """Return the file of a format, encoded if missing, and its original samples."""
    form = FORMATS[name]
    key = (form.rate, form.channels)
    if key not in _songs:
        # Surround sound with different songs in its channels, so that the result
        # depends on their weights in the mix.
        parts = [
            music(SECONDS, form.rate, min(2, form.channels - first), seed=11 + first)
            for first in range(0, form.channels, 2)
        ]
        _songs[key] = np.concatenate(parts, axis=1)
    sound = _songs[key] * np.float32(form.gain)
    path = folder / f"{name}.{form.ending}"
    if not path.exists():
        encode_audio(path, sound, form.rate, *form.options)
    return path, form, sound


def signature(path: Path) -> Signature:
    """Return the signature that a scan would find."""
    return signature_of(path.stat())
