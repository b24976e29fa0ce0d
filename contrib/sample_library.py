#!/usr/bin/env python3
"""Generate a small music library of encoded files, to try segued with.

Needs no download and no other program: the songs are computed from a seed, so that the
same command gives the same music everywhere. As every real library, it also has a copy,
a copy with other tags, an album side in one file, silence, and broken files.

    contrib/sample_library.py FOLDER [--songs N] [--seconds S]
"""

import argparse
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import av
import mutagen
import numpy as np
import numpy.typing as npt
from mutagen.id3 import TALB, TIT2, TPE1

__all__ = ["Codec", "Samples", "encode", "make_library", "song", "tag"]

Codec: TypeAlias = Literal["mp3", "flac", "vorbis", "opus", "aac", "alac", "pcm"]

Encoder: TypeAlias = Literal[
    "libmp3lame", "flac", "vorbis", "libopus", "aac", "alac", "pcm_s16le"
]
"""Encoders by FFmpeg's names."""

Samples: TypeAlias = npt.NDArray[np.float32]
"""Samples between -1 and 1; shape (frames, channels)."""

Wave: TypeAlias = npt.NDArray[np.float32]
"""Samples of one channel; shape (frames,)."""

Notes: TypeAlias = npt.NDArray[np.int64]
"""Degrees of a scale, or MIDI note numbers; shape (notes,)."""

RATE: Final = 44_100
GAP_SECONDS: Final = 3.0
"""Digital silence between two songs of an album side."""

SCALES: Final = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
"""Major and minor, in semitones above the key."""

SONGS_PER_ALBUM: Final = 4


@dataclass(frozen=True, slots=True)
class _Coder:
    """FFmpeg's parameters for one codec."""

    encoder: Encoder
    container: str
    options: Mapping[str, str]


CODERS: Final[Mapping[Codec, _Coder]] = {
    "mp3": _Coder("libmp3lame", "mp3", {"compression_level": "7"}),
    "flac": _Coder("flac", "flac", {}),
    "vorbis": _Coder("vorbis", "ogg", {"strict": "experimental", "b": "192k"}),
    "opus": _Coder("libopus", "opus", {"b": "128k"}),
    "aac": _Coder("aac", "ipod", {"b": "160k"}),
    "alac": _Coder("alac", "ipod", {}),
    "pcm": _Coder("pcm_s16le", "wav", {}),
}
OPUS_RATE: Final = 48_000


# Sound


def song(seed: int, seconds: float = 30.0, rate: int = RATE) -> Samples:
    """Return a song: chords, bass, a melody and a beat, faded in and out.

    Args:
        seed: Number of the song. Songs with different seeds also have different
            fingerprints.
        seconds: Its length.
        rate: Frames per second.

    Returns:
        Stereo, shape (frames, 2), at most 0.7 of full scale.
    """
    rng = np.random.default_rng(seed)
    beat = 2 * round(rate * 30 / rng.integers(84, 140))
    key = int(rng.integers(40, 52))
    scale = np.array(rng.permutation(SCALES)[0])
    chords = rng.permutation(6)[:4]
    tune = rng.choice([0, 1, 2, 4, 5, 7, 8, 9, 11], size=32)

    def notes(degrees: Notes, octaves: int) -> Notes:
        """Return MIDI note numbers for degrees of the scale."""
        return np.asarray(key + 12 * (degrees // 7 + octaves) + scale[degrees % 7])

    verse = _drums(rng, beat, rate)
    verse += 0.22 * _melody(notes(tune, 2), beat // 2, rate, harmonics=3, decay=5)
    verse += 0.25 * _melody(
        notes(chords.repeat(4), -1), beat, rate, harmonics=2, decay=2
    )
    verse = np.stack((verse, verse), axis=1)
    for third in (0, 2, 4):
        for side, detune in enumerate((0.9985, 1.0015)):
            held = _melody(notes(chords + third, 1), 4 * beat, rate, detune=detune)
            verse[:, side] += 0.12 * held

    frames = round(seconds * rate)
    verse *= 0.7 / np.abs(verse).max()
    sound: Samples = np.resize(verse, (frames, 2))
    sound *= _fades(frames, rate)[:, np.newaxis]
    return sound


def _melody(  # noqa: PLR0913 - the parameters of a synthesizer
    notes: Notes,
    length: int,
    rate: int,
    *,
    harmonics: int = 4,
    decay: float = 0.5,
    detune: float = 1.0,
) -> Wave:
    """Return the samples of MIDI notes in sequence, each of `length` frames.

    Each note is struck, decays at the rate `decay`, and ends in silence.
    """
    hertz = 440.0 * detune * 2.0 ** ((notes - 69) / 12)
    cycles = hertz[:, np.newaxis] * (np.arange(length) / rate)
    turn = (2 * np.pi * (cycles % 1.0)).astype(np.float32)
    sound = np.sin(turn)
    for nth in range(2, harmonics + 1):
        sound += np.sin(nth * turn) / np.float32(nth)
    done = np.arange(length, dtype=np.float32) / length
    sound *= np.exp(-decay * done) * np.minimum(1, 40 * np.minimum(done, 1 - done))
    return np.asarray(sound.ravel(), np.float32)


def _drums(rng: np.random.Generator, beat: int, rate: int) -> Wave:
    """Return sixteen beats: a bass drum, and a cymbal of noise between the beats."""
    at = np.arange(beat) / rate
    kick = np.sin(2 * np.pi * (50 * at + 6 * (1 - np.exp(-30 * at)))) * np.exp(-12 * at)
    cymbal = np.exp(-40 * np.roll(at, beat // 2))
    noise = rng.standard_normal((16, beat), dtype=np.float32)
    sound = 0.45 * kick + noise * (0.06 * cymbal + 0.002)
    return np.asarray(sound.ravel(), np.float32)


def _fades(frames: int, rate: int) -> Wave:
    """Return the gain of a song: a fade-in of half a second, a fade-out of three."""
    up = np.arange(frames, dtype=np.float32) / (0.5 * rate)
    down = np.arange(frames, 0, -1, dtype=np.float32) / min(3 * rate, frames / 4)
    return np.asarray(np.minimum(np.minimum(up, down), 1) ** 2, np.float32)


def _side(songs: list[Samples], rate: int) -> Samples:
    """Return songs in sequence, with digital silence between them."""
    gap = np.zeros((round(GAP_SECONDS * rate), 2), np.float32)
    parts = [part for each in songs for part in (each, gap)]
    return np.concatenate(parts[:-1])


# Files


def encode(
    path: Path,
    samples: Samples,
    rate: int,
    codec: Codec,
    *,
    options: Mapping[str, str] | None = None,
) -> None:
    """Write samples as a file of one codec, whatever the file extension.

    Args:
        path: The file; created or overwritten.
        samples: The samples, shape (frames, channels), one or two channels.
        rate: Their sample rate in Hz. Opus files always have 48,000 Hz.
        codec: The codec, which also determines the container.
        options: FFmpeg's options of the container, such as
            `{"write_xing": "0"}` for an MP3 without its length in the header.
    """
    coder = CODERS[codec]
    layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
    settings = {"fflags": "+bitexact", **(options or {})}
    with (
        path.open("wb") as file,
        av.open(file, "w", format=coder.container, options=settings) as container,
    ):
        stream = container.add_stream(
            coder.encoder,
            rate=OPUS_RATE if codec == "opus" else rate,
            options=dict(coder.options),
            layout=layout,
        )
        for first in range(0, len(samples), rate):
            block = np.ascontiguousarray(samples[first : first + rate].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate = rate
            frame.pts = first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def tag(path: Path, tags: Mapping[str, str]) -> None:
    """Replace the tags of a file by these.

    Args:
        path: An audio file of any codec that `encode` writes.
        tags: Values by Vorbis comment name in lower case: title, artist,
            album, albumartist, tracknumber (`1/4`), date, genre. A WAV file
            gets only the first three.
    """
    file: Any = mutagen.File(path, easy=True)
    file.delete()
    if file.tags is None:
        file.add_tags()
    if "audio/wav" in file.mime:
        frames: dict[str, Any] = {"title": TIT2, "artist": TPE1, "album": TALB}
        for name in frames.keys() & tags.keys():
            file.tags.add(frames[name](encoding=3, text=tags[name]))
    else:
        file.update(tags)
    file.save()


# The library


def make_library(folder: Path, *, songs: int = 4, seconds: float = 30.0) -> int:
    """Generate the sample library, completely or not at all.

    Args:
        folder: The folder of the library; missing or empty.
        songs: Number of songs on albums, four on each.
        seconds: The length of a song; at least 21, because a passage of less than 20 s
            is merged with its neighbor, and the album sides would not be cut.

    Returns:
        The number of files.

    Raises:
        OSError: The folder is not empty, or cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(errno.EEXIST, "not empty", str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".segued-", dir=folder.parent) as place:
        made = Path(place) / "library"
        made.mkdir()
        _albums(made, songs, seconds)
        _singles(made / "Singles", seconds)
        _copies(made, made / "Downloads")
        _sides(made, seconds)
        _bad_files(made / "Oddities", seconds)
        count = sum(1 for path in made.rglob("*") if path.is_file())
        made.rename(folder)
    return count


ALBUM_NAMES: Final = ("Harbour Lights", "Paper Boats", "Slow Weather", "The Long Field")
SONG_NAMES: Final = ("First Light", "Salt and Rope", "Undertow", "The Last Ferry")


def _albums(library: Path, songs: int, seconds: float) -> None:
    """Write the albums: with complete tags, MP3 and FLAC in turn."""
    for number in range(songs):
        album, track = divmod(number, SONGS_PER_ALBUM)
        volume = album // len(ALBUM_NAMES)
        name = ALBUM_NAMES[album % len(ALBUM_NAMES)] + f" {volume + 1}" * bool(volume)
        on_album = min(SONGS_PER_ALBUM, songs - album * SONGS_PER_ALBUM)
        codec: Codec = "flac" if album % 2 else "mp3"
        title = SONG_NAMES[track]
        folder = library / "Marram" / f"{name} ({1990 + album % 30})"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{track + 1:02} - {title}.{codec}"
        encode(path, song(1_000 + number, seconds), RATE, codec)
        tags = {
            "title": title,
            "artist": "Marram",
            "album": name,
            "albumartist": "Marram",
            "tracknumber": f"{track + 1}/{on_album}",
            "date": str(1990 + album % 30),
            "genre": "Folk",
        }
        tag(path, tags)


def _singles(folder: Path, seconds: float) -> None:
    """Write single songs, one in each of the other formats."""
    wanted: tuple[tuple[str, Codec, str], ...] = (
        ("Night Bus", "vorbis", "ogg"),
        ("Glasshouse", "opus", "opus"),
        ("Copper Wire", "aac", "m4a"),
        ("Lossless Heart", "alac", "m4a"),
        ("Plain Speech", "pcm", "wav"),
    )
    folder.mkdir()
    for seed, (title, codec, suffix) in enumerate(wanted, start=10):
        path = folder / f"The Lanterns - {title}.{suffix}"
        encode(path, song(seed, seconds), RATE, codec)
        tag(path, {"title": title, "artist": "The Lanterns", "album": "Singles"})


def _copies(library: Path, folder: Path) -> None:
    """Copy two songs: one byte for byte, one with other tags."""
    originals = sorted(library.glob("Marram/*/*"))
    if not originals:
        return
    folder.mkdir()
    first, last = originals[0], originals[-1]
    shutil.copyfile(first, folder / f"{first.stem} (copy){first.suffix}")
    retagged = folder / f"track{last.suffix}"
    shutil.copyfile(last, retagged)
    tag(retagged, {"title": "Unknown Title", "artist": "Unknown Artist"})


def _sides(library: Path, seconds: float) -> None:
    """Write two album sides of three songs, one with a cue sheet.

    Each has a folder of its own: several files in a folder are taken for single songs.
    """
    for name, seed in (("Side A", 20), ("Side B", 30)):
        folder = library / "Kitchen Tapes" / name
        folder.mkdir(parents=True)
        songs = [song(seed + nth, seconds) for nth in range(3)]
        path = folder / f"{name}.flac"
        encode(path, _side(songs, RATE), RATE, "flac")
        tag(path, {"title": name, "artist": "Kitchen Tapes", "album": "Live at Home"})
    sheet = library / "Kitchen Tapes" / "Side A" / "Side A.cue"
    sheet.write_text(_cue(seconds), encoding="utf-8")


def _cue(seconds: float) -> str:
    """Return the cue sheet of a side; index 00 is the start of the silence.

    Positions in cue sheets have 75 frames per second.
    """

    def at(position: float) -> str:
        second, frame = divmod(round(75 * position), 75)
        return f"{second // 60:02}:{second % 60:02}:{frame:02}"

    lines = [
        'PERFORMER "Kitchen Tapes"',
        'TITLE "Live at Home"',
        'FILE "Side A.flac" WAVE',
    ]
    for nth, title in enumerate(("Kettle", "Lino", "Back Door")):
        start = nth * (seconds + GAP_SECONDS)
        lines += [f"  TRACK {nth + 1:02} AUDIO", f'    TITLE "{title}"']
        if nth:
            lines.append(f"    INDEX 00 {at(start - GAP_SECONDS)}")
        lines.append(f"    INDEX 01 {at(start)}")
    return "\n".join(lines) + "\n"


def _bad_files(folder: Path, seconds: float) -> None:
    """Write one file for each usual defect of real libraries."""
    folder.mkdir()
    silence = np.zeros((round(seconds * RATE), 2), np.float32)
    encode(folder / "silence.flac", silence, RATE, "flac")

    (folder / "not music.mp3").write_text("This is a shopping list.\n" * 40)

    whole = folder / "cut short.flac"
    encode(whole, song(40, seconds), RATE, "flac")
    os.truncate(whole, whole.stat().st_size * 6 // 10)

    latin = folder / os.fsdecode(b"Caf\xe9 - Chanson.mp3")
    encode(latin, song(41, seconds), RATE, "mp3")
    tag(latin, {"title": "Chanson", "artist": "Café"})


def main() -> int:
    """Generate the library that the command line describes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "folder", type=Path, help="folder of the library; missing or empty"
    )
    parser.add_argument(
        "--songs", type=int, default=4, help="number of songs on albums (4)"
    )
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="length of a song (30)"
    )
    wanted = parser.parse_args()
    try:
        count = make_library(
            wanted.folder.absolute(), songs=wanted.songs, seconds=wanted.seconds
        )
    except OSError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    print(f"{count} files in {wanted.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
