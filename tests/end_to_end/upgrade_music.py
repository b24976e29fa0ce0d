"""The music files of the library that version 0.1.0 made.

The dump of that library is `tests/golden/library-0.1.0.sql`. The samples are
the same on every machine, so the hashes stored in the dump fit these files.
"""

import shutil
from pathlib import Path

import numpy as np
import soundfile

from tests.audio import music, silence

__all__ = ["ALBUM", "SONGS", "add_later", "make_music"]

RATE = 11_025
ALBUM = "Marram - Harbour Lights (1990)"
SONGS = ("First Light", "Salt and Rope", "Undertow")


def make_music(folder: Path) -> None:
    """Write an album, a copy of its first song, singles, and a side with CUE sheet.

    One single is silent, and one is not an audio file.
    """
    album = folder / ALBUM
    album.mkdir(parents=True)
    for number, title in enumerate(SONGS, start=1):
        samples = music(14.0, RATE, 1, seed=number)
        _write_wav(album / f"{number:02} {title}.wav", samples)
    singles = folder / "Singles"
    singles.mkdir()
    shutil.copy(album / f"01 {SONGS[0]}.wav", singles / "copy.wav")
    _write_wav(singles / "Somebody - Alone.wav", music(14.0, RATE, 1, seed=7))
    _write_wav(singles / "nothing.wav", silence(5.0, RATE, 1))
    (singles / "broken.mp3").write_bytes(b"This is no sound at all.\n" * 40)
    side = folder / "Sides"
    side.mkdir()
    tracks = [music(14.0, RATE, 1, seed=seed) for seed in (11, 12)]
    gap = silence(3.0, RATE, 1)
    _write_wav(side / "side.wav", np.concatenate((tracks[0], gap, tracks[1])))
    (side / "side.cue").write_text(
        'PERFORMER "Marram"\nTITLE "Side"\nFILE "side.wav" WAVE\n'
        '  TRACK 01 AUDIO\n    TITLE "One"\n    INDEX 01 00:00:00\n'
        '  TRACK 02 AUDIO\n    TITLE "Two"\n    INDEX 01 00:17:00\n'
    )


def add_later(folder: Path) -> None:
    """Write the file that version 0.1.0 imported but did not analyze."""
    _write_wav(folder / "Singles" / "later.wav", music(14.0, RATE, 1, seed=9))


def _write_wav(path: Path, samples: np.ndarray) -> None:
    soundfile.write(path, samples, RATE, subtype="PCM_16")
