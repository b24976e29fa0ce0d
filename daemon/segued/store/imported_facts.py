"""Store what the libraries of other programs say about files.

Ids are evidence: they stand in where a file's tags have none. A file whose ids change
is matched again.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeVar

from segued.model import FileId, PhaseNumber
from segued.store.prepared import Query, prepared
from segued.store.requeue import requeue_from_phase
from segued.store.schema.files import BaseTable, File, iter_rows, now
from segued.store.schema.imported import ImportedIds, Listening

__all__ = [
    "FILES_AT_ONCE",
    "FileIds",
    "FileListening",
    "files_at",
    "ids_of",
    "save_ids",
    "save_listening",
]

FILES_AT_ONCE: Final = 500
"""Values in the IN list of one statement."""


@dataclass(frozen=True, slots=True)
class FileIds:
    """The MusicBrainz ids that a program names for a file.

    Attributes:
        added_at: When the file came into the library of that program, in UTC.
    """

    recording_mbid: str | None = None
    release_mbid: str | None = None
    added_at: str | None = None


@dataclass(frozen=True, slots=True)
class FileListening:
    """How a person rated a file, and how often it was played.

    Attributes:
        rating: 0 to 100; None if it is not rated.
        last_played: In UTC.
    """

    rating: int | None = None
    play_count: int | None = None
    last_played: str | None = None


Value = TypeVar("Value", FileIds, FileListening)


def files_at(paths: Collection[bytes]) -> dict[bytes, FileId]:
    """Return the files at some absolute paths, by path."""
    every = list(paths)
    found: dict[bytes, FileId] = {}
    for start in range(0, len(every), FILES_AT_ONCE):
        batch = File.path.in_(every[start : start + FILES_AT_ONCE])
        for path, file in iter_rows(File.select(File.path, File.id).where(batch)):
            found[bytes(path)] = FileId(file)
    return found


def save_ids(source: str, values: Mapping[FileId, FileIds]) -> int:
    """Store what a program says about files, and match those again that it changes.

    Args:
        source: The program.
        values: At most `FILES_AT_ONCE` files; one without any value is forgotten.

    Returns:
        The number of files whose values changed.
    """
    changed = _save(ImportedIds, FileIds, source, values)
    requeue_from_phase(changed, PhaseNumber.MATCH)
    return len(changed)


def save_listening(source: str, values: Mapping[FileId, FileListening]) -> int:
    """Store ratings and play counts, as `save_ids`; no file is matched again."""
    return len(_save(Listening, FileListening, source, values))


def ids_of(files: Collection[FileId]) -> dict[FileId, dict[str, FileIds]]:
    """Return what each program says about some files, by file and program.

    Files that no program names are not in the result.
    """
    if not list(_first_ids()):
        return {}
    every = list(files)
    found: dict[FileId, dict[str, FileIds]] = {}
    for start in range(0, len(every), FILES_AT_ONCE):
        rows = (
            ImportedIds.select(
                ImportedIds.file,
                ImportedIds.source,
                ImportedIds.recording_mbid,
                ImportedIds.release_mbid,
                ImportedIds.added_at,
            )
            .where(ImportedIds.file.in_(every[start : start + FILES_AT_ONCE]))
            .order_by(ImportedIds.file, ImportedIds.source)
        )
        for file, source, *values in iter_rows(rows):
            found.setdefault(FileId(file), {})[source] = FileIds(*values)
    return found


@prepared
def _first_ids() -> Query:
    return ImportedIds.select(ImportedIds.source).limit(1)


def _save(
    table: type[BaseTable],
    kind: type[Value],
    source: str,
    values: Mapping[FileId, Value],
) -> list[FileId]:
    """Write the rows that differ from the stored ones; return their files."""
    stored = _stored(table, kind, source, values)
    changed = [
        file for file, value in values.items() if stored.get(file, kind()) != value
    ]
    emptied = [file for file in changed if values[file] == kind()]
    _table(table).delete().where(
        _table(table).file.in_(emptied), _table(table).source == source
    ).execute()
    rows = [
        {"file": file, "source": source, "read_at": now(), **asdict(values[file])}
        for file in changed
        if values[file] != kind()
    ]
    if rows:
        _table(table).insert_many(rows).on_conflict_replace().execute()
    return changed


def _stored(
    table: type[BaseTable],
    kind: type[Value],
    source: str,
    files: Collection[FileId],
) -> dict[FileId, Value]:
    columns = [getattr(table, name) for name in kind.__dataclass_fields__]
    rows = (
        _table(table)
        .select(_table(table).file, *columns)
        .where(_table(table).file.in_(list(files)), _table(table).source == source)
    )
    return {FileId(file): kind(*values) for file, *values in iter_rows(rows)}


def _table(table: type[BaseTable]) -> Any:  # noqa: ANN401
    """Return a table as peewee, which does not type its fields, sees it."""
    return table
