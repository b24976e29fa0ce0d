"""Compare the flavor of real pieces of music by each installed source.

    contrib/bench/pieces [--models FOLDER]

The pieces come from Debian packages of games, 380 MB, which are downloaded once into a
cache folder; they are free, and of many kinds. Sources that are not installed are
omitted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from bench.commandline import parser, run_measurement
from bench.measure import MeasureError
from bench.sample_music import cache_folder
from bench.tables import Target, print_table, print_targets

from segued.config.config import Config
from segued.matching import essentia_flavor, musicnn_flavor
from segued.matching.flavor import CHARACTERISTICS, FlavorShares
from segued.media.analyzers import essentia, musicnn
from segued.media.decoding.decode import open_source, sample_blocks
from segued.media.decoding.resample import Resampler

__all__ = ["PIECES", "MusicPiece", "all_pieces", "fetch_piece", "tagger_scores"]

Source: TypeAlias = Callable[[Path], FlavorShares]


@dataclass(frozen=True, slots=True)
class MusicPiece:
    """A piece of music in a Debian package.

    Attributes:
        kind: Its genre or instrument, by ear.
        package: The package of Debian 12.
        path_in_package: Its path in the package's music folder.
        expected_classes: Undisputed classes: characteristic and class.
    """

    kind: str
    package: str
    path_in_package: str
    expected_classes: tuple[tuple[str, str], ...] = ()


METAL: Final = (
    ("mood_aggressive", "aggressive"),
    ("mood_acoustic", "not_acoustic"),
    ("mood_relaxed", "not_relaxed"),
    ("genre_tzanetakis", "met"),
)
ROCK: Final = (*METAL[:3], ("genre_rosamerica", "roc"))
ACOUSTIC: Final = (("mood_acoustic", "acoustic"), ("mood_aggressive", "not_aggressive"))
INSTRUMENTAL: Final = ("voice_instrumental", "instrumental")
ORCHESTRA: Final = (*ACOUSTIC, INSTRUMENTAL, ("genre_rosamerica", "cla"))
SYNTH: Final = (
    ("mood_electronic", "electronic"),
    ("mood_acoustic", "not_acoustic"),
    INSTRUMENTAL,
    ("genre_dortmund", "electronic"),
)
VOICE: Final = ("voice_instrumental", "voice")

PACKAGES: Final[Mapping[str, str]] = {
    "drascula-music": "usr/share/scummvm/drascula/audio",
    "fretsonfire-songs-muldjord": "usr/share/games/fretsonfire/data/songs/muldjord",
    "fretsonfire-songs-sectoid": "usr/share/games/fretsonfire/data/songs/sectoid",
    "lincity-ng-data": "usr/share/games/lincity-ng/music/default",
    "performous": "usr/share/games/performous/themes/default",
    "singularity-music": "usr/share/games/singularity/music",
    "wesnoth-1.16-music": "usr/share/games/wesnoth/1.16/data/core/music",
    "wordwarvi-sound": "usr/share/wordwarvi/sounds",
    "zaz-data": "usr/share/games/zaz",
}
"""Music folders of Debian 12's packages."""

PIECES: Final = (
    MusicPiece("metal", "fretsonfire-songs-muldjord", "chaos_god/song.ogg", METAL),
    MusicPiece("metal", "fretsonfire-songs-muldjord", "armygeddon/song.ogg", METAL),
    MusicPiece("rock", "wordwarvi-sound", "dtox3monomix.ogg", ROCK),
    MusicPiece("strings", "fretsonfire-songs-sectoid", "Feelings/song.ogg", ACOUSTIC),
    MusicPiece("orchestra", "wesnoth-1.16-music", "elvish-theme.ogg", ORCHESTRA),
    MusicPiece("orchestra", "wesnoth-1.16-music", "into_the_shadows.ogg", ORCHESTRA),
    MusicPiece("orchestra", "wesnoth-1.16-music", "main_menu.ogg", ORCHESTRA),
    MusicPiece("piano", "drascula-music", "track16.ogg", (*ACOUSTIC, INSTRUMENTAL)),
    MusicPiece("strings, piano", "drascula-music", "track3.ogg", ORCHESTRA),
    MusicPiece(
        "guitar",
        "lincity-ng-data",
        "03 - Robert van Herk - Architectural Contemplations.ogg",
        (*ACOUSTIC, INSTRUMENTAL),
    ),
    MusicPiece("synth", "singularity-music", "Nebula.ogg", SYNTH),
    MusicPiece("synth", "singularity-music", "Deprecation.ogg", SYNTH),
    MusicPiece("techno", "zaz-data", "mus1.ogg", SYNTH),
    MusicPiece("ambient", "zaz-data", "mus4.ogg", SYNTH),
    MusicPiece(
        "sung by a woman", "performous", "menu.ogg", (VOICE, ("gender", "female"))
    ),
    MusicPiece("choir", "performous", "practice.ogg", (VOICE, ACOUSTIC[0])),
)

SINGLE_TRACKS: Final = ("guitar.ogg", "rhythm.ogg")
PIECE_BYTES_MIN: Final = 700_000
"""A minute at the usual bit rates."""

BINARY: Final = 2


def fetch_piece(piece: MusicPiece) -> Path:
    """Return the path of a piece; download its package first if necessary.

    Raises:
        MeasureError: The download failed.
    """
    return _package(piece.package) / piece.path_in_package


def all_pieces() -> list[Path]:
    """Return all pieces in the packages, in order; download them if necessary.

    Short sounds, and single tracks of a recording, are no pieces.

    Raises:
        MeasureError: A download failed.
    """
    return [
        path
        for name in PACKAGES
        for path in sorted(_package(name).rglob("*.ogg"))
        if path.name not in SINGLE_TRACKS and path.stat().st_size > PIECE_BYTES_MIN
    ]


def tagger_scores(path: Path, models: Path) -> dict[str, dict[str, float]]:
    """Return the tags of a piece, with their scores, for each network.

    Raises:
        SeguedError: The piece cannot be decoded, or the networks cannot be used.
    """
    tagger = musicnn.Tagger(models)
    with open_source(os.fsencode(path)) as source:
        resampler = Resampler(source.rate, musicnn.RATE, 1, "HQ")
        for part in sample_blocks(source):
            tagger.feed(resampler.add(part.downmix))
        tagger.feed(resampler.add(np.empty(0, np.float32), last=True))
    return tagger.result()


def main() -> int:
    """Analyze all pieces with all sources, and print the results."""
    options = parser("pieces", __doc__)
    options.add_argument("--models", type=Path, default=Config().models_folder)
    arguments = options.parse_args()
    return run_measurement("pieces", lambda: _measure(arguments.models))


def _measure(models: Path) -> None:
    sources = _sources(models)
    if not sources:
        raise MeasureError("no source is installed; see `segued flavor install-models`")
    paths = [fetch_piece(piece) for piece in PIECES]
    for name, source in sources.items():
        started = time.process_time()
        flavors = [source(path) for path in paths]
        print(f"{name}: {time.process_time() - started:.0f} s of CPU\n")
        names = [
            name for name in CHARACTERISTICS if any(name in each for each in flavors)
        ]
        rows = (_row(*each, names) for each in zip(PIECES, flavors, strict=True))
        print_table(("piece", *map(_head, names)), rows)
        if targets := list(_targets(flavors)):
            print_targets(targets)


def _sources(models: Path) -> dict[str, Source]:
    """Return the installed sources by name."""
    found: dict[str, Source] = {}
    if musicnn.is_installed(models):
        found["musicnn"] = lambda path: musicnn_flavor.characteristics(
            tagger_scores(path, models)
        )
    if essentia.is_installed():
        found["essentia"] = _by_essentia
    return found


def _by_essentia(path: Path) -> FlavorShares:
    measured = essentia.extract_low_level(os.fsencode(path), str(path))
    return essentia_flavor.characteristics(json.loads(measured))


def _head(name: str) -> str:
    """Return a short column head: a characteristic, or the class of a binary one."""
    classes = CHARACTERISTICS[name]
    return classes[0][:10] if len(classes) == BINARY else name.rpartition("_")[2]


def _row(
    piece: MusicPiece, flavor: FlavorShares, names: Sequence[str]
) -> tuple[str, ...]:
    title = f"{piece.kind}: {piece.path_in_package.removesuffix('.ogg')[-28:]}"
    return title, *(_cell(name, flavor.get(name)) for name in names)


def _cell(name: str, shares: Mapping[str, float] | None) -> str:
    """Return the share of the first of two classes, or the largest of many."""
    if shares is None:
        return "-"
    first = CHARACTERISTICS[name][0]
    if len(shares) == BINARY:
        return f"{shares[first]:.2f}"
    largest = max(shares, key=lambda each: shares[each])
    return f"{largest} {shares[largest]:.2f}"


def _targets(flavors: Sequence[FlavorShares]) -> Iterator[Target]:
    """Yield a target for the undisputed classes of each kind of piece."""
    kinds = dict.fromkeys(piece.kind for piece in PIECES)
    for kind in kinds:
        right = [
            _has_largest_share(flavor, *each)
            for piece, flavor in zip(PIECES, flavors, strict=True)
            if piece.kind == kind
            for each in piece.expected_classes
            if each[0] in flavor
        ]
        if not right:
            continue
        wanted, found = f"{len(right)} of {len(right)}", f"{sum(right)}"
        yield Target(f"undisputed classes: {kind}", wanted, found, all(right))


def _has_largest_share(flavor: FlavorShares, name: str, expected: str) -> bool:
    """Return whether a class has the largest share of its characteristic."""
    shares = flavor.get(name, {})
    return bool(shares) and shares[expected] == max(shares.values())


def _package(name: str) -> Path:
    """Return a folder with the music of a Debian package; download it if necessary."""
    folder = cache_folder() / "pieces" / name
    if folder.is_dir():
        return folder
    print(f"downloading {name} ...", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=folder.parent) as place:
        lists = ("-o", f"Dir::State::Lists={place}", "-o", "Dir::Cache=.")
        try:
            _run(("apt-get", "download", "-qq", name), place)
        except MeasureError:
            # The machine has no package lists: download them to a temporary folder.
            _run(("apt-get", "update", "-qq", *lists), place)
            _run(("apt-get", "download", "-qq", *lists, name), place)
        package = next(Path(place).glob("*.deb"))
        _run(("dpkg-deb", "-x", package.name, "unpacked"), place)
        with suppress(FileExistsError):
            (Path(place) / "unpacked" / PACKAGES[name]).rename(folder)
    return folder


def _run(command: Sequence[str], place: str) -> None:
    try:
        subprocess.run(  # noqa: S603
            command, cwd=place, check=True, capture_output=True, text=True
        )
    except subprocess.CalledProcessError as error:
        why = error.stderr.strip().splitlines() or ["no reason is given"]
        raise MeasureError(f"{command[0]} failed: {why[-1]}") from error


if __name__ == "__main__":
    sys.exit(main())
