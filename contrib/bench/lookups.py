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
from bench.commandline import parser, run_measurement
from bench.measure import MeasureError
from bench.prepared_library import PreparedSong, prepare_library
from bench.tables import Target, print_table, print_targets

from segued import log
from segued.clock import Clock
from segued.config.config import Config, PinnedSettings
from segued.config.sections import FlavoringSection, LibrarySection, ServicesSection
from segued.model import SessionState
from segued.pipeline.one_shot import ImportResult, OneShotImport
from segued.store.reading import reports
from tests.fake_services import AnswersInMemory, FakeServices, fingerprint_path
from tests.fake_services.answers import musicbrainz_path

__all__ = ["LookupLibrary", "config_for", "make_lookup_library", "one_shot_import"]

ALBUMS: Final = 480
FILES: Final = 5_736
MINUTES_MAX: Final = 12.0
SPEED: Final = 1.0
KEY: Final = "test-key"
NEEDS: Final = ("acoustid", "folder", "musicbrainz")


@dataclass
class LookupLibrary:
    """A library, and what the services know of it."""

    songs: list[PreparedSong] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)

    def add_answer(self, path: str, document: object) -> None:
        """Make the services know something."""
        self.answers[path] = json.dumps(document).encode()


def main() -> int:
    """Measure, and print what was found."""
    words = parser("lookups", __doc__)
    words.add_argument("--albums", type=int, default=ALBUMS, help="how many (480)")
    words.add_argument("--speed", type=float, default=SPEED, help="of the clock (1)")
    given = words.parse_args()
    return run_measurement("lookups", lambda: _measure(given.albums, given.speed))


def _measure(albums: int, speed: float) -> None:
    library = make_lookup_library(albums)
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as place:
        music, database = Path(place) / "music", Path(place) / "library.db"
        log.configure("error")
        asyncio.run(prepare_library(music, database, library.songs))
        ended, fake_services, seconds = asyncio.run(
            _import_with_services(music, database, library, speed)
        )
        if ended.state is not SessionState.COMPLETED:
            raise MeasureError(f"the import ended as {ended.state}: {ended.error}")
        found = reports.summary(database)
    _print_report(library, fake_services, seconds, found, speed)


async def _import_with_services(
    music: Path, database: Path, made: LookupLibrary, speed: float
) -> tuple[ImportResult, FakeServices, float]:
    """Import with the services; return how long they were asked, in their time."""
    clock = Clock.scaled(speed)
    # What is late here by a hundredth is late there by several.
    fake_services = FakeServices(
        AnswersInMemory(made.answers), clock=clock.now, jitter_seconds=0.05 * speed
    )
    async with fake_services:
        service = one_shot_import(database, fake_services, clock)
        ended = await service.run([bytes(music)], workers=3)
        times = [request.at for request in fake_services.requests]
        return ended, fake_services, max(times) - min(times) if times else 0.0


def one_shot_import(
    database: Path, fake_services: FakeServices, clock: Clock
) -> OneShotImport:
    """Return a service for a library that asks a world."""
    return OneShotImport(config_for(database, fake_services), clock)


def config_for(database: Path, fake_services: FakeServices) -> Config:
    """Return the configuration of a library that asks a world."""
    return Config(
        library=LibrarySection(database=str(database)),
        flavoring=FlavoringSection(sources=()),
        settings=PinnedSettings(acoustid_api_key=KEY),
        services=ServicesSection(
            acoustid_url=fake_services.acoustid_url,
            musicbrainz_url=fake_services.musicbrainz_url,
            contact="bench@example.org",
        ),
    )


def make_lookup_library(albums: int) -> LookupLibrary:
    """Return a library of `albums` albums, twelve files each but for a few."""
    library, dice = LookupLibrary(), random.Random(5_736)  # noqa: S311
    per_album = FILES / ALBUMS
    for number in range(albums):
        count = round(per_album * (number + 1)) - round(per_album * number)
        kind = ("ids", "ids", "ids", "ids", "names", "nothing")[number % 6]
        _add_album(library, dice, number, count, kind)
    return library


def _add_album(
    made: LookupLibrary, dice: random.Random, number: int, count: int, kind: str
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
        made.add_answer(musicbrainz_path("recording", recording), about)
        tracks.append({"position": nth, "title": name, "recording": about})
        text = _fingerprint(dice)
        tagged = {
            "ids": (name, artist, title, release),
            "names": (name, artist, title, None),
            "nothing": (None, None, None, None),
        }[kind]
        made.songs.append(
            PreparedSong(f"{title}/{nth:02} x.mp3", seconds, text, *tagged)
        )
        made.add_answer(fingerprint_path(text), [_result(dice, about, artist, group)])
    made.add_answer(
        musicbrainz_path("release", release),
        {
            "id": release,
            "title": title,
            "artist-credit": credit,
            "release-group": {"id": group},
            "media": [{"position": 1, "track-count": count, "tracks": tracks}],
        },
    )
    made.add_answer(musicbrainz_path("release-group", group), {"releases": [release]})


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


def _print_report(
    made: LookupLibrary,
    fake_services: FakeServices,
    seconds: float,
    found: reports.Summary,
    speed: float,
) -> None:
    files = len(made.songs)
    albums = len({song.path.partition("/")[0] for song in made.songs})
    print(f"{files:,} files in {albums} albums, on a clock {speed:g} times as fast\n")
    asked = Counter(request.service for request in fake_services.requests)
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
    refused = len(fake_services.rate_limited_requests)
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
