"""Queries whose SQL is built once: `segued.store.prepared`."""

import pytest

from segued.model import FileStatus
from segued.store.database import Store
from segued.store.prepared import Query, prepared
from segued.store.schema.files import File
from segued.store.schema.music import Song
from tests.store.scanned_folder import ScannedFolder


@prepared
def _with_status(status: FileStatus, name: bytes) -> Query:
    return File.select(File.path_text).where(
        File.status == status, File.size_bytes > 0, File.path != name
    )


@prepared
def _song(title: str) -> Query:
    return Song.insert(title=title)


async def test_each_call_has_values_of_its_own(store: Store) -> None:
    """Only the SQL is cached, with its constants; each call has its own parameters."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "c")
    await folder.finish("b")

    def select(status: FileStatus, name: bytes) -> list[str]:
        rows = _with_status(status, name=name).fetchall()
        return sorted(path.rpartition("/")[2] for (path,) in rows)

    assert await store.do(select, FileStatus.PENDING, b"") == ["a", "c"]
    assert await store.do(select, FileStatus.COMPLETE, b"") == ["b"]
    assert await store.do(select, FileStatus.MISSING, b"") == []


async def test_insert_includes_default_columns(store: Store) -> None:
    """An insert without a value for a column with a default function is refused."""
    with pytest.raises(TypeError, match="Song: no value for id"):
        await store.do(_song, "Same")
