"""Store what scans pass over, and why: counts, and the first names.

One row for each folder and reason: a scan of a part of a music folder replaces the rows
of the folders that it lists. So the counts stay right, and an unchanged folder costs no
write. The list is bounded for each folder, and is there without access to the disk.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final

from peewee import fn

from segued.model import (
    AudioFile,
    FileId,
    FileStatus,
    FolderListing,
    PassedOver,
    Signature,
)
from segued.paths import folder_prefix, shown
from segued.store import codec, duplicates
from segued.store.schema.files import File, iter_rows
from segued.store.schema.passed import PassedFile, PassedNames

__all__ = [
    "count_passed_over",
    "forget_vanished",
    "known_passed_files",
    "pass_over_file",
    "replace_names",
]

NAMES_MAX: Final = 100
"""Names stored for a folder and reason; the count is of all."""

FOLDERS_AT_ONCE: Final = 200


def replace_names(folders: Sequence[FolderListing]) -> bool:
    """Store the names that were passed over in the listed folders.

    Returns:
        Whether any of them differ from the stored ones.
    """
    listed = {folder.path: _rows_of(folder) for folder in folders}
    stored: dict[bytes, dict[str, tuple[int, str]]] = defaultdict(dict)
    query = PassedNames.select(
        PassedNames.folder, PassedNames.reason, PassedNames.count, PassedNames.names
    ).where(PassedNames.folder.in_(list(listed)))
    for folder, reason, count, names in iter_rows(query):
        stored[bytes(folder)][reason] = count, names
    changed = [path for path, rows in listed.items() if rows != stored.get(path, {})]
    if not changed:
        return False
    PassedNames.delete().where(PassedNames.folder.in_(changed)).execute()
    for path in changed:
        for reason, (count, names) in listed[path].items():
            PassedNames.insert(
                folder=path,
                reason=reason,
                folder_text=shown(path),
                count=count,
                names=names,
            ).execute()
    return True


def _rows_of(folder: FolderListing) -> dict[str, tuple[int, str]]:
    """Return the number and the first names for each reason."""
    by_reason: dict[str, list[bytes]] = defaultdict(list)
    for reason, name in folder.passed_over:
        by_reason[reason.value].append(name)
    return {
        reason: (
            len(names),
            codec.encode([shown(n) for n in sorted(names)[:NAMES_MAX]]),
        )
        for reason, names in by_reason.items()
    }


def forget_vanished(
    place: bytes, seen: Collection[bytes], unreadable: Sequence[bytes]
) -> bool:
    """Delete what was passed over in folders that are not there any more.

    Args:
        place: The folder below which all folders were listed.
        seen: The folders that were listed.
        unreadable: Those that could not be; what is below them is unknown.

    Returns:
        Whether anything was deleted.
    """
    deleted = 0
    for table in (PassedNames, PassedFile):
        rows = table.select(table.folder).where(_at_or_under(table.folder, place))
        vanished = [
            folder
            for folder in {bytes(folder) for (folder,) in iter_rows(rows)}
            if folder not in seen
            and not any(
                folder_prefix(folder).startswith(folder_prefix(each))
                for each in unreadable
            )
        ]
        for start in range(0, len(vanished), FOLDERS_AT_ONCE):
            some = vanished[start : start + FOLDERS_AT_ONCE]
            deleted += table.delete().where(table.folder.in_(some)).execute()
    return deleted > 0


def known_passed_files(folders: Sequence[FolderListing]) -> frozenset[bytes]:
    """Return the listed files that were passed over when they were read.

    Those that changed since, or are gone, are deleted: they are read again.
    """
    listed = {file.path: file.signature for folder in folders for file in folder.files}
    query = PassedFile.select(
        PassedFile.path, PassedFile.size_bytes, PassedFile.mtime_ns, PassedFile.inode
    ).where(PassedFile.folder.in_([folder.path for folder in folders]))
    known = {
        bytes(path): Signature(*signature) for path, *signature in iter_rows(query)
    }
    same = {path for path, signature in known.items() if listed.get(path) == signature}
    for path in known.keys() - same:
        PassedFile.delete().where(PassedFile.path == path).execute()
    return frozenset(same)


def pass_over_file(file: AudioFile, reason: PassedOver) -> bool:
    """Take a file that is being imported out of the library, and store why.

    Returns:
        False if it was renamed or changed meanwhile, and stays.
    """
    row = File.get_or_none(File.id == file.id, File.path == file.path)
    if row is None or FileStatus(row.status) is not FileStatus.PROCESSING:
        return False
    duplicates.release_content(FileId(row.id))
    PassedFile.insert(
        path=file.path,
        folder=row.folder,
        path_text=shown(file.path),
        reason=reason,
        size_bytes=row.size_bytes,
        mtime_ns=row.mtime_ns,
        inode=row.inode,
    ).on_conflict_replace().execute()
    File.delete().where(File.id == file.id).execute()
    return True


def count_passed_over(root: bytes) -> dict[str, int]:
    """Return how much was passed over in a music folder, by reason."""
    names = (
        PassedNames.select(PassedNames.reason, fn.SUM(PassedNames.count))
        .where(_at_or_under(PassedNames.folder, root))
        .group_by(PassedNames.reason)
    )
    files = (
        PassedFile.select(PassedFile.reason, fn.COUNT(PassedFile.path))
        .where(_at_or_under(PassedFile.folder, root))
        .group_by(PassedFile.reason)
    )
    counts: dict[str, int] = {}
    for query in (names, files):
        for reason, count in iter_rows(query):
            counts[reason] = counts.get(reason, 0) + count
    return counts


def _at_or_under(column: Any, folder: bytes) -> Any:  # noqa: ANN401
    """Return the query condition that a folder is this one, or below it."""
    prefix = folder_prefix(folder)
    return (column == folder) | ((column > prefix) & (column < prefix[:-1] + b"0"))
