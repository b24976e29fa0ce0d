"""Music for measurements, generated once and cached."""

import itertools
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, TypeAlias

import numpy as np
from sample_library import GAP_SECONDS, RATE, Samples, song

__all__ = [
    "LONG_SECONDS",
    "PER_FOLDER",
    "SEEDS",
    "Encoding",
    "cache_folder",
    "encoded_song",
    "length_of",
    "long_file",
    "make_once",
    "small_files",
    "songs",
]

Encoding: TypeAlias = tuple[str, ...]
"""FFmpeg's options for the codec, and the file extension."""

ALBUMS: Final[tuple[tuple[str, int, Encoding], ...]] = (
    ("Harbour Lights", 12, ("-c:a", "libmp3lame", "-q:a", "2", ".mp3")),
    ("Paper Boats", 6, ("-c:a", "libmp3lame", "-b:a", "320k", ".mp3")),
    ("Slow Weather", 8, ("-sample_fmt", "s16", ".flac")),
    ("The Long Field", 4, ("-c:a", "libvorbis", "-q:a", "5", ".ogg")),
    ("Kitchen Tapes", 4, ("-c:a", "aac", "-b:a", "192k", ".m4a")),
    ("Night Bus", 3, ("-c:a", "libopus", "-b:a", "128k", ".opus")),
    ("Plain Speech", 3, ("-c:a", "pcm_s16le", ".wav")),
)
"""An album of each format: its name, its number of songs, their encoding."""

ARTISTS: Final = ("Marram", "Sandpiper")
"""Each has all albums, so that the start and the end of an import weigh little."""

SEEDS: Final = range(5_000, 5_000 + len(ARTISTS) * sum(count for _, count, _ in ALBUMS))

SECONDS_MIN: Final = 180
SECONDS_MORE: Final = 121
STEP: Final = 37
"""Distributes the lengths of songs over three to five minutes."""

HISS: Final = 0.006
"""White noise, so that encoders need as many bits as for real recordings.

They are 175 kb/s for MP3 V2, and 940 kb/s for FLAC.
"""

LONG_SECONDS: Final = 4 * 3_600
LONG_ENCODING: Final[Encoding] = ("-c:a", "libmp3lame", "-q:a", "5", ".mp3")
LONG_SONG_SECONDS: Final = 237.0

SMALL_RATE: Final = 8_000
SMALL_FRAMES: Final = 2_400
PER_FOLDER: Final = 13


def cache_folder() -> Path:
    """Return the folder of generated music."""
    place = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(place) / "segued-bench"


def songs(folder: Path) -> None:
    """Generate eighty songs in `folder` if it is missing or empty."""
    make_once(folder, _make_songs)


def long_file(folder: Path) -> None:
    """Generate a folder with one file of four hours if it is missing."""
    make_once(folder, _make_long)


def small_files(folder: Path, count: int) -> None:
    """Generate a folder of `count` small music files if it is missing."""
    make_once(folder, lambda place: _make_small(place, count))


def length_of(seed: int) -> int:
    """Return the length of a song, in seconds."""
    return SECONDS_MIN + STEP * seed % SECONDS_MORE


def make_once(folder: Path, make: Callable[[Path], None]) -> None:
    """Generate a folder, completely or not at all."""
    if folder.is_dir() and any(folder.iterdir()):
        return
    print(f"generating {folder}, once, a few minutes ...", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as place:
        made = Path(place) / "made"
        made.mkdir()
        make(made)
        with suppress(FileNotFoundError):
            folder.rmdir()
        made.rename(folder)


def _make_songs(folder: Path) -> None:
    seeds = iter(SEEDS)
    wanted: list[tuple[Path, int, Encoding]] = []
    for artist, (album, count, encoding) in itertools.product(ARTISTS, ALBUMS):
        place = folder / artist / album
        place.mkdir(parents=True)
        for track in range(1, count + 1):
            seed = next(seeds)
            path = place / f"{track:02} - Song {seed}{encoding[-1]}"
            names = {
                "title": f"Song {seed}",
                "artist": artist,
                "album": album,
                "track": f"{track}/{count}",
            }
            metadata = [f for k, v in names.items() for f in ("-metadata", f"{k}={v}")]
            wanted.append((path, seed, (*metadata, *encoding[:-1])))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as encoders:
        list(encoders.map(encoded_song, *zip(*wanted, strict=True)))


def encoded_song(path: Path, seed: int, encoding: Encoding) -> None:
    """Generate a song, of a length that depends on its seed, in a new file."""
    sound = song(seed, length_of(seed))
    _encode(path, encoding, iter((_with_hiss(sound, seed),)))


def _make_long(folder: Path) -> None:
    def long_sound() -> Iterator[Samples]:
        gap = np.zeros((round(GAP_SECONDS * RATE), 2), np.float32)
        for nth in range(round(LONG_SECONDS / (LONG_SONG_SECONDS + GAP_SECONDS))):
            yield _with_hiss(song(6_000 + nth, LONG_SONG_SECONDS), nth)
            yield gap

    path = folder / f"Four Hours{LONG_ENCODING[-1]}"
    _encode(path, LONG_ENCODING[:-1], long_sound())


def _with_hiss(sound: Samples, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    sound += np.float32(HISS) * rng.standard_normal(sound.shape, dtype=np.float32)
    return sound


def _encode(path: Path, encoding: Encoding, sound: Iterator[Samples]) -> None:
    """Encode samples that are generated on the fly; shape (frames, 2), float32."""
    input_options = ("-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "pipe:")
    program = ("ffmpeg", "-nostdin", "-loglevel", "error")
    command = (*program, *input_options, *encoding, str(path))
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:  # noqa: S603
        pipe: IO[bytes] | None = encoder.stdin
        assert pipe is not None  # noqa: S101
        for part in sound:
            pipe.write(np.ascontiguousarray(part, np.float32).data)
        pipe.close()
    if encoder.returncode:
        raise subprocess.CalledProcessError(encoder.returncode, command)


def _make_small(folder: Path, count: int) -> None:
    """Write files of 0.3 s of noise, all different, 13 to a folder."""
    rng = np.random.default_rng(7)
    size = 2 * SMALL_FRAMES
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + size,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        SMALL_RATE,
        2 * SMALL_RATE,
        2,
        16,
        b"data",
        size,
    )
    for number in range(count):
        album, track = divmod(number, PER_FOLDER)
        place = folder / f"Artist {album // 10:03}" / f"Album {album:04}"
        if track == 0:
            place.mkdir(parents=True)
        noise = rng.integers(-8_000, 8_000, SMALL_FRAMES, dtype=np.int16)
        path = place / f"{track + 1:02} - Song {number}.wav"
        path.write_bytes(head + noise.tobytes())
