"""What looking up a library of 5,736 files at the outside services takes.

    contrib/bench/lookups [--albums N] [--speed X]

The files are on record as decoded and fingerprinted, in 480 albums; nothing is
decoded. The services are a local server with the limits of the real ones. All
of it may run on a clock that is X times as fast, for as long as the processors
keep up. Two thirds of the albums have
MusicBrainz ids in their tags, the others names alone, or nothing.
"""

import asyncio
import json
import random
import sys
import tempfile
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from bench.commandline import concluded, parser
from bench.measure import MeasureError
from bench.shelved import Shelved, shelve
from bench.tables import Target, print_table, print_targets

from segued import log
from segued.clients.rate_limit import Clock
from segued.config.config import Config, Pins
from segued.config.sections import Flavoring, LibraryPlaces, Services
from segued.model import SessionState
from segued.pipeline.one_shot import Ended, ImportService
from segued.store.reading import reports
from tests.world import InMemory, World, fingerprint_path
from tests.world.answers import musicbrainz_path

__all__ = ["Made", "config_of", "made", "service_of"]

ALBUMS: Final = 480
FILES: Final = 5_736
MINUTES_MAX: Final = 12.0
SPEED: Final = 1.0
KEY: Final = "test-key"
NEEDS: Final = ("acoustid", "folder", "musicbrainz")


@dataclass
class Made:
    """A library, and what the services know of it."""

    songs: list[Shelved] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)

    def put(self, path: str, document: object) -> None:
        """Make the services know something."""
        self.answers[path] = json.dumps(document).encode()


def main() -> int:
    """Measure, and print what was found."""
    words = parser("lookups", __doc__)
    words.add_argument("--albums", type=int, default=ALBUMS, help="how many (480)")
    words.add_argument("--speed", type=float, default=SPEED, help="of the clock (1)")
    given = words.parse_args()
    return concluded("lookups", lambda: _measure(given.albums, given.speed))


def _measure(albums: int, speed: float) -> None:
    library = made(albums)
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as place:
        music, database = Path(place) / "music", Path(place) / "library.db"
        log.set_up("error")
        asyncio.run(shelve(music, database, library.songs))
        ended, world, seconds = asyncio.run(_asked(music, database, library, speed))
        if ended.state is not SessionState.COMPLETED:
            raise MeasureError(f"the import ended as {ended.state}: {ended.error}")
        found = reports.summary(database)
    _tell(library, world, seconds, found, speed)


async def _asked(
    music: Path, database: Path, made: Made, speed: float
) -> tuple[Ended, World, float]:
    """Import with the services; return how long they were asked, in their time."""
    clock = Clock.faster(speed)
    # What is late here by a hundredth is late there by several.
    world = World(InMemory(made.answers), clock=clock.now, jitter_seconds=0.05 * speed)
    async with world:
        service = service_of(database, world, clock)
        ended = await service.run([bytes(music)], workers=3)
        times = [request.at for request in world.requests]
        return ended, world, max(times) - min(times) if times else 0.0


def service_of(database: Path, world: World, clock: Clock) -> ImportService:
    """Return a service for a library that asks a world."""
    return ImportService(config_of(database, world), clock)


def config_of(database: Path, world: World) -> Config:
    """Return the configuration of a library that asks a world."""
    return Config(
        library=LibraryPlaces(database=str(database)),
        flavoring=Flavoring(sources=()),
        settings=Pins(acoustid_api_key=KEY),
        services=Services(
            acoustid_url=world.acoustid_url,
            musicbrainz_url=world.musicbrainz_url,
            contact="bench@example.org",
        ),
    )


def made(albums: int) -> Made:
    """Return a library of `albums` albums, twelve files each but for a few."""
    library, dice = Made(), random.Random(5_736)  # noqa: S311
    per_album = FILES / ALBUMS
    for number in range(albums):
        count = round(per_album * (number + 1)) - round(per_album * number)
        kind = ("ids", "ids", "ids", "ids", "names", "nothing")[number % 6]
        _add_album(library, dice, number, count, kind)
    return library


def _add_album(
    made: Made, dice: random.Random, number: int, count: int, kind: str
) -> None:
    artist, title = f"Artist {number // 3}", f"Album {number}"
    release, group = _mbid(dice), _mbid(dice)
    credit = [{"name": artist, "artist": {"id": _mbid(dice), "name": artist}}]
    tracks: list[dict[str, Any]] = []
    for nth in range(1, count + 1):
        seconds = dice.randrange(150, 400)
        name, recording = f"Song {number}-{nth}", _mbid(dice)
        about = {
            "id": recording,
            "title": name,
            "length": 1_000 * seconds + dice.randrange(-900, 900),
            "artist-credit": credit,
        }
        made.put(musicbrainz_path("recording", recording), about)
        tracks.append({"position": nth, "title": name, "recording": about})
        text = _fingerprint(dice)
        tagged = {
            "ids": (name, artist, title, release),
            "names": (name, artist, title, None),
            "nothing": (None, None, None, None),
        }[kind]
        made.songs.append(Shelved(f"{title}/{nth:02} x.mp3", seconds, text, *tagged))
        made.put(fingerprint_path(text), [_result(dice, about, artist, group)])
    made.put(
        musicbrainz_path("release", release),
        {
            "id": release,
            "title": title,
            "artist-credit": credit,
            "release-group": {"id": group},
            "media": [{"position": 1, "track-count": count, "tracks": tracks}],
        },
    )
    made.put(musicbrainz_path("release-group", group), {"releases": [release]})


def _result(
    dice: random.Random, about: dict[str, Any], artist: str, group: str
) -> dict[str, Any]:
    return {
        "id": _mbid(dice),
        "score": round(dice.uniform(0.9, 1.0), 3),
        "recordings": [
            {
                "id": about["id"],
                "title": about["title"],
                "duration": about["length"] // 1_000,
                "artists": [{"id": _mbid(dice), "name": artist}],
                "releasegroups": [{"id": group}],
                "sources": dice.randrange(1, 200),
            }
        ],
    }


def _mbid(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def _fingerprint(dice: random.Random) -> str:
    """Return text as long as a real fingerprint is, and of its alphabet."""
    numbers = np.random.default_rng(dice.getrandbits(64)).bytes(2_100)
    letters = msgspec.json.encode(numbers).decode().strip('"')
    return "AQAD" + letters.replace("+", "-").replace("/", "_").rstrip("=")


def _tell(
    made: Made, world: World, seconds: float, found: reports.Summary, speed: float
) -> None:
    files = len(made.songs)
    albums = len({song.path.partition("/")[0] for song in made.songs})
    print(f"{files:,} files in {albums} albums, on a clock {speed:g} times as fast\n")
    asked = Counter(request.service for request in world.requests)
    # One fingerprint and one recording for each file, at the services' rates.
    rows = [
        (
            "batch phases, a request a song",
            f"{2 * files:,}",
            _minutes(files / 3 + files),
        ),
        (
            "per file, a request a song",
            f"{2 * files:,}",
            _minutes(max(files / 3, files)),
        ),
        ("this", f"{sum(asked.values()):,}", _minutes(seconds)),
    ]
    print_table(("", "requests", "minutes of service time"), rows)
    print(f"AcoustID was asked {asked['acoustid']:,} times, ", end="")
    print(f"MusicBrainz {asked['musicbrainz']:,} times.")
    bands = ", ".join(f"{count:,} {band}" for band, count in found.passages.items())
    print(f"Passages: {bands}.\n")
    refused = len(world.refusals)
    waiting = sum(found.waiting.get(need, 0) for need in NEEDS)
    within = seconds / 60 <= MINUTES_MAX
    print_targets(
        [
            Target(
                "minutes of service time",
                f"<= {MINUTES_MAX:g}",
                _minutes(seconds),
                within,
            ),
            Target("requests refused by limits", "0", str(refused), not refused),
            Target("files that still wait", "0", str(waiting), not waiting),
        ]
    )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"


if __name__ == "__main__":
    sys.exit(main())
