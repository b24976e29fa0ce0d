"""The covers of albums: small pictures, made once and kept beside the library."""

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from segued.compute.pools import ProcessPools
from segued.config.default_paths import covers_folder
from segued.daemon.archive_covers import ArchiveCovers, ArchiveUse
from segued.errors import (
    FileError,
    PhaseCrashedError,
    WorkCrashedError,
    WorkMemoryError,
    WorkTimedOutError,
)
from segued.media.cover_pictures import find_folder_picture, make_thumbnails
from segued.media.disk_calls import call_disk
from segued.store.reading.albums import cover_source
from segued.store.reading.music_rows import CoverSource
from segued.units import Seconds
from segued.web.daemon_api import AlbumCover

__all__ = ["Covers"]

MAKE_SECONDS: Final = Seconds(20.0)
"""A longer job is killed."""

DISK_SECONDS: Final = Seconds(2.0)
"""How long a folder may take to be listed."""

BOMBS: Final = (
    PhaseCrashedError,
    WorkCrashedError,
    WorkMemoryError,
    WorkTimedOutError,
)
"""Errors that the picture causes: it is not tried again."""

NO_PICTURE: Final = {"small": b"", "large": b""}

NONE_SECONDS: Final = 7 * 86_400.0
"""After so long, the archive is asked again for a cover that it did not have."""

AT_ONCE: Final = 2
"""So many covers are made at once: imports have the same processes."""

BYTES_MAX: Final = 512 * 1024 * 1024
KEPT_SHARE: Final = 0.8
"""The oldest pictures are removed until so much of the limit is left."""


class Covers:
    """Finds, makes and keeps the covers of albums."""

    def __init__(
        self,
        database: Path,
        compute: ProcessPools,
        archive_use: Callable[[], ArchiveUse | None],
    ) -> None:
        """Prepare.

        Args:
            database: The library, beside which the pictures are kept.
            compute: The child processes that decode pictures.
            archive_use: Returns how the Cover Art Archive is used; None if it is not.
        """
        self.archive: Final = ArchiveCovers(archive_use, self._keep_from_archive)
        self._archive_use: Final = archive_use
        self._database: Final = database
        self._compute: Final = compute
        self._folder: Final = covers_folder(database)
        self._making: Final = asyncio.Semaphore(AT_ONCE)
        self._bytes: int | None = None

    async def get(self, album: str, size: str) -> AlbumCover | None:
        """Return the cover of an album as JPEG; None if there is none to show.

        Raises:
            NotFoundError: No album has this id.
            StoreError: The library cannot be read.
        """
        source = await asyncio.to_thread(cover_source, self._database, album)
        found = await self._find(source)
        if found is None:
            return await self._get_from_archive(source.release_mbid, size)
        path, key = found
        picture = await asyncio.to_thread(self._read, key, size)
        if picture is None:
            async with self._making:
                picture = await asyncio.to_thread(self._read, key, size)
                if picture is None:
                    picture = await self._make(source, path, key, size)
        return AlbumCover(key, picture) if picture else None

    async def _get_from_archive(
        self, release_mbid: str | None, size: str
    ) -> AlbumCover | None:
        """Return a cover that was fetched before; fetch it if that is not known."""
        if release_mbid is None or self._archive_use() is None:
            return None
        key = _archive_key(release_mbid)
        picture, age = await asyncio.to_thread(self._read_with_age, key, size)
        if picture is None or (not picture and age > NONE_SECONDS):
            self.archive.request(release_mbid)
        return AlbumCover(key, picture) if picture else None

    async def _keep_from_archive(
        self, release_mbid: str, picture: bytes | None
    ) -> bool:
        """Keep what the archive has of a release; return whether it can be shown."""
        key = _archive_key(release_mbid)
        if picture is None:
            await asyncio.to_thread(self._keep, key, NO_PICTURE)
            return False
        partial = self._folder / f"{key}.original"
        try:
            await asyncio.to_thread(_write, partial, picture)
            async with self._making:
                made = await self._thumbnails(
                    bytes(partial), bytes(self._folder), is_music=False
                )
        except OSError:
            return False  # a full disk
        finally:
            await asyncio.to_thread(partial.unlink, missing_ok=True)
        if made is not None:
            await asyncio.to_thread(self._keep, key, made)
        return made is not None and bool(made["small"])

    async def _find(self, source: CoverSource) -> tuple[bytes, str] | None:
        """Return the file with the cover, and the key that it is kept by."""
        if source.embedded is not None:
            return source.path, source.embedded
        folder = os.path.dirname(source.path)
        try:
            found = await call_disk(
                source.root, DISK_SECONDS, find_folder_picture, folder
            )
        except (OSError, TimeoutError):
            return None
        if found is None:
            return None
        path, status = found
        identity = f"{status.st_size} {status.st_mtime_ns} ".encode() + path
        return path, hashlib.blake2b(identity, digest_size=32).hexdigest()

    async def _make(
        self, source: CoverSource, path: bytes, key: str, size: str
    ) -> bytes:
        """Make both sizes, and keep them; empty ones if the picture cannot be shown."""
        is_music = source.embedded is not None
        sizes = await self._thumbnails(path, source.root, is_music=is_music)
        if sizes is None:
            return b""
        await asyncio.to_thread(self._keep, key, sizes)
        return sizes[size]

    async def _thumbnails(
        self, path: bytes, root: bytes, *, is_music: bool
    ) -> dict[str, bytes] | None:
        """Return both sizes of a picture; None if it cannot be read now."""
        try:
            made = await self._compute.run_short(
                MAKE_SECONDS, make_thumbnails, path, root, is_music=is_music
            )
        except FileError as error:
            return NO_PICTURE if isinstance(error, BOMBS) else None
        return {"small": made.small, "large": made.large} if made else NO_PICTURE

    def _file(self, key: str, size: str) -> Path:
        return self._folder / key[:2] / f"{key}-{size}.jpg"

    def _read(self, key: str, size: str) -> bytes | None:
        try:
            return self._file(key, size).read_bytes()
        except OSError:
            return None

    def _read_with_age(self, key: str, size: str) -> tuple[bytes | None, float]:
        """Return a picture, and for how many seconds it is kept by the clock."""
        try:
            kept_at = self._file(key, size).stat().st_mtime
        except OSError:
            return None, 0.0
        return self._read(key, size), time.time() - kept_at

    def _keep(self, key: str, sizes: dict[str, bytes]) -> None:
        """Store pictures; a full disk costs only the time to make them again."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            for size, picture in sizes.items():
                file = self._file(key, size)
                file.parent.mkdir(mode=0o700, exist_ok=True)
                partial = file.with_suffix(".partial")
                partial.write_bytes(picture)
                partial.replace(file)
            self._limit_bytes(sum(map(len, sizes.values())))
        except OSError:
            return

    def _limit_bytes(self, added: int) -> None:
        """Remove the oldest pictures if all together are too many bytes."""
        if self._bytes is None:
            self._bytes = sum(status.st_size for _, status in self._all_files())
        else:
            self._bytes += added
        if self._bytes <= BYTES_MAX:
            return
        by_age = sorted(self._all_files(), key=lambda each: each[1].st_mtime_ns)
        for file, status in by_age:
            if self._bytes <= KEPT_SHARE * BYTES_MAX:
                return
            file.unlink(missing_ok=True)
            self._bytes -= status.st_size

    def _all_files(self) -> list[tuple[Path, os.stat_result]]:
        return [(file, file.stat()) for file in self._folder.glob("*/*.jpg")]


def _archive_key(release_mbid: str) -> str:
    return hashlib.blake2b(b"archive " + release_mbid.encode()).hexdigest()[:64]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(content)
