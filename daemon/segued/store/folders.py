"""The files of one folder, which together may be an album."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from peewee import fn

from segued.model import FileId, FileStatus
from segued.store.asked import Lookup
from segued.store.models import Checkpoint, File, now, tuples
from segued.store.prepared import Query, prepared
from segued.store.reopen import FINGERPRINTING, MATCHING, below, take_up_from

__all__ = ["Sibling", "complete", "files_in", "rematch_others", "settle"]

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
        waits = waits.where(reduce(or_, map(below, roots)))
    folders: dict[bytes, list[FileId]] = {}
    for folder, file in tuples(waits):
        folders.setdefault(bytes(folder), []).append(FileId(file))
    taken_up = 0
    for folder, files in folders.items():
        if complete(folder, asking=asking):
            take_up_from(files, MATCHING)
            taken_up += len(files)
    return taken_up


def rematch_others(file: FileId, folder: bytes, release: str | None) -> None:
    """Take up the files of a folder that were matched with another release."""
    other = fn.json_extract(Checkpoint.payload, "$.release")
    rows = (
        Checkpoint.select(Checkpoint.file)
        .join(File)
        .where(
            File.folder == folder,
            File.id != file,
            File.status == FileStatus.COMPLETE,
            Checkpoint.phase == MATCHING,
            fn.COALESCE(other, "") != (release or ""),
        )
    )
    take_up_from([FileId(each) for (each,) in tuples(rows)], MATCHING)
