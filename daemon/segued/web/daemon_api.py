"""The operations of the daemon that the HTTP routes call."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from segued.config.config import Settings
from segued.intake.folder_choices import FolderChoices
from segued.matching.evidence import Edition, Recording
from segued.store.deciders import AnswerAction, Decider
from segued.web.readings import Readings
from segued.web.setup import KeyCheck, Setup
from segued.web.status import PastSession, Status

__all__ = ["AlbumCover", "CardAnswer", "DaemonApi", "Override"]


@dataclass(frozen=True, slots=True)
class Override:
    """What a user decides about one passage, or about the release of its file.

    Attributes:
        recording: The MusicBrainz id of its recording; None if it is no song.
        title: The title to use instead of MusicBrainz's.
        artist: The artist to use instead of MusicBrainz's.
        release: The MusicBrainz id of the release; then nothing else is decided.
        any_release: Whether an earlier choice of the release is taken back.
    """

    recording: str | None = None
    title: str | None = None
    artist: str | None = None
    release: str | None = None
    any_release: bool = False

    @property
    def is_about_release(self) -> bool:
        """Whether the release is decided, and not the passage."""
        return self.any_release or self.release is not None


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """An answer to questions about an album or a file.

    Attributes:
        card: The id of the album or file.
        passages: The ids of the passages that it is about; None: all with a question.
        recording: The MusicBrainz id, if the action is to set one.
        title: The title to use instead of MusicBrainz's.
        artist: The artist to use instead of MusicBrainz's.
        release: The MusicBrainz id, if the action is to choose a release.
    """

    card: str
    action: AnswerAction
    passages: tuple[str, ...] | None = None
    recording: str | None = None
    title: str | None = None
    artist: str | None = None
    release: str | None = None


@dataclass(frozen=True, slots=True)
class AlbumCover:
    """A small picture of an album's cover.

    Attributes:
        key: Identifies the original picture.
        picture: The picture, as JPEG.
    """

    key: str
    picture: bytes


class DaemonApi(Protocol):
    """Everything an operator can request from the daemon.

    An optional `session` names the session that an operation applies to; None
    stands for the current one.
    """

    @property
    def database(self) -> Path:
        """The library file; routes that only read open it themselves."""

    def roots(self) -> tuple[bytes, ...]:
        """Return the music folders of the current configuration."""

    def status(self) -> Status:
        """Return the status of the daemon, from memory: it never waits."""

    def readings(self) -> Readings:
        """Return the values that only the metrics show, from memory."""

    def backup_age(self) -> float | None:
        """Return how old the newest backup is in seconds; it reads a folder."""

    async def session(self, session: str) -> Status | PastSession:
        """Return the status if `session` is the current session, else its stored row.

        Raises:
            NotFoundError: No session has this id.
        """

    async def pause(self, session: str | None = None) -> Status:
        """Stop working until `resume`, also after a restart.

        Raises:
            NotFoundError: `session` is not the current session.
        """

    async def resume(self, session: str | None = None) -> Status:
        """Continue after a pause or a cancel.

        Raises:
            NotFoundError: `session` is not the current session.
        """

    async def cancel(self, session: str | None = None) -> Status:
        """End the session; work that is already stored stays.

        Raises:
            NotFoundError: `session` is not the current session.
        """

    async def scan(self, path: bytes | None = None) -> Status:
        """Request a scan of all music folders, or of the folder at or around `path`.

        It starts a session or joins the current one, whose id is in the status. A
        cancelled daemon resumes.

        Raises:
            NotFoundError: `path` is in no music folder, or in an excluded one.
            StoreError: The library cannot be written.
        """

    async def retry(self, *, code: str | None = None, path: bytes | None = None) -> int:
        """Requeue failed files and return how many.

        Args:
            code: Only files that failed with this code.
            path: Only the file at this path, or the files below it.

        Raises:
            NotFoundError: A code or a path is given, and no failed file matches.
        """

    async def settings(self) -> Settings:
        """Return the settings in force, with secrets masked."""

    async def put_setting(self, name: str, value: object) -> Settings:
        """Store a setting, apply it, and return all settings, with secrets masked.

        Raises:
            ConfigError: The setting does not exist, or the value is out of range.
            DaemonError: The configuration file fixes the setting.
        """

    async def setup(self) -> Setup:
        """Return what was set up, and whether a person should be asked.

        Raises:
            StoreError: The library cannot be read.
        """

    async def finish_setup(self) -> Setup:
        """End the first visit.

        Raises:
            StoreError: The library cannot be written.
        """

    async def folder_choices(self, path: bytes | None) -> FolderChoices:
        """Return the folders in a folder; without one, the places where music may be.

        Raises:
            DaemonError: The music folders cannot be chosen, or the disk does not
                respond.
        """

    async def check_key(self, key: str | None) -> KeyCheck:
        """Ask AcoustID whether it accepts a key; with None, the key in the settings.

        Raises:
            DaemonError: There is no key, or AcoustID gives no usable answer.
        """

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

    async def answer(self, given: CardAnswer, by: Decider) -> int:
        """Store an answer about passages, all or none, and requeue their files.

        Returns:
            The number of the answer in the history.

        Raises:
            NotFoundError: No such question is open.
        """

    async def undo(self, number: int | None, by: Decider) -> int:
        """Take an answer back, by default the last one; return its number.

        Raises:
            NotFoundError: There is no such answer.
            DaemonError: It was taken back, or its passages were decided again since.
        """

    async def search_recordings(self, artist: str, title: str) -> tuple[Recording, ...]:
        """Search MusicBrainz for recordings; either text may be empty, but not both.

        Raises:
            DaemonError: MusicBrainz is not asked now, or gives no usable answer.
        """

    async def search_editions(self, artist: str, title: str) -> tuple[Edition, ...]:
        """Search MusicBrainz for releases, as `search_recordings`."""

    async def forget_tags(self, path: bytes) -> int:
        """Delete the remembered tags of a file; return how many there were.

        Raises:
            NotFoundError: The library has no such file.
        """

    async def cover(self, album: str, size: str) -> AlbumCover | None:
        """Return the cover of an album; None if there is none to show.

        Args:
            album: The id of the album.
            size: "small" or "large".

        Raises:
            NotFoundError: No album has this id.
            StoreError: The library cannot be read.
        """
