"""Measure how many other encodings of a song are found, and that nothing else is.

    contrib/bench/copies [--songs N] [--keep FOLDER]

Each of 25 songs of 30 seconds is encoded in eight other ways: those are its copies.
Eight other files are near misses: two remasters, two edits, a live recording, two
other speeds, and another song of the same kind. All are imported as usual.
"""

import argparse
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.commandline import (
    missing_packages,
    parser,
    require_packages,
    run_measurement,
)
from bench.tables import Target, print_table, print_targets
from sample_library import encode, song

SECONDS: Final = 30.0
RATE: Final = 44_100

CONFIG: Final = "[flavoring]\nsources = []\nloudness = false\n"

FOUND_MIN: Final = 0.99

COPIES: Final = {
    "MP3 320 kbit.mp3": ("-b:a", "320k"),
    "MP3 128 kbit.mp3": ("-b:a", "128k"),
    "MP3 V5, 48 kHz.mp3": ("-q:a", "5", "-ar", "48000"),
    "Vorbis.ogg": ("-c:a", "libvorbis", "-q:a", "4"),
    "Opus 96 kbit.opus": ("-b:a", "96k"),
    "AAC 128 kbit.m4a": ("-b:a", "128k"),
    "later by 0.7 s.flac": ("-af", "adelay=700:all=1"),
    "6 dB softer.flac": ("-af", "volume=-6dB"),
}
"""The options of FFmpeg for each copy."""

NEAR_MISSES: Final = {
    "remaster, compressed.flac": (
        "acompressor=threshold=-24dB:ratio=4:attack=5:release=100:makeup=4,"
        "equalizer=f=90:t=q:w=1:g=4,equalizer=f=7000:t=q:w=1:g=3"
    ),
    "remaster, limited.flac": "volume=12dB,alimiter=limit=0.9:attack=2:release=40",
    "edit, 5 s less.flac": "aselect=not(between(t\\,12\\,17)),asetpts=N/SR/TB",
    "edit, 6 s more.flac": "aloop=loop=1:size=264600:start=441000",
    "live.flac": (
        "aecho=0.8:0.7:90|170|310:0.5|0.4|0.3,highpass=f=80,tremolo=f=0.3:d=0.3"
    ),
    "1 % faster.flac": "asetrate=44541,aresample=44100",
    "2 % longer, same pitch.flac": "atempo=0.98",
}
"""The filters of FFmpeg for each near miss; another song is one as well."""

ORIGINAL: Final = "original.flac"
OTHER_SONG: Final = "another song.flac"


def main() -> int:
    """Make the files, import them, and print what was found."""
    options = parser("copies", __doc__)
    options.add_argument("--songs", type=int, default=25, metavar="N")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="use this folder")
    args = options.parse_args()
    return run_measurement("copies", lambda: _measure(args))


def _measure(args: argparse.Namespace) -> None:
    require_packages(missing_packages("ffmpeg"))
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as temporary:
        folder = args.keep or Path(temporary)
        music = folder / "music"
        for number in range(args.songs):
            _make_song(music / f"{number:02}", number)
        _print_results(_import(folder, music), args.songs)


def _make_song(folder: Path, number: int) -> None:
    if folder.exists():
        return
    folder.mkdir(parents=True)
    original = folder / ORIGINAL
    encode(original, song(number, SECONDS), RATE, "flac")
    encode(folder / OTHER_SONG, song(1_000 + number, SECONDS), RATE, "flac")
    for name, options in COPIES.items():
        _convert(original, folder / name, *options)
    for name, filters in NEAR_MISSES.items():
        _convert(original, folder / name, "-af", filters)


def _convert(source: Path, target: Path, *options: str) -> None:
    places = ("-i", str(source), *options, str(target))
    command = ("ffmpeg", "-nostdin", "-v", "error", *places)
    subprocess.run(command, check=True)  # noqa: S603


def _import(folder: Path, music: Path) -> dict[str, str]:
    """Import the music; return the group of each file that has copies, by path."""
    library, config = folder / "library.db", folder / "segued.toml"
    config.write_text(CONFIG)
    command = (sys.executable, "-m", "segued", "import", "--offline", "--json")
    places = ("--database", library, "--config", config, music)
    subprocess.run(  # noqa: S603
        (*command, *places), check=True, stdout=subprocess.DEVNULL
    )
    with closing(sqlite3.connect(library)) as database:
        return dict(database.execute("SELECT path, copy_id FROM library_copies"))


def _print_results(groups: dict[str, str], songs: int) -> None:
    found: Counter[str] = Counter()
    joined: Counter[str] = Counter()
    members: dict[str, list[Path]] = {}
    for path, group in groups.items():
        members.setdefault(group, []).append(Path(path))
    for files in members.values():
        for each in files:
            others = [other for other in files if other != each]
            if each.name in COPIES and any(
                other == each.with_name(ORIGINAL) for other in others
            ):
                found[each.name] += 1
            elif each.name != ORIGINAL and each.name not in COPIES:
                joined[each.name] += 1
    print_table(("copy", "found", "of"), _rows(COPIES, found, songs))
    misses = (*NEAR_MISSES, OTHER_SONG)
    print_table(("near miss", "joined", "of"), _rows(misses, joined, songs))
    pairs = songs * len(COPIES)
    share = found.total() / pairs
    print_targets(
        [
            Target(
                f"copies found, of {pairs}",
                f">= {FOUND_MIN:.0%}",
                f"{share:.1%}",
                share >= FOUND_MIN,
            ),
            Target(
                f"near misses joined, of {songs * len(misses)}",
                "0",
                str(joined.total()),
                not joined.total(),
            ),
        ]
    )


def _rows(
    names: Iterable[str], counts: Counter[str], songs: int
) -> list[tuple[str, str, str]]:
    return [(name.rpartition(".")[0], str(counts[name]), str(songs)) for name in names]


if __name__ == "__main__":
    sys.exit(main())
