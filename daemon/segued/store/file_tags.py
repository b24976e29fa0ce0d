"""Read and write the tags of a file: those it holds, and those that are remembered.

A value that is not in the file any more is remembered, with the date of the last read
that found it. It is shown, but it is no evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import msgspec
from peewee import fn

from segued.model import FileId, PhaseNumber, Tags
from segued.store import codec
from segued.store.prepared import Query, prepared
from segued.store.requeue import requeue_from_phase
from segued.store.schema.files import File, iter_rows, now

__all__ = ["RememberedValue", "StoredTags", "forget", "load", "save"]


class RememberedValue(msgspec.Struct, frozen=True):
    """The value of a tag that the file does not hold any more.

    Attributes:
        read_at: When it was last read, as UTC ISO 8601 text; None if not known.
    """

    value: Any
    read_at: str | None


@dataclass(frozen=True, slots=True)
class StoredTags:
    """The tags of a file, as they are known.

    Attributes:
        tags: Those that the file holds.
        remembered: Those that it held before, by field; none of them is in `tags`.
        read_at: When the tags were last read without a warning.
    """

    tags: Tags = field(default_factory=Tags)
    remembered: Mapping[str, RememberedValue] = field(default_factory=dict)
    read_at: str | None = None

    def updated(self, found: Tags, *, complete: bool) -> "StoredTags":
        """Return what is known after the tags were read again.

        Args:
            found: The tags that were read; they replace older values at once.
            complete: Whether all were read. If not, missing ones may still be there,
                and the older values are kept as if they were read.
        """
        tags = found if complete else self.tags.merged_with(found)
        remembered = dict(self.remembered) | {
            name: RememberedValue(value, self.read_at)
            for name, value in _values_of(self.tags).items()
        }
        for name in _values_of(tags):
            remembered.pop(name, None)
        return replace(self, tags=tags, remembered=remembered)

    @property
    def remembered_tags(self) -> Tags:
        """The remembered values as tags."""
        values = {name: each.value for name, each in self.remembered.items()}
        return msgspec.convert(msgspec.to_builtins(values), Tags)


def _values_of(tags: Tags) -> dict[str, Any]:
    """Return the fields that have a value."""
    values = {each.name: getattr(tags, each.name) for each in fields(tags)}
    return {name: value for name, value in values.items() if value not in (None, ())}


def load(file: FileId) -> StoredTags:
    """Return what is known about the tags of a file; nothing for a new one."""
    for tags, remembered, read_at in _stored(file):
        return StoredTags(
            codec.decode(tags, Tags) if tags else Tags(),
            codec.decode(remembered, dict[str, RememberedValue]) if remembered else {},
            read_at,
        )
    return StoredTags()


def save(
    file: FileId,
    tags: Tags,
    remembered: Mapping[str, RememberedValue],
    *,
    complete: bool,
) -> None:
    """Store the tags of a file; `complete` if they were read without a warning."""
    text = codec.encode(remembered) if remembered else None
    _save(file, codec.encode(tags), text, now() if complete else None)


def forget(path: bytes) -> int | None:
    """Delete the remembered tags of a file, and requeue it, since it may show them.

    Returns:
        The number of values; None if the library has no such file.
    """
    rows = File.select(File.id).where(File.path == path)
    for (file,) in iter_rows(rows):
        count = len(load(file).remembered)
        if count:
            File.update(remembered_tags=None).where(File.id == file).execute()
            requeue_from_phase([file], PhaseNumber.TAGS, in_flight=True)
        return count
    return None


@prepared
def _stored(file: FileId) -> Query:
    return File.select(File.tags, File.remembered_tags, File.tags_read_at).where(
        File.id == file
    )


@prepared
def _save(
    file: FileId, tags: str, remembered: str | None, read_at: str | None
) -> Query:
    return File.update(
        tags=tags,
        remembered_tags=remembered,
        tags_read_at=fn.COALESCE(read_at, File.tags_read_at),
    ).where(File.id == file)
