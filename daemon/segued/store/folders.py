"""The files of one folder, which together may be an album."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from peewee import fn

from segued.model import FileId, FileStatus
from segued.store.prepared import Query, prepared
from segued.store.requeue import FINGERPRINTING, MATCHING, below_any, take_up_from
from segued.store.schema.files import Checkpoint, File, now, tuples
from segued.store.schema.lookups import Lookup

__all__ = [
    "FILES_MAX",
    "Sibling",
    "complete",
    "files_in",
    "rematch_others",
    "settle",
    "weigh_again",
]

FILES_MAX: Final = 200
"""A folder of more files is a heap of songs: no album, and slow to weigh."""

NO_PART = (
    FileStatus.FAILED,
    FileStatus.MISSING,
    FileStatus.DUPLICATE,
    FileStatus.NO_AUDIO,
)
"""Files in one of these say nothing about what their folder is."""


@dataclass(frozen=True, slots=True)
class Sibling:
    """A file with what its checkpoints say, as JSON; None where it is not so far.

    Attributes:
        named: The result of phase 3.
        prints: The result of phase 5.
    """

    file: FileId
    path: bytes
    named: str | None
    prints: str | None


def files_in(folder: bytes, limit: int) -> list[Sibling]:
    """Return the files of a folder by name; none if there are more than `limit`."""
    found = [
        Sibling(FileId(file), bytes(path), named, heard)
        for file, path, named, heard in _files_in(folder, limit + 1)
    ]
    return found if len(found) <= limit else []


@prepared
def _files_in(folder: bytes, limit: int) -> Query:
    tags, prints = Checkpoint.alias(), Checkpoint.alias()
    return (
        File.select(File.id, File.path, tags.payload, prints.payload)
        .left_outer_join(tags, on=((tags.file == File.id) & (tags.phase == 3)))  # noqa: PLR2004
        .switch(File)
        .left_outer_join(
            prints,
            on=((prints.file == File.id) & (prints.phase == FINGERPRINTING)),
        )
        .where(File.folder == folder, File.status.not_in(list(NO_PART)))
        .order_by(File.path)
        .limit(limit)
    )


def complete(folder: bytes, *, asking: bool) -> bool:
    """Return whether all that can be known of a folder's files is known.

    Args:
        folder: The folder.
        asking: Whether AcoustID is being asked, and its answers are waited for.
    """
    there = (File.folder == folder) & File.status.not_in(list(NO_PART))
    heard = Checkpoint.select(Checkpoint.file).where(
        Checkpoint.file == File.id, Checkpoint.phase == FINGERPRINTING
    )
    if File.select().where(there, ~fn.EXISTS(heard)).exists():
        return False
    waits = Lookup.select(Lookup.file).where(
        Lookup.file == File.id, Lookup.service == "acoustid", Lookup.due_at <= now()
    )
    return not (asking and File.select().where(there, fn.EXISTS(waits)).exists())


def settle(path: bytes | None, *, asking: bool, roots: Sequence[bytes] = ()) -> int:
    """Take up files that waited for their folder, if that is complete now.

    Args:
        path: A file in the folder; None for all folders.
        asking: As for `complete`.
        roots: Music folders that it is about; all, if there are none.
    """
    waits = (
        Checkpoint.select(File.folder, Checkpoint.file)
        .join(File)
        .where(Checkpoint.needs == "folder", File.status == FileStatus.COMPLETE)
    )
    if path is not None:
        waits = waits.where(File.folder == os.path.dirname(path))
    if roots:
        waits = waits.where(below_any(roots))
    folders: dict[bytes, list[FileId]] = {}
    for folder, file in tuples(waits):
        folders.setdefault(bytes(folder), []).append(FileId(file))
    taken_up = 0
    for folder, files in folders.items():
        if complete(folder, asking=asking):
            take_up_from(files, MATCHING)
            taken_up += len(files)
    return taken_up


def rematch_others(file: FileId, folder: bytes, given: Mapping[FileId, str]) -> None:
    """Take up the files of a folder that were matched as something else.

    Whoever is taken up sees what `file` saw and says the same of all, so this
    ends: nobody is taken up twice for what one file brought.

    Args:
        file: The file that was matched last.
        folder: Where it is.
        given: What each file there is, as it sees it; the others are left alone.
    """
    had = fn.COALESCE(fn.json_extract(Checkpoint.payload, "$.given"), "")
    rows = tuples(
        Checkpoint.select(File.id, File.status, had)
        .join(File)
        .where(
            File.folder == folder,
            File.id != file,
            File.status.in_([FileStatus.COMPLETE, FileStatus.PROCESSING]),
            Checkpoint.phase == MATCHING,
        )
    )
    other = [(FileId(f), status) for f, status, had in rows if given.get(f, had) != had]
    take_up_from([f for f, status in other if status == FileStatus.COMPLETE], MATCHING)
    # Who is in flight may be past its matching: it is taken up at its end.
    Checkpoint.update(needs="folder").where(
        Checkpoint.file.in_(
            [f for f, status in other if status != FileStatus.COMPLETE]
        ),
        Checkpoint.phase == MATCHING,
    ).execute()


def _is_heap(folder: bytes) -> bool:
    """Return whether so many files are in a folder that they are no album."""
    rows = File.select(File.id).where(
        File.folder == folder, File.status.not_in(list(NO_PART))
    )
    return bool(rows.limit(1).offset(FILES_MAX).exists())


def weigh_again(folders: Collection[bytes]) -> None:
    """Take up one file of each folder that is a release: others left or came back.

    It sees which of the rest are something else now, and takes up those.
    """
    given = fn.json_extract(Checkpoint.payload, "$.given")
    for folder in folders:
        if _is_heap(folder):
            continue
        one = (
            Checkpoint.select(Checkpoint.file)
            .join(File)
            .where(
                File.folder == folder,
                File.status == FileStatus.COMPLETE,
                Checkpoint.phase == MATCHING,
                given != "",
            )
            .order_by(File.path)
            .limit(1)
        )
        take_up_from([FileId(f) for (f,) in tuples(one)], MATCHING)
