"""Backups of a library in use, and restoring them: `store.backup`, `store.restore`."""

import asyncio
import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from segued.errors import (
    ConfigError,
    StoreCorruptError,
    StoreError,
    StoreLockedError,
    StoreTooNewError,
)
from segued.store import backup as backups
from segued.store.database import Store
from segued.store.library_check import Depth, check_library
from segued.store.migrate import SCHEMA_VERSION
from segued.store.restore import restore
from segued.store.schema.music import Artist

OLD_LIBRARY = Path(__file__).parent.parent / "golden" / "library-0.1.0.sql"
"""A library with content, as version 0.1.0 made it."""


def write_pair(number: int) -> None:
    """Write two rows that belong together."""
    for half in "ab":
        Artist.create(name_key=f"{number:06} {half}", name="x" * 2_000)


def artists_in(library: Path) -> list[str]:
    """Return the keys of the artists of a library."""
    with closing(sqlite3.connect(f"{library.as_uri()}?mode=ro", uri=True)) as opened:
        rows = opened.execute("SELECT name_key FROM artists ORDER BY name_key")
        return [key for (key,) in rows]


def names_with_backup(folder: Path) -> list[str]:
    """Return the names in a folder that are those of backups, or of parts of them."""
    return sorted(name for name in os.listdir(folder) if "backup" in name)


async def make_library(path: Path, pairs: int) -> None:
    """Create a library with some pairs of rows."""
    store = Store(path)
    await store.open()
    for number in range(pairs):
        await store.do(write_pair, number)
    await store.close()


def damage(library: Path) -> None:
    """Overwrite the end of an index, as a bad disk does."""
    with closing(sqlite3.connect(library)) as opened:
        (page,) = opened.execute(
            "SELECT rootpage FROM sqlite_master WHERE name LIKE '%artists_name_key%'"
        ).fetchone()
        (size,) = opened.execute("PRAGMA page_size").fetchone()
    with library.open("r+b") as file:
        file.seek(page * size - size // 2)
        file.write(b"\xa5" * (size // 2))


async def test_a_backup_is_one_moment_of_a_library_in_use(
    store: Store, tmp_path: Path
) -> None:
    """While transactions go on, it has each of them completely or not at all."""
    target = tmp_path / "backup.db"
    is_written = threading.Event()

    async def write() -> int:
        number = 0
        while not is_written.is_set() or number < 200:
            await store.do(write_pair, number)
            number += 1
        return number

    async def back_up() -> backups.Backup:
        while not await store.do(Artist.select().count):
            pass
        written = await asyncio.to_thread(backups.back_up, store.path, target)
        is_written.set()
        return written

    written, count = await asyncio.gather(back_up(), write())

    keys = artists_in(target)
    assert 2 <= len(keys) <= 2 * count
    assert keys == [f"{n:06} {half}" for n in range(len(keys) // 2) for half in "ab"]
    assert written.size_bytes == target.stat().st_size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert check_library(target) == SCHEMA_VERSION
    assert names_with_backup(tmp_path) == [target.name]


async def test_only_a_backup_is_replaced(tmp_path: Path) -> None:
    """A song, the library, a folder and a missing folder are refused by name."""
    library = tmp_path / "library.db"
    await make_library(library, 1)
    song, target = tmp_path / "song.mp3", tmp_path / "backup.db"
    song.write_bytes(b"ID3 and more")
    backups.back_up(library, target)
    before = target.stat().st_ino
    backups.back_up(library, target)
    assert target.stat().st_ino != before

    for wrong, reason in (
        (song, "no backup"),
        (library, "the library itself"),
        (tmp_path, "a folder"),
        (tmp_path / "none" / "b.db", "does not exist"),
    ):
        with pytest.raises(ConfigError, match=reason):
            backups.back_up(library, wrong)
    assert song.read_bytes() == b"ID3 and more"
    assert artists_in(library) == ["000000 a", "000000 b"]


async def test_what_is_not_complete_replaces_nothing(tmp_path: Path) -> None:
    """A stop or a damaged library leaves the older backup, and no other file."""
    library, target = tmp_path / "library.db", tmp_path / "backup.db"
    await make_library(library, 50)
    backups.back_up(library, target)
    kept = target.read_bytes()
    stopping = threading.Event()
    stopping.set()

    with pytest.raises(StoreError, match="stopped"):
        backups.back_up(library, target, stopping)
    damage(library)
    with pytest.raises(StoreError, match="damaged"):
        backups.back_up(library, target)

    assert target.read_bytes() == kept
    assert names_with_backup(tmp_path) == [target.name]


async def test_the_newest_backups_are_kept(tmp_path: Path) -> None:
    """Others in the folder stay; what a killed process left is removed."""
    library, folder = tmp_path / "library.db", tmp_path / "backups"
    await make_library(library, 1)
    folder.mkdir()
    old = [folder / f"library-2020010{day}T000000Z.db" for day in (1, 2, 3)]
    others = [folder / "library-mine.db", folder / "other-20200101T000000Z.db"]
    for path in (*old, *others, folder / ".library-20200104T000000Z.db.abc.partial"):
        path.touch()

    written = backups.back_up_into(library, folder, 2, threading.Event())

    assert set(folder.iterdir()) == {old[2], *others, written.path}
    age = backups.newest_age(library, folder)
    assert age is not None
    assert age < 600
    assert backups.newest_age(tmp_path / "third.db", folder) is None


def test_an_older_backup_is_migrated(tmp_path: Path) -> None:
    """The library before stays beside it; so does what its last process left."""
    library, backup = tmp_path / "library.db", tmp_path / "old.db"
    with closing(sqlite3.connect(backup)) as opened:
        opened.executescript(OLD_LIBRARY.read_text())
    schema = check_library(backup)
    used = tmp_path / "used" / "library.db"
    asyncio.run(make_library(used, 1))
    with closing(sqlite3.connect(used)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE artists SET name = 'new'")
        writer.commit()
        # The row is in the write-ahead log only, as after a kill.
        for suffix in ("", "-wal"):
            shutil.copy(f"{used}{suffix}", f"{library}{suffix}")

    restored = restore(library, backup)

    assert restored.kept is not None
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"library.db", "library.db.lock", "old.db", "used"} | {
        restored.kept.name
    }
    assert schema < SCHEMA_VERSION
    assert restored.schema == schema
    assert check_library(library, Depth.INDEXES) == SCHEMA_VERSION
    assert check_library(backup) == schema
    with closing(sqlite3.connect(restored.kept)) as kept:
        assert kept.execute("SELECT DISTINCT name FROM artists").fetchall() == [
            ("new",)
        ]


def test_what_is_no_backup_changes_nothing(tmp_path: Path) -> None:
    """Damaged, too new, no library, absent: the library stays as it was."""
    library, backup = tmp_path / "library.db", tmp_path / "backup.db"
    asyncio.run(make_library(library, 50))
    backups.back_up(library, backup)
    newer, damaged = tmp_path / "newer.db", tmp_path / "damaged.db"
    for copy in (newer, damaged):
        copy.write_bytes(backup.read_bytes())
    with closing(sqlite3.connect(newer)) as opened:
        opened.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    damage(damaged)
    text = tmp_path / "text.db"
    text.write_text("no library at all " * 100)
    before = library.read_bytes()

    for wrong, error in (
        (newer, StoreTooNewError),
        (damaged, StoreCorruptError),
        (text, StoreCorruptError),
        (tmp_path / "none.db", ConfigError),
        (library, ConfigError),
    ):
        with pytest.raises(error, match=wrong.name):
            restore(library, wrong)

    assert library.read_bytes() == before
    assert not [each for each in os.listdir(tmp_path) if "re" in each.split("db")[-1]]


async def test_a_library_in_use_is_not_replaced(store: Store, tmp_path: Path) -> None:
    """The error names the process that uses it."""
    backup = tmp_path / "backup.db"
    await asyncio.to_thread(backups.back_up, store.path, backup)

    with pytest.raises(StoreLockedError, match=str(os.getpid())):
        await asyncio.to_thread(restore, store.path, backup)

    await store.do(write_pair, 1)
    assert store.is_in_place()
