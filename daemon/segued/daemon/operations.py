"""The operations of the running daemon, as the HTTP routes call them."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from segued.config.config import PinnedSettings, Settings, check_setting
from segued.daemon import library_operations
from segued.daemon.archive_covers import ArchiveUse
from segued.daemon.covers import Covers
from segued.daemon.daemon import Daemon
from segued.daemon.first_visit import FirstVisit
from segued.daemon.metrics_source import collect_readings
from segued.daemon.status_source import build_status
from segued.errors import DaemonError, NotFoundError, ServiceError
from segued.intake.folder_choices import FolderChoices
from segued.matching.evidence import Edition, Recording
from segued.paths import is_within, shown
from segued.pipeline.lookup_services import LookupService
from segued.store import backup
from segued.store.deciders import Decider
from segued.store.reading import reports
from segued.web.daemon_api import AlbumCover, CardAnswer, Override
from segued.web.readings import Readings
from segued.web.setup import KeyCheck, Setup
from segued.web.status import PastSession, Status

__all__ = ["Operations"]

Found = TypeVar("Found", Edition, Recording)


class Operations:
    """Implements `segued.web.daemon_api.DaemonApi` for a daemon.

    Attributes:
        page_status: Returns the address of the page, or why it is not served.
        subscriber_count: Returns how many clients receive events.
    """

    page_status: Callable[[], str]
    subscriber_count: Callable[[], int]

    def __init__(self, daemon: Daemon) -> None:
        self.page_status = lambda: ""
        self.subscriber_count = lambda: 0
        self._daemon: Final = daemon
        self._first_visit: Final = FirstVisit(daemon)
        self._covers: Final = Covers(
            daemon.store.path, daemon.compute, self._archive_use
        )

    def _archive_use(self) -> ArchiveUse | None:
        run_config, settings = self._daemon.run_config, self._daemon.settings
        if not settings.cover_art_archive:
            return None
        services = run_config.config.services
        return ArchiveUse(services, settings.contact, run_config.offline)

    async def close(self) -> None:
        """Stop what runs in the background."""
        await self._covers.archive.close()

    @property
    def database(self) -> Path:
        """The library file."""
        return self._daemon.store.path

    def roots(self) -> tuple[bytes, ...]:
        """Return the music folders of the current configuration."""
        return tuple(self._daemon.run_config.roots)

    def status(self) -> Status:
        """Return the status of the daemon, from memory: it never waits."""
        status = build_status(self._daemon, self.page_status())
        return msgspec.structs.replace(status, covers=self._covers.archive.arrived)

    def readings(self) -> Readings:
        """Return the values that only the metrics show, from memory."""
        return collect_readings(self._daemon, self.subscriber_count())

    def backup_age(self) -> float | None:
        """Return how old the newest backup is in seconds; it reads a folder."""
        folder = self._daemon.run_config.config.backup_folder
        return None if folder is None else backup.newest_age(self.database, folder)

    async def session(self, session: str) -> Status | PastSession:
        """Return the status if `session` is the current session, else its stored row.

        Raises:
            NotFoundError: No session has this id.
        """
        if session == self._daemon.recorder.session_id:
            return self.status()
        row = await asyncio.to_thread(reports.session, self.database, session)
        if row is None:
            raise NotFoundError(f"{session}: there is no such session")
        return msgspec.convert(row, PastSession)

    async def pause(self, session: str | None = None) -> Status:
        """Stop working until `resume`, also after a restart.

        Raises:
            NotFoundError: `session` is not the current session.
        """
        self._check_current(session)
        await self._daemon.pause()
        return self.status()

    async def resume(self, session: str | None = None) -> Status:
        """Continue after a pause or a cancel.

        Raises:
            NotFoundError: `session` is not the current session.
        """
        self._check_current(session)
        self._daemon.resume()
        return self.status()

    async def cancel(self, session: str | None = None) -> Status:
        """End the session; work that is already stored stays.

        Raises:
            NotFoundError: `session` is not the current session.
        """
        self._check_current(session)
        await self._daemon.cancel()
        return self.status()

    def _check_current(self, session: str | None) -> None:
        if session not in (None, self._daemon.recorder.session_id):
            raise NotFoundError(f"{session}: is not the current session")

    async def scan(self, path: bytes | None = None) -> Status:
        """Request a scan of all music folders, or of the folder at or around `path`.

        It starts a session or joins the current one. A cancelled daemon resumes.

        Raises:
            NotFoundError: `path` is in no music folder, or in an excluded one.
            StoreError: The library cannot be written.
        """
        if path is None:
            for watcher in self._daemon.watchers:
                watcher.request_scan()
        else:
            await self._request_scan(path)
        await self._daemon.start_session()
        return self.status()

    async def _request_scan(self, path: bytes) -> None:
        for watcher in self._daemon.watchers:
            if is_within(path, watcher.root):
                is_folder = await asyncio.to_thread(os.path.isdir, path)
                folder = path if is_folder else os.path.dirname(path)
                if not watcher.request_scan(folder):
                    raise NotFoundError(
                        f"{shown(folder)}: is not scanned, because of its name"
                    )
                return
        raise NotFoundError(f"{shown(path)}: in none of the music folders")

    async def retry(self, *, code: str | None = None, path: bytes | None = None) -> int:
        """Requeue failed files and return how many.

        Args:
            code: Only files that failed with this code.
            path: Only the file at this path, or the files below it.

        Raises:
            NotFoundError: A code or a path is given, and no failed file matches.
        """
        count = await library_operations.retry_failed(
            self._daemon.store, code=code, path=path
        )
        self._daemon.wake()
        return count

    async def settings(self) -> Settings:
        """Return the settings in force, with secrets masked."""
        return await library_operations.masked_settings(
            self._daemon.store, self._pinned
        )

    async def put_setting(self, name: str, value: object) -> Settings:
        """Store a setting, apply it, and return all settings, with secrets masked.

        Raises:
            ConfigError: The setting does not exist, or the value is out of range.
            DaemonError: The configuration file fixes the setting.
        """
        key, checked = check_setting(name, value)
        folders = checked if key == "music_folders" else None
        if isinstance(folders, tuple):
            await self._first_visit.check_folders(folders)
        await library_operations.put_setting(
            self._daemon.store, self._pinned, name, value
        )
        await self._daemon.use_stored_settings()
        return await self.settings()

    async def setup(self) -> Setup:
        """Return what was set up, and whether a person should be asked.

        Raises:
            StoreError: The library cannot be read.
        """
        return await self._first_visit.setup()

    async def finish_setup(self) -> Setup:
        """End the first visit.

        Raises:
            StoreError: The library cannot be written.
        """
        return await self._first_visit.finish()

    async def folder_choices(self, path: bytes | None) -> FolderChoices:
        """Return the folders in a folder; without one, the places where music may be.

        Raises:
            DaemonError: The music folders cannot be chosen, or the disk does not
                respond.
        """
        return await self._first_visit.folder_choices(path)

    async def check_key(self, key: str | None) -> KeyCheck:
        """Ask AcoustID whether it accepts a key; with None, the key in the settings.

        Raises:
            DaemonError: There is no key, or AcoustID gives no usable answer.
        """
        return await self._first_visit.check_key(key)

    async def set_override(
        self, path: bytes, passage: int, override: Override | None, by: Decider
    ) -> None:
        """Store what a user decides about a passage, or delete it; requeue its file.

        Args:
            path: The file.
            passage: The number of the passage in the file, from 1.
            override: What the passage is; None: what it is matched to.
            by: Who decides it.

        Raises:
            NotFoundError: The library has no such passage.
        """
        await library_operations.set_override(
            self._daemon.store, path, passage, override, by
        )
        await self._answered()

    async def answer(self, given: CardAnswer, by: Decider) -> int:
        """Store an answer about passages, all or none, and requeue their files.

        Returns:
            The number of the answer in the history.

        Raises:
            NotFoundError: No such question is open.
        """
        number = await library_operations.answer(self._daemon.store, given, by)
        await self._answered()
        return number

    async def undo(self, number: int | None, by: Decider) -> int:
        """Take an answer back, by default the last one; return its number.

        Raises:
            NotFoundError: There is no such answer.
            DaemonError: It was taken back, or its passages were decided again since.
        """
        undone = await library_operations.undo(self._daemon.store, number, by)
        await self._answered()
        return undone

    async def _answered(self) -> None:
        """Show the number of open cards, and match the files again."""
        cards = await asyncio.to_thread(reports.count_cards, self.database)
        self._daemon.progress.use_card_count(cards)
        self._daemon.wake()

    async def search_recordings(self, artist: str, title: str) -> tuple[Recording, ...]:
        """Search MusicBrainz for recordings; either text may be empty, but not both.

        Raises:
            DaemonError: MusicBrainz is not asked now, or gives no usable answer.
        """
        return await self._search(lambda each: each.search_recordings, artist, title)

    async def search_editions(self, artist: str, title: str) -> tuple[Edition, ...]:
        """Search MusicBrainz for releases, as `search_recordings`."""
        return await self._search(lambda each: each.search_editions, artist, title)

    async def _search(
        self,
        search_of: Callable[
            [LookupService], Callable[[str, str], Awaitable[tuple[Found, ...]]] | None
        ],
        artist: str,
        title: str,
    ) -> tuple[Found, ...]:
        pipeline = self._daemon.pipeline
        for service in pipeline.lookup_services if pipeline else ():
            search = search_of(service)
            if search is not None:
                try:
                    return await search(artist, title)
                except ServiceError as error:
                    raise DaemonError(str(error)) from error
        raise DaemonError("MusicBrainz is not asked while segued is paused or offline")

    async def forget_tags(self, path: bytes) -> int:
        """Delete the remembered tags of a file; return how many there were.

        Raises:
            NotFoundError: The library has no such file.
        """
        count = await library_operations.forget_tags(self._daemon.store, path)
        self._daemon.wake()
        return count

    async def cover(self, album: str, size: str) -> AlbumCover | None:
        """Return the cover of an album; None if there is none to show.

        Args:
            album: The id of the album.
            size: "small" or "large".

        Raises:
            NotFoundError: No album has this id.
            StoreError: The library cannot be read.
        """
        return await self._covers.get(album, size)

    @property
    def _pinned(self) -> PinnedSettings:
        return self._daemon.run_config.config.pinned
