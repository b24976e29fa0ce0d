"""Open, refuse, lock and migrate the library database: `segued.store.database`."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from segued.config.sections import StoreSection
from segued.errors import (
    StoreCorruptError,
    StoreDiskError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreTooNewError,
    StoreUnwritableError,
)
from segued.store import migrate, requeue
from segued.store.database import Store
from segued.store.reading import reports
from segued.store.schema.files import database
from segued.store.schema.music import Artist
from segued.store.sqlite_errors import store_error

FIRST_SCHEMA = Path(__file__).parent.parent / "golden" / "schema-1.sql"
"""The schema of a library of version 0.1.0."""

OLD_LIBRARY = FIRST_SCHEMA.with_name("library-0.1.0.sql")
"""A library with content, as version 0.1.0 made it."""

QUICK = StoreSection(busy_seconds=0.2)


PAGE_SIZE = 4_096


def page_of(path: Path, table: str) -> int:
    """Return the number of the first page of a table, from 0."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        return int(connection.execute(query, [table]).fetchone()[0]) - 1


def damage(path: Path, content: bytes) -> None:
    """Overwrite pages in the middle of the artists."""
    middle = content.index(b"key 1000x") // PAGE_SIZE * PAGE_SIZE
    with path.open("r+b") as file:
        file.seek(middle)
        file.write(b"\xa5" * 2 * PAGE_SIZE)


async def open_and_close(path: Path) -> None:
    """Open a library, and close it."""
    store = Store(path, QUICK)
    try:
        await store.open()
    finally:
        await store.close()


async def make_library(path: Path, artists: int = 0) -> None:
    """Create a library with some rows."""
    store = Store(path)
    await store.open()

    def fill() -> None:
        for number in range(artists):
            Artist.create(name_key=f"key {number}", name="x" * 500)

    await store.do(fill)
    await store.close()


async def test_transactions_are_atomic(store: Store) -> None:
    """An error rolls back everything that its transaction wrote."""

    def half() -> None:
        Artist.create(name_key="one", name="One")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        await store.do(half)

    assert await store.do(Artist.select().count) == 0


async def test_many_writers_wait_for_each_other(store: Store) -> None:
    """Concurrent transactions that read and then write lose no update."""
    await store.do(Artist.create, name_key="counter", name="0")

    def increase() -> None:
        row = Artist.get(Artist.name_key == "counter")
        row.name = str(int(row.name or 0) + 1)
        row.save()

    await asyncio.gather(*(store.do(increase) for _ in range(100)))

    assert (await store.do(Artist.get, Artist.name_key == "counter")).name == "100"


async def test_commits_are_durable_by_configuration(store: Store) -> None:
    """The journal mode is WAL, and every commit is synced to disk."""

    def pragmas() -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [database.execute_sql(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await store.do(pragmas) == ["wal", 2, 1]


async def test_second_process_is_told_who_has_the_lock(tmp_path: Path) -> None:
    """Only one process opens a library; the error message names that process."""
    path = tmp_path / "library.db"
    program = (
        "import asyncio, sys; from pathlib import Path;"
        "from segued.store.database import Store;"
        "asyncio.run(Store(Path(sys.argv[1])).open()); print('open', flush=True);"
        "sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"open\n"

        with pytest.raises(StoreLockedError, match=str(first.pid)):
            await open_and_close(path)
        first.kill()

    await open_and_close(path)


async def test_a_newer_library_is_refused(tmp_path: Path) -> None:
    """A library with a newer schema is not changed; the message names both versions."""
    path = tmp_path / "library.db"
    await make_library(path)
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()

    with pytest.raises(StoreTooNewError, match=r"schema 99.*up to \d"):
        await open_and_close(path)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(b"this is a text, not a database. " * 100, id="other content"),
        pytest.param(b"", id="a foreign database"),
    ],
)
async def test_foreign_file_is_refused_and_untouched(
    tmp_path: Path, damage: bytes
) -> None:
    """A database of another program is named in the message, and not changed."""
    path = tmp_path / "library.db"
    if damage:
        path.write_bytes(damage)
    else:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE theirs (x)")
        other.close()
    before = path.read_bytes()

    with pytest.raises(StoreCorruptError, match=r"library\.db: not a segued library"):
        await open_and_close(path)

    assert path.read_bytes() == before


async def test_a_damaged_library_is_refused(tmp_path: Path) -> None:
    """Damage at the end of a table is detected before anything is written."""
    path = tmp_path / "library.db"
    await make_library(path, artists=200)
    root = page_of(path, "artists")
    with path.open("r+b") as file:
        file.seek(root * PAGE_SIZE)
        file.write(b"\xa5" * PAGE_SIZE)
    before = path.read_bytes()

    with pytest.raises(StoreCorruptError, match="damaged"):
        await open_and_close(path)

    assert path.read_bytes() == before


async def test_an_empty_file_becomes_a_library(tmp_path: Path) -> None:
    """An empty file is used: a process killed at its first start leaves one."""
    path = tmp_path / "library.db"
    path.touch()

    await open_and_close(path)
    await open_and_close(path)

    assert path.stat().st_size > 0


async def test_unwritable_folder_is_reported(tmp_path: Path) -> None:
    """A library below a file, where even root cannot create it, is reported."""
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnwritableError, match="may not be written"):
        await open_and_close(tmp_path / "file" / "library.db")


async def test_database_lock_timeout_is_reported(tmp_path: Path) -> None:
    """After the time limit, the error names the lock as the reason."""
    store = Store(tmp_path / "library.db", QUICK)
    await store.open()
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(StoreLockedError, match="locked by another program"):
        await store.do(Artist.create, name_key="a", name="A")

    other.close()
    await store.do(Artist.create, name_key="a", name="A")
    await store.close()


async def test_full_disk_is_reported(store: Store) -> None:
    """SQLITE_FULL is recognized as the cause of any exception of peewee."""

    def fill() -> None:
        pages = database.execute_sql("PRAGMA page_count").fetchone()[0]
        database.execute_sql(f"PRAGMA max_page_count = {pages + 2}")
        for number in range(1_000):
            Artist.create(name_key=f"key {number}", name="x" * 2_000)

    with pytest.raises(StoreFullError, match="no space left"):
        await store.do(fill)

    assert await store.do(requeue.reset_interrupted) == 0


async def test_migration_keeps_a_backup(tmp_path: Path) -> None:
    """A copy of the library before the migration is stored beside it."""
    path = tmp_path / "library.db"
    await make_library(path, artists=1)
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "0099_add.py").write_text(
        "def up(migrator, db):\n"
        "    db.execute_sql('ALTER TABLE artists ADD COLUMN born TEXT')\n"
    )
    store = Store(path)
    await store.open()

    def columns() -> set[str]:
        return {column.name for column in database.get_columns("artists")}

    def upgrade() -> None:
        migrate.bring_up_to_date(database.obj, path, scripts=scripts, target_version=99)

    # The backup and the migration run in transactions of their own.
    await asyncio.wrap_future(store._thread.submit(upgrade))
    after = await store.do(columns)
    await store.close()

    assert "born" in after
    backup = tmp_path / "library.db.before-99"
    assert backup.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(tmp_path / "library.db.before-99") as copy:
        names = {row[1] for row in copy.execute("PRAGMA table_info(artists)")}
        assert copy.execute("SELECT count(*) FROM artists").fetchone() == (1,)
    copy.close()
    assert "born" not in names
    with pytest.raises(StoreTooNewError):
        await open_and_close(path)


async def test_an_old_library_becomes_like_a_new_one(tmp_path: Path) -> None:
    """After migration, all tables, indexes and views equal those of a new library."""
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    with sqlite3.connect(old) as library:
        library.executescript(FIRST_SCHEMA.read_text())
    library.close()

    for path in (old, new):
        await open_and_close(path)

    assert schema_of(old) == schema_of(new)
    assert schema_of(old)["user_version"] == str(migrate.SCHEMA_VERSION)


async def test_migration_normalizes_names_again(tmp_path: Path) -> None:
    """Keys and words of 0.1.0 kept the capitals of "™"; its search had no symbols."""
    path = tmp_path / "library.db"
    with sqlite3.connect(path) as library:
        library.executescript(OLD_LIBRARY.read_text())
        library.execute(
            "INSERT INTO artists (id, name_key, name) VALUES"
            " ('1', 'fooTM', 'Foo™'), ('2', 'barTM', 'Bar™'), ('3', 'bartm', 'BarTM')"
        )
        library.execute("UPDATE passages SET title = 'Foo™ \N{FIRE}' WHERE ordinal = 1")
        library.execute("UPDATE file_index SET words = 'fooTM'")
    library.close()

    await open_and_close(path)

    with closing(sqlite3.connect(path)) as library:
        keys = library.execute("SELECT id, name_key FROM artists WHERE length(id) = 1")
        assert dict(keys) == {"1": "footm", "2": "barTM", "3": "bartm"}
        words = library.execute("SELECT words FROM passage_index").fetchall()
        stale = library.execute("SELECT * FROM file_index WHERE words = 'fooTM'")
        assert stale.fetchall() == []
    assert any(" footm \N{FIRE} " in text for (text,) in words)


async def test_migration_decodes_cancelled_channels_again(tmp_path: Path) -> None:
    """A silent curve whose channels have a peak, and a file that was refused."""
    path = tmp_path / "library.db"
    with closing(sqlite3.connect(path)) as library:
        library.executescript(OLD_LIBRARY.read_text())
        ((audio, curves),) = library.execute(
            "SELECT audio_hash, (SELECT count(*) FROM level_curves) FROM files"
            " WHERE status = 'NO AUDIO'"
        )
        library.execute(
            "UPDATE level_curves SET facts = json_set(facts, '$.peak', 0.5,"
            " '$.channels', 2) WHERE audio_hash = ?",
            [audio],
        )
        library.commit()

    await open_and_close(path)

    with closing(sqlite3.connect(path)) as library:
        pending = library.execute(
            "SELECT audio_hash, path_text LIKE '%/broken.mp3' FROM files"
            " WHERE status = 'PENDING' ORDER BY 2"
        ).fetchall()
        kept = library.execute("SELECT audio_hash FROM decode_cache").fetchall()
    assert (audio, 0) in pending
    assert pending[-1][1:] == (1,)
    assert len(pending) == 3  # one is cut by a CUE sheet, and read again
    assert len(kept) == curves - 1
    assert (audio,) not in kept


async def test_migration_measures_lead_points_and_silences_again(
    tmp_path: Path,
) -> None:
    """Only where they were not found, or a curve has a long silence."""
    path = tmp_path / "library.db"
    with closing(sqlite3.connect(path)) as library:
        library.executescript(OLD_LIBRARY.read_text())
        library.execute("UPDATE files SET status = 'INGEST COMPLETE'")
        library.execute(
            "UPDATE passages SET lead_out_ticks = NULL WHERE file_id ="
            " (SELECT id FROM files WHERE path_text LIKE '%/03 Undertow.wav')"
        )
        library.execute(
            "UPDATE level_curves SET levels = ? WHERE audio_hash ="
            " (SELECT audio_hash FROM files WHERE path_text LIKE '%/02 Salt%')",
            [zlib.compress(bytes(2_000) + b"\xff" * 1_000 + bytes(2_000))],
        )
        library.execute(
            "UPDATE files SET path_text = replace(path_text, '.wav', '.MKA')"
            " WHERE path_text LIKE '%/01 First Light.wav'"
        )
        library.commit()

    await open_and_close(path)

    with closing(sqlite3.connect(path)) as library:
        phases = library.execute(
            "SELECT path_text, (SELECT max(phase) FROM checkpoints WHERE file_id = id)"
            " FROM files WHERE status = 'PENDING' AND path_text NOT LIKE '%/broken.mp3'"
        )
        last_phases = {os.path.basename(name): phase for name, phase in phases}
    assert last_phases == {
        "01 First Light.MKA": 2,
        "02 Salt and Rope.wav": 7,
        "03 Undertow.wav": 7,
        "side.wav": 2,  # it has a CUE sheet, which is read again
    }


def schema_of(path: Path) -> dict[str, str]:
    """Return the SQL of all tables, indexes, views and triggers, by name."""
    with closing(sqlite3.connect(path)) as library:
        rows = library.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            " AND name NOT LIKE 'schema_migration%'"
        ).fetchall()
        version = library.execute("PRAGMA user_version").fetchone()[0]
    declared = {name: " ".join(sql.split()) for name, sql in rows}
    return {**declared, "user_version": str(version)}


async def test_a_failed_write_is_a_store_error(store: Store) -> None:
    """All errors of SQLite are raised as StoreError."""
    await store.do(Artist.create, name_key="a", name="A")

    with pytest.raises(StoreError, match="UNIQUE"):
        await store.do(Artist.create, name_key="a", name="A")


async def test_only_its_owner_may_read_a_library(tmp_path: Path) -> None:
    """Also its journal, since both hold the API key."""
    os.chmod(tmp_path, 0o755)  # noqa: S103
    path = tmp_path / "library.db"
    mask = os.umask(0o022)
    try:
        store = Store(path)
        await store.open()
        await store.do(Artist.create, name_key="a", name="A")
        modes = modes_in(tmp_path)
        await store.close()
    finally:
        os.umask(mask)

    names = {"library.db", "library.db-wal", "library.db-shm", "library.db.lock"}
    assert names <= modes.keys()
    assert set(modes.values()) == {0o600}


def modes_in(folder: Path) -> dict[str, int]:
    """Return the mode of each file of a folder, by name."""
    return {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()}


def sqlite_error(message: str, name: str) -> sqlite3.OperationalError:
    """Return an error as SQLite raises it."""
    error = sqlite3.OperationalError(message)
    error.sqlite_errorname = name
    return error


async def test_a_disk_error_is_no_damage(tmp_path: Path) -> None:
    """The message names the disk, not the transaction that could not be rolled back."""
    path = tmp_path / "library.db"
    await open_and_close(path)

    failed = store_error(path, sqlite_error("disk I/O error", "SQLITE_IOERR_WRITE"))
    assert isinstance(failed, StoreDiskError)
    assert "the disk of the library" in str(failed)

    misread = store_error(path, sqlite_error("malformed", "SQLITE_CORRUPT"))
    assert isinstance(misread, StoreDiskError)
    assert "the library itself is intact" in str(misread)


async def test_real_damage_is_called_damage(tmp_path: Path) -> None:
    """A fresh connection finds it as well."""
    path = tmp_path / "library.db"
    await make_library(path, 500)
    content = bytearray(path.read_bytes())
    content[8_192:] = b"\xff" * len(content[8_192:])
    path.write_bytes(content)

    damaged = store_error(path, sqlite_error("malformed", "SQLITE_CORRUPT"))

    assert isinstance(damaged, StoreCorruptError)


async def test_migration_finds_merged_releases_in_stored_answers(
    tmp_path: Path,
) -> None:
    """A release that was returned with another id than the requested one."""
    path = tmp_path / "library.db"
    with sqlite3.connect(path) as library:
        library.executescript(OLD_LIBRARY.read_text())
        for key, answer in (
            ("release:old", b'{"id": "NEW", "title": "T"}'),
            ("release:same", b'{"id": "same", "title": "T"}'),
            ("release:odd", b"[]"),
            ("release:none", b""),
        ):
            library.execute(
                "INSERT INTO musicbrainz_cache (key, question, answer, at)"
                " VALUES (?, '', ?, '')",
                (key, zlib.compress(answer)),
            )
    library.close()

    await open_and_close(path)

    with closing(sqlite3.connect(path)) as library:
        merged = library.execute("SELECT old_mbid, new_mbid FROM merged_ids")
        assert merged.fetchall() == [("old", "new")]


async def test_a_library_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """An interrupted copy is detected when it is opened."""
    path = tmp_path / "library.db"
    await make_library(path, artists=200)
    os.truncate(path, path.stat().st_size - 8_192)

    with pytest.raises(StoreCorruptError, match="damaged"):
        await open_and_close(path)


async def test_after_an_error_of_the_disk_every_page_is_checked(
    tmp_path: Path,
) -> None:
    """Damage that was read once is found before the library is used again."""
    path = tmp_path / "library.db"
    await make_library(path, artists=2_000)
    content = path.read_bytes()
    damage(path, content)
    store = Store(path, QUICK)
    await store.open()
    with pytest.raises(StoreCorruptError, match="damaged"):
        await store.do(lambda: list(Artist.select()))
    await store.close()
    damaged = path.read_bytes()

    with pytest.raises(StoreCorruptError, match="damaged"):
        await open_and_close(path)

    assert path.read_bytes() == damaged
    path.write_bytes(content)
    await open_and_close(path)
    damage(path, path.read_bytes())
    await open_and_close(path)


def test_a_foreign_file_gets_no_note(tmp_path: Path) -> None:
    """Nothing is left beside a file that is no library."""
    path = tmp_path / "text.db"
    path.write_bytes(b"this is a text, not a database. " * 100)

    with pytest.raises(StoreCorruptError, match="not a segued library"):
        reports.roots(path)

    assert list(tmp_path.iterdir()) == [path]
