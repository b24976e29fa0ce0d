"""How real pieces sound, by each source that can say so here.

    contrib/bench/pieces [--models FOLDER]

The pieces come from Debian's packages of games, once, 380 MB, into a cache folder;
they are free, and of many kinds. What is not installed here is not asked.
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
from segued.media.decoding.decode import mono_blocks, open_source
from segued.media.decoding.resample import Resampler

__all__ = ["PIECES", "MusicPiece", "fetch_piece", "tagger_scores"]

Source: TypeAlias = Callable[[Path], FlavorShares]


@dataclass(frozen=True, slots=True)
class MusicPiece:
    """A piece of music in a Debian package.

    Attributes:
        kind: What anybody would say it is.
        package: Of Debian 12.
        path_in_package: Where it lies in the package's music folder.
        expected_classes: What cannot be denied: characteristic and class.
    """

    kind: str
    package: str
    path_in_package: str
    expected_classes: tuple[tuple[str, str], ...] = ()


METAL: Final = (
    *(("mood_aggressive", "aggressive"), ("mood_acoustic", "not_acoustic")),
    *(("mood_relaxed", "not_relaxed"), ("genre_tzanetakis", "met")),
)
ROCK: Final = (*METAL[:3], ("genre_rosamerica", "roc"))
ACOUSTIC: Final = (("mood_acoustic", "acoustic"), ("mood_aggressive", "not_aggressive"))
INSTRUMENTAL: Final = ("voice_instrumental", "instrumental")
ORCHESTRA: Final = (*ACOUSTIC, INSTRUMENTAL, ("genre_rosamerica", "cla"))
SYNTH: Final = (
    *(("mood_electronic", "electronic"), ("mood_acoustic", "not_acoustic")),
    *(INSTRUMENTAL, ("genre_dortmund", "electronic")),
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
"""Debian 12's packages, and where in them the music is."""

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

BINARY: Final = 2


def fetch_piece(piece: MusicPiece) -> Path:
    """Return where a piece is, after a download the first time.

    Raises:
        MeasureError: It could not be had; says why.
    """
    return _package(piece.package) / piece.path_in_package


def tagger_scores(path: Path, models: Path) -> dict[str, dict[str, float]]:
    """Return which words fit a piece, and how well.

    Raises:
        SeguedError: It cannot be decoded, or the networks are of no use.
    """
    tagger = musicnn.Tagger(models)
    with open_source(os.fsencode(path)) as source:
        resampler = Resampler(source.rate, musicnn.RATE, 1, "HQ")
        for part in mono_blocks(source):
            tagger.feed(resampler.add(part.mono))
        tagger.feed(resampler.add(np.empty(0, np.float32), last=True))
    return tagger.result()


def main() -> int:
    """Let all sources hear all pieces, and print what they say."""
    words = parser("pieces", __doc__)
    words.add_argument("--models", type=Path, default=Config().models_folder)
    given = words.parse_args()
    return run_measurement("pieces", lambda: _measure(given.models))


def _measure(models: Path) -> None:
    sources = _sources(models)
    if not sources:
        raise MeasureError("no source: `segued flavor install-models` installs one")
    paths = [fetch_piece(piece) for piece in PIECES]
    for name, source in sources.items():
        started = time.process_time()
        said = [source(path) for path in paths]
        print(f"{name}: {time.process_time() - started:.0f} s of CPU\n")
        names = [name for name in CHARACTERISTICS if any(name in each for each in said)]
        rows = (_row(*each, names) for each in zip(PIECES, said, strict=True))
        print_table(("piece", *map(_head, names)), rows)
        if targets := list(_targets(said)):
            print_targets(targets)


def _sources(models: Path) -> dict[str, Source]:
    """Return those that are installed here, by name."""
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
    """Return a characteristic's name, short; of a binary one, that of its class."""
    classes = CHARACTERISTICS[name]
    return classes[0][:10] if len(classes) == BINARY else name.rpartition("_")[2]


def _row(
    piece: MusicPiece, said: FlavorShares, names: Sequence[str]
) -> tuple[str, ...]:
    title = f"{piece.kind}: {piece.path_in_package.removesuffix('.ogg')[-28:]}"
    return title, *(_cell(name, said.get(name)) for name in names)


def _cell(name: str, shares: Mapping[str, float] | None) -> str:
    """Return the share of the first of two classes, or the largest of many."""
    if shares is None:
        return "-"
    first = CHARACTERISTICS[name][0]
    if len(shares) == BINARY:
        return f"{shares[first]:.2f}"
    largest = max(shares, key=lambda each: shares[each])
    return f"{largest} {shares[largest]:.2f}"


def _targets(said: Sequence[FlavorShares]) -> Iterator[Target]:
    """Yield what cannot be denied of the pieces."""
    kinds = dict.fromkeys(piece.kind for piece in PIECES)
    for kind in kinds:
        right = [
            _has_largest_share(flavor, *each)
            for piece, flavor in zip(PIECES, said, strict=True)
            if piece.kind == kind
            for each in piece.expected_classes
            if each[0] in flavor
        ]
        if not right:
            continue
        wanted, found = f"{len(right)} of {len(right)}", f"{sum(right)}"
        yield Target(f"what is obvious: {kind}", wanted, found, all(right))


def _has_largest_share(said: FlavorShares, name: str, wanted: str) -> bool:
    """Say whether a class has the largest share of its characteristic."""
    shares = said.get(name, {})
    return bool(shares) and shares[wanted] == max(shares.values())


def _package(name: str) -> Path:
    """Return a folder with the music of a Debian package."""
    folder = cache_folder() / "pieces" / name
    if folder.is_dir():
        return folder
    print(f"fetching {name} ...", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder.parent) as place:
        lists = ("-o", f"Dir::State::Lists={place}", "-o", "Dir::Cache=.")
        try:
            _run(("apt-get", "download", "-qq", name), place)
        except MeasureError:
            # Where nothing was ever installed, nobody knows what there is.
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
