"""Synthetic music, and audio files made of it.

The music has the features that the code under test analyzes: changing chords, a
beat, noise, two different channels, loud and quiet parts.
"""

import math
import re
import subprocess
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "Sound",
    "encode_audio",
    "fpcalc",
    "length_by_ffmpeg",
    "loudness_by_ffmpeg",
    "music",
    "silence",
]

Sound: TypeAlias = npt.NDArray[np.float32]
"""Samples, 1.0 being full scale; shape (frames, channels)."""

Wave: TypeAlias = npt.NDArray[np.float32]
"""Samples of one channel; shape (frames,)."""

BEAT_S: Final = 0.5
CHORDS: Final = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (2, 5, 9))
"""Semitones above the key, a chord every two beats."""


def music(
    seconds: float, rate: int = 44_100, channels: int = 2, seed: int = 1
) -> Sound:
    """Return `seconds` of music; another seed gives another song."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * rate)
    samples = np.zeros((frames, channels), dtype=np.float32)
    bar = 2 * round(BEAT_S * rate)
    key = 110.0 * 2 ** (rng.integers(0, 12) / 12)
    for number, start in enumerate(range(0, frames, bar)):
        chord = CHORDS[rng.integers(0, len(CHORDS))]
        mixed = _chord(chord, key, rate, bar, rng) + _drums(number, rate, bar, rng)
        part = mixed[: frames - start]
        for channel in range(channels):
            # A different share of noise and a short delay, so that no two
            # channels are equal and the mean is neither of them.
            noise = rng.standard_normal(len(part), dtype=np.float32)
            delayed = np.roll(part, 7 * channel) + 0.01 * noise
            samples[start : start + len(part), channel] = delayed
    clipped: Sound = np.clip(0.6 * samples, -0.99, 0.99)
    return clipped


def silence(seconds: float, rate: int = 44_100, channels: int = 2) -> Sound:
    """Return digital silence."""
    return np.zeros((round(seconds * rate), channels), dtype=np.float32)


def encode_audio(path: Path, samples: Sound, rate: int, *options: str) -> Path:
    """Encode samples with ffmpeg, by its options and the extension of `path`."""
    source = ("-f", "f32le", "-ar", str(rate), "-ac", str(samples.shape[1]), "-i", "-")
    command = ("ffmpeg", "-nostdin", "-v", "error", "-y", *source, *options, str(path))
    subprocess.run(command, input=samples.astype("<f4").tobytes(), check=True)
    return path


def length_by_ffmpeg(path: Path) -> int:
    """Return how many frames ffmpeg decodes from a file."""
    command = ("ffmpeg", "-nostdin", "-v", "quiet", "-i", str(path), "-map", "0:a:0")
    # As one channel of eight bits, where a byte is a frame.
    raw = ("-ac", "1", "-c:a", "pcm_u8", "-f", "u8", "-")
    done = subprocess.run((*command, *raw), stdout=subprocess.PIPE, check=False)
    return len(done.stdout)


def loudness_by_ffmpeg(path: Path) -> dict[str, float]:
    """Return loudness, range and true peak of a file by FFmpeg's meter."""
    meter = "ebur128=peak=true:metadata=1,ametadata=print:file=-"
    command = ("ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:a:0")
    printed = subprocess.run(
        (*command, "-af", meter, "-f", "null", "-"),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout
    peaks = re.findall(r"true_peaks_ch\d+=(\S+)", printed)
    return {
        "loudness_lufs": float(re.findall(r"r128\.I=(\S+)", printed)[-1]),
        "loudness_range_lu": float(re.findall(r"r128\.LRA=(\S+)", printed)[-1]),
        "true_peak_dbtp": 20 * math.log10(max(map(float, peaks))),
    }


def fpcalc(path: Path) -> str:
    """Return the fingerprint that Chromaprint's own program prints for a file."""
    # Debian 12's fpcalc ends with 3 on files shorter than its window, although
    # it has printed the fingerprint.
    done = subprocess.run(
        ("fpcalc", "-plain", str(path)), capture_output=True, check=False, text=True
    )
    return done.stdout.strip()


def _chord(
    semitones: tuple[int, ...],
    key: float,
    rate: int,
    frames: int,
    rng: np.random.Generator,
) -> Wave:
    time = np.arange(frames, dtype=np.float32) / np.float32(rate)
    tones = np.zeros(frames, dtype=np.float32)
    for semitone in (semitones[0] - 12, *semitones):
        pitch = key * 2 ** (semitone / 12)
        for harmonic in range(1, 6):
            if pitch * harmonic >= rate / 2:
                break
            level = rng.uniform(0.5, 1.0) / harmonic / 4
            phase = rng.uniform(0, 2 * np.pi)
            angle = np.float32(2 * np.pi * pitch * harmonic) * time
            tones += np.float32(level) * np.sin(angle + np.float32(phase))
    fade = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.01)
    chord: Wave = tones * fade * np.exp(-time * np.float32(rng.uniform(0.3, 2.0)))
    return chord


def _drums(number: int, rate: int, frames: int, rng: np.random.Generator) -> Wave:
    time = np.arange(frames, dtype=np.float32) / np.float32(rate)
    kick = 0.8 * np.exp(-time * 18) * np.sin(2 * np.pi * 55 * time)
    late = np.maximum(0.0, time - BEAT_S)
    snare = rng.standard_normal(frames, np.float32) * np.exp(-late * 25)
    snare[time < BEAT_S] = 0
    beat: Wave = kick + np.float32(0.25 + 0.1 * (number % 4 == 3)) * snare
    return beat
