"""A library of many files that do not exist, to measure the page with."""

import asyncio
import random
from pathlib import Path
from typing import Final

from segued.model import Confidence, FileStatus
from segued.store import codec
from segued.store.database import Store
from segued.store.schema.files import Failure, File, Passage, new_id
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
TICKS: Final = 28_224_000 * 200
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
    for number in numbers:
        album = number // PER_ALBUM
        title = " ".join(rng.sample(WORDS, 3)).title()
        artist, name = _names_of(album)
        folder = f"/srv/music/artist {album // ALBUMS_EACH:05}/{name} {album}"
        path = f"{folder}/{number % PER_ALBUM + 1:02} {title}.flac"
        failed = number % FAILED_EVERY == 0
        file = new_id()
        File.insert(
            id=file,
            path=path.encode(),
            folder=folder.encode(),
            root=b"/srv/music",
            path_text=path,
            size_bytes=30_000_000,
            mtime_ns=number,
            inode=number,
            status=FileStatus.FAILED if failed else FileStatus.COMPLETE,
            tags=codec.encode(
                {
                    "track": number % PER_ALBUM + 1,
                    "track_total": PER_ALBUM,
                    "date": f"{1950 + album % 70}",
                }
            ),
            duration_ticks=TICKS,
            codec="flac",
        ).execute()
        if failed:
            code = rng.choice(("decode", "empty", "io"))
            Failure.insert(
                file=file, phase=4, code=code, detail=f"{path}: no", fatal=1
            ).execute()
            continue
        passage = new_id()
        Passage.insert(
            id=passage,
            file=file,
            ordinal=1,
            start_ticks=0,
            end_ticks=TICKS,
            fingerprint=FINGERPRINT,
            title=title,
            artist=artist,
            album=name,
            confidence=rng.choice(list(Confidence)),
            score=0.5,
        ).execute()
        PassageAlbum.insert(passage=passage, album=_album_row(album, name)).execute()


def _names_of(album: int) -> tuple[str, str]:
    """Return the artist and the name of an album."""
    by_artist, by_album = (
        random.Random(each)  # noqa: S311
        for each in (album // ALBUMS_EACH, -1 - album)
    )
    artist = " ".join(by_artist.sample(WORDS, 2)).title()
    name = " ".join(by_album.sample(WORDS, 2)).title()
    return f"{artist} {album // ALBUMS_EACH}", f"{name} {album}"


def _album_row(album: int, name: str) -> str:
    """Return the id of an album's row; create it at its first track."""
    key = f"album {album}"
    found = Album.get_or_none(Album.name_key == key)
    row: str = (found or Album.create(name_key=key, title=name)).id
    return row
