"""Read and write which release a person says that the sound of a file is of."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from segued.model import FileId
from segued.store.prepared import Query, prepared
from segued.store.schema.answered import ChosenRelease
from segued.store.schema.files import File, iter_rows

__all__ = [
    "ReleaseChange",
    "ReleaseChoice",
    "choice_of",
    "chosen_for",
    "replace_choice",
]

FILES_AT_ONCE: Final = 500
"""Values in the IN list of one statement."""


@dataclass(frozen=True, slots=True)
class ReleaseChoice:
    """The release that a person chose, and when."""

    release_mbid: str
    at: str


@dataclass(frozen=True, slots=True)
class ReleaseChange:
    """The release that was chosen for some audio before and after an answer.

    Attributes:
        name: The names of the file's first passage, for people.
        before: None if none was chosen, as for `after`.
    """

    audio_hash: str
    name: str
    before: ReleaseChoice | None
    after: ReleaseChoice | None


def chosen_for(files: Collection[FileId]) -> dict[FileId, str]:
    """Return the releases that were chosen for some files; others are left out."""
    if not list(_first_choice()):
        return {}
    every = list(files)
    found: dict[FileId, str] = {}
    for start in range(0, len(every), FILES_AT_ONCE):
        rows = (
            File.select(File.id, ChosenRelease.release_mbid)
            .join(ChosenRelease, on=ChosenRelease.audio_hash == File.audio_hash)
            .where(File.id.in_(every[start : start + FILES_AT_ONCE]))
        )
        found |= {FileId(file): release for file, release in iter_rows(rows)}
    return found


def choice_of(audio_hash: str) -> ReleaseChoice | None:
    """Return the release that was chosen for some audio, if any."""
    row = ChosenRelease.get_or_none(ChosenRelease.audio_hash == audio_hash)
    return None if row is None else ReleaseChoice(str(row.release_mbid), str(row.at))


def replace_choice(audio_hash: str, choice: ReleaseChoice | None) -> None:
    """Replace the release that is chosen for some audio; with None, there is none."""
    ChosenRelease.delete().where(ChosenRelease.audio_hash == audio_hash).execute()
    if choice is not None:
        ChosenRelease.insert(
            audio_hash=audio_hash, release_mbid=choice.release_mbid, at=choice.at
        ).execute()


@prepared
def _first_choice() -> Query:
    return ChosenRelease.select(ChosenRelease.audio_hash).limit(1)
