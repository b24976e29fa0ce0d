"""A library of many files that do not exist, to measure the page with."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from segued.matching.flavor import CHARACTERISTICS
from segued.model import Confidence, FileStatus, PassageStatus
from segued.store import codec
from segued.store.database import Store
from segued.store.schema.files import (
    Failure,
    File,
    Passage,
    database,
    new_id,
    now,
)
from segued.store.schema.music import Album, PassageAlbum

__all__ = ["make_large_library"]

WORDS: Final = (
    "river",
    "stone",
    "light",
    "winter",
    "golden",
    "ashes",
    "morning",
    "silver",
    "thunder",
    "quiet",
    "empty",
    "garden",
    "shadow",
    "mirror",
    "crystal",
    "ocean",
    "velvet",
    "paper",
    "northern",
    "hollow",
)
SEED: Final = 20
PER_ALBUM: Final = 10
ALBUMS_EACH: Final = 5
FAILED_EVERY: Final = 97
BATCH_SIZE: Final = 5_000
SECOND: Final = 28_224_000
NEWEST: Final = datetime(2026, 11, 30, tzinfo=UTC)
FLAVORED_EVERY: Final = 5
KEYS: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
GENRES: Final = ("Rock", "Jazz", "Hip Hop", "Ambient", "Folk", "Techno", "Soul")
MEASURED: Final = 12
"""So many characteristics has a flavor that is measured here."""

FINGERPRINT: Final = "AQADtEmUaEkSRZEGAAAA" * 120
"""As long as most fingerprints of songs."""


def make_large_library(path: Path, files: int) -> None:
    """Create a library that lists `files` files."""
    asyncio.run(_make_async(path, files))


async def _make_async(path: Path, files: int) -> None:
    store = Store(path)
    await store.open()
    rng = random.Random(SEED)  # noqa: S311
    try:
        for first in range(0, files, BATCH_SIZE):
            await store.do(
                _insert_files, range(first, min(first + BATCH_SIZE, files)), rng
            )
    finally:
        await store.close()


def _insert_files(numbers: range, rng: random.Random) -> None:
    tables: dict[Any, list[dict[str, Any]]] = {
        table: [] for table in (Album, File, Failure, Passage, PassageAlbum)
    }
    for number in numbers:
        album = number // PER_ALBUM
        title = " ".join(rng.sample(WORDS, 3)).title()
        artist, name = _names_of(album)
        folder = f"/srv/music/artist {album // ALBUMS_EACH:05}/{name}"
        path = f"{folder}/{number % PER_ALBUM + 1:02} {title}.flac"
        failed = number % FAILED_EVERY == 0
        file, passage = new_id(), new_id()
        ticks = round(SECOND * rng.lognormvariate(5.4, 0.4))
        if number % PER_ALBUM == 0:
            row = {"id": f"{album}", "name_key": f"album {album}", "title": name}
            tables[Album].append(row)
        tables[File].append(
            {
                "id": file,
                "path": path.encode(),
                "folder": folder.encode(),
                "root": b"/srv/music",
                "path_text": path,
                "size_bytes": 30_000_000,
                "mtime_ns": number,
                "inode": number,
                "status": FileStatus.FAILED if failed else FileStatus.COMPLETE,
                "shown_status": FileStatus.FAILED if failed else FileStatus.COMPLETE,
                "matching_hashes": "[]",
                "tags": codec.encode(_tags_of(number)),
                "duration_ticks": ticks,
                "codec": "flac",
                "added_at": (NEWEST - timedelta(minutes=number)).isoformat(
                    timespec="milliseconds"
                ),
            }
        )
        if failed:
            code = rng.choice(("decode", "empty", "io"))
            problem = {"code": code, "detail": f"{path}: no", "fatal": 1, "at": now()}
            tables[Failure].append({"file_id": file, "phase": 4} | problem)
            continue
        tables[Passage].append(
            {
                "id": passage,
                "file_id": file,
                "ordinal": 1,
                "start_ticks": 0,
                "end_ticks": ticks,
                "fingerprint": FINGERPRINT,
                "title": title,
                "artist": artist,
                "album": name,
                "confidence": rng.choice(list(Confidence)),
                "score": 0.5,
                "status": PassageStatus.COMPLETE,
                "flavor": None if number % FLAVORED_EVERY else _flavor(rng),
                "bpm": round(rng.gauss(118, 25), 1),
                "key": rng.choice(KEYS),
                "scale": rng.choice(("major", "minor")),
                "loudness_lufs": round(rng.gauss(-11, 3), 2),
            }
        )
        tables[PassageAlbum].append({"passage_id": passage, "album_id": f"{album}"})
    for table, rows in tables.items():
        _insert_rows(table, rows)


def _insert_rows(table: Any, rows: list[dict[str, Any]]) -> None:  # noqa: ANN401
    if rows:
        columns = ", ".join(rows[0])
        marks = ", ".join(f":{name}" for name in rows[0])
        database.connection().executemany(
            f"INSERT INTO {table._meta.table_name} ({columns}) VALUES ({marks})",  # noqa: S608, SLF001
            rows,
        )


def _tags_of(number: int) -> dict[str, object]:
    date = f"{1950 + number // PER_ALBUM % 70}"
    return {
        "track": number % PER_ALBUM + 1,
        "track_total": PER_ALBUM,
        "date": date,
        "genres": [GENRES[number // PER_ALBUM % len(GENRES)]],
    }


def _flavor(rng: random.Random) -> str:
    shares = {}
    for name, classes in list(CHARACTERISTICS.items())[:MEASURED]:
        first = round(rng.random(), 6)
        shares[name] = dict.fromkeys(classes[1:], 0.0) | {
            classes[0]: first,
            classes[1]: round(1 - first, 6),
        }
    return codec.encode({"characteristics": shares, "measures": {}})


def _names_of(album: int) -> tuple[str, str]:
    """Return the artist and the name of an album."""
    by_artist, by_album = (
        random.Random(each)  # noqa: S311
        for each in (album // ALBUMS_EACH, -1 - album)
    )
    artist = " ".join(by_artist.sample(WORDS, 2)).title()
    name = " ".join(by_album.sample(WORDS, 2)).title()
    return f"{artist} {album // ALBUMS_EACH}", f"{name} {album}"
