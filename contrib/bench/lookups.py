"""Measure the lookups of a library of 5,736 files at AcoustID and MusicBrainz.

    contrib/bench/lookups [--albums N] [--speed X]

The library lists the files as decoded and fingerprinted, in 480 albums; nothing is
decoded. A local server with the rate limits of the real services answers. With --speed
X everything runs on a clock that is X times as fast, as long as the processors suffice.
Two thirds of the albums have MusicBrainz ids in their tags, the others only names, or
nothing.
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
from segued.clients.clock import Clock
from segued.config.config import Config, PinnedSettings
from segued.config.sections import FlavoringSection, LibrarySection, ServicesSection
from segued.model import SessionState
from segued.pipeline.one_shot import ImportResult, OneShotImport
from segued.store.reading import summaries
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
    """A library, and the answers of the services about it."""

    songs: list[PreparedSong] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)

    def add_answer(self, path: str, document: object) -> None:
        """Set the JSON document with which the services answer a request."""
        self.answers[path] = json.dumps(document).encode()


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("lookups", __doc__)
    options.add_argument(
        "--albums", type=int, default=ALBUMS, help="number of albums (480)"
    )
    options.add_argument(
        "--speed", type=float, default=SPEED, help="speed of the clock (1)"
    )
    arguments = options.parse_args()
    return run_measurement(
        "lookups", lambda: _measure(arguments.albums, arguments.speed)
    )


def _measure(albums: int, speed: float) -> None:
    library = make_lookup_library(albums)
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as place:
        music, database = Path(place) / "music", Path(place) / "library.db"
        log.configure("error")
        asyncio.run(prepare_library(music, database, library.songs))
        result, fake_services, seconds = asyncio.run(
            _import_with_services(music, database, library, speed)
        )
        if result.state is not SessionState.COMPLETED:
            raise MeasureError(f"the import result as {result.state}: {result.error}")
        found = summaries.summary(database)
    _print_report(library, fake_services, seconds, found, speed)


async def _import_with_services(
    music: Path, database: Path, made: LookupLibrary, speed: float
) -> tuple[ImportResult, FakeServices, float]:
    """Import, and return the seconds of service time from first to last request."""
    clock = Clock.scaled(speed)
    # A delay in real time is `speed` times as long on the scaled clock.
    fake_services = FakeServices(
        AnswersInMemory(made.answers), clock=clock.now, jitter_seconds=0.05 * speed
    )
    async with fake_services:
        service = one_shot_import(database, fake_services, clock)
        result = await service.run([bytes(music)], workers=3)
        times = [request.at for request in fake_services.requests]
        return result, fake_services, max(times) - min(times) if times else 0.0


def one_shot_import(
    database: Path, fake_services: FakeServices, clock: Clock
) -> OneShotImport:
    """Return an import into a library that uses local services."""
    return OneShotImport(config_for(database, fake_services), clock)


def config_for(database: Path, fake_services: FakeServices) -> Config:
    """Return the configuration of a library that uses local services."""
    return Config(
        library=LibrarySection(database=str(database)),
        flavoring=FlavoringSection(sources=(), loudness=False),
        settings=PinnedSettings(acoustid_api_key=KEY),
        services=ServicesSection(
            acoustid_url=fake_services.acoustid_url,
            musicbrainz_url=fake_services.musicbrainz_url,
            contact="bench@example.org",
        ),
    )


def make_lookup_library(albums: int) -> LookupLibrary:
    """Return a library of `albums` albums, most of which have twelve files."""
    library, rng = LookupLibrary(), random.Random(5_736)  # noqa: S311
    per_album = FILES / ALBUMS
    for number in range(albums):
        count = round(per_album * (number + 1)) - round(per_album * number)
        kind = ("ids", "ids", "ids", "ids", "names", "none")[number % 6]
        _add_album(library, rng, number, count, kind)
    return library


def _add_album(
    made: LookupLibrary, rng: random.Random, number: int, count: int, kind: str
) -> None:
    artist, title = f"Artist {number // 3}", f"Album {number}"
    release, group = _mbid(rng), _mbid(rng)
    credit = [{"name": artist, "artist": {"id": _mbid(rng), "name": artist}}]
    tracks: list[dict[str, Any]] = []
    for nth in range(1, count + 1):
        seconds = rng.randrange(150, 400)
        name, recording = f"Song {number}-{nth}", _mbid(rng)
        about = {
            "id": recording,
            "title": name,
            "length": 1_000 * seconds + rng.randrange(-900, 900),
            "artist-credit": credit,
        }
        made.add_answer(musicbrainz_path("recording", recording), about)
        tracks.append({"position": nth, "title": name, "recording": about})
        text = _fingerprint(rng)
        tagged = {
            "ids": (name, artist, title, release),
            "names": (name, artist, title, None),
            "none": (None, None, None, None),
        }[kind]
        made.songs.append(
            PreparedSong(f"{title}/{nth:02} x.mp3", seconds, text, *tagged)
        )
        made.add_answer(fingerprint_path(text), [_result(rng, about, artist, group)])
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
    rng: random.Random, about: dict[str, Any], artist: str, group: str
) -> dict[str, Any]:
    return {
        "id": _mbid(rng),
        "score": round(rng.uniform(0.9, 1.0), 3),
        "recordings": [
            {
                "id": about["id"],
                "title": about["title"],
                "duration": about["length"] // 1_000,
                "artists": [{"id": _mbid(rng), "name": artist}],
                "releasegroups": [{"id": group}],
                "sources": rng.randrange(1, 200),
            }
        ],
    }


def _mbid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _fingerprint(rng: random.Random) -> str:
    """Return random text with the length and the alphabet of a fingerprint."""
    numbers = np.random.default_rng(rng.getrandbits(64)).bytes(2_100)
    letters = msgspec.json.encode(numbers).decode().strip('"')
    return "AQAD" + letters.replace("+", "-").replace("/", "_").rstrip("=")


def _print_report(
    made: LookupLibrary,
    fake_services: FakeServices,
    seconds: float,
    found: summaries.Summary,
    speed: float,
) -> None:
    files = len(made.songs)
    albums = len({song.path.partition("/")[0] for song in made.songs})
    print(f"{files:,} files in {albums} albums, on a clock {speed:g} times as fast\n")
    requests = Counter(request.service for request in fake_services.requests)
    # For comparison: one request to each service for each file, at its rate.
    rows = [
        (
            "batch phases, one request per song",
            f"{2 * files:,}",
            _minutes(files / 3 + files),
        ),
        (
            "per file, one request per song",
            f"{2 * files:,}",
            _minutes(max(files / 3, files)),
        ),
        ("segued", f"{sum(requests.values()):,}", _minutes(seconds)),
    ]
    print_table(("", "requests", "minutes of service time"), rows)
    print(f"{requests['acoustid']:,} requests to AcoustID, ", end="")
    print(f"{requests['musicbrainz']:,} to MusicBrainz.")
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
