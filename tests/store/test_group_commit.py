"""Callers that wait together share a commit, and nothing else."""

import asyncio
import gc
import re
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from peewee import SqliteDatabase

from segued.errors import StoreFullError
from segued.store.database import Store
from segued.store.group_commit import WORKS_MAX, GroupCommit
from segued.store.schema.files import database
from segued.store.schema.music import Artist
from tests.limits import WAIT_SECONDS

PROGRAM = """
import asyncio, sys
from pathlib import Path
from segued.store.database import Store
from segued.store.schema.music import Artist

async def main():
    store = Store(Path(sys.argv[1]))
    await store.open()

    async def write(start):
        for number in range(start, 1_000_000, 8):
            key = f"key {number}"
            await store.do(Artist.create, name_key=key, name=key)
            print(key, flush=True)

    await asyncio.gather(*map(write, range(8)))

asyncio.run(main())
"""


def names() -> set[str]:
    """Return the artists of the open library."""
    return {str(artist.name_key) for artist in Artist.select()}


async def test_callers_that_wait_together_share_a_commit(store: Store) -> None:
    """As many as a group takes; each gets its own result."""
    commits: list[str] = []
    connection = await store.do(database.connection)

    def count(statement: str) -> None:
        if re.match("COMMIT", statement):
            commits.append(statement)

    await store.do(connection.set_trace_callback, count)
    commits.clear()

    def save(number: int) -> int:
        Artist.create(name_key=f"key {number}", name="x")
        return number

    numbers = range(10 * WORKS_MAX)
    results = await asyncio.gather(*(store.do(save, number) for number in numbers))

    assert results == list(numbers)
    # The first ones do not wait for others, and a slow machine ends a group early.
    assert len(commits) < len(numbers) / 2
    assert len(await store.do(names)) == len(numbers)


async def test_one_that_fails_fails_alone(store: Store) -> None:
    """Its rows are taken back, also those of a statement that violates the schema."""

    def save(number: int) -> None:
        Artist.create(name_key=f"key {number}", name="x")
        if number % 5 == 3:
            raise ValueError(number)
        if number % 5 == 4:
            Artist.create(name_key=f"key {number}", name="the same again")

    numbers = range(WORKS_MAX)
    results = await asyncio.gather(
        *(store.do(save, number) for number in numbers), return_exceptions=True
    )

    failed = [n for n in numbers if isinstance(results[n], BaseException)]
    assert failed == [n for n in numbers if n % 5 in (3, 4)]
    assert await store.do(names) == {f"key {n}" for n in numbers if n not in failed}


async def test_nobody_is_told_of_success_on_a_full_disk(store: Store) -> None:
    """Who is told of a failure finds nothing stored; the others find everything."""

    def limit() -> None:
        pages = database.execute_sql("PRAGMA page_count").fetchone()[0]
        database.execute_sql(f"PRAGMA max_page_count = {pages + 30}")

    await store.do(limit)

    def save(number: int) -> None:
        Artist.create(name_key=f"key {number}", name="x" * 3_000)

    numbers = range(2 * WORKS_MAX)
    results = await asyncio.gather(
        *(store.do(save, number) for number in numbers), return_exceptions=True
    )

    stored = {f"key {n}" for n in numbers if results[n] is None}
    errors = [each for each in results if each is not None]
    assert errors
    assert all(isinstance(each, StoreFullError) for each in errors)
    assert await store.do(names) == stored
    await store.do(database.execute_sql, "PRAGMA max_page_count = 1000000")
    await store.do(save, 1_000)
    assert await store.do(names) == stored | {"key 1000"}


async def test_a_kill_loses_nothing_that_was_told(tmp_path: Path) -> None:
    """What a caller was told of before the kill is in the library."""
    path = tmp_path / "library.db"
    with subprocess.Popen(  # noqa: ASYNC220
        (sys.executable, "-c", PROGRAM, str(path)), stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(200)]
        writer.kill()
        told += writer.stdout.read().split("\n")[:-1]
        writer.wait(WAIT_SECONDS)

    store = Store(path)
    await store.open()
    stored = await store.do(names)
    await store.close()
    assert len(told) >= 200
    assert set(told) <= stored


async def test_a_group_that_fails_as_a_whole_is_committed_singly(
    tmp_path: Path,
) -> None:
    """As when what follows from the rows of one cannot be derived."""
    rows = SqliteDatabase(str(tmp_path / "rows.db"))
    rows.execute_sql("CREATE TABLE numbers (number INTEGER)")

    def derive() -> None:
        if rows.execute_sql("SELECT 1 FROM numbers WHERE number = 3").fetchone():
            raise ArithmeticError("3 has no successor")

    group = GroupCommit(rows, at_end=derive, to_error=lambda error: error)
    futures = [asyncio.get_running_loop().create_future() for _ in range(5)]

    def insert(number: int) -> int:
        rows.execute_sql("INSERT INTO numbers VALUES (?)", (number,))
        return number

    for number, future in enumerate(futures):
        group.add(partial(insert, number), future)

    assert group.commit_waiting()

    told = await asyncio.gather(*futures, return_exceptions=True)
    assert [told[number] for number in (0, 1, 2, 4)] == [0, 1, 2, 4]
    assert isinstance(told[3], ArithmeticError)
    assert rows.execute_sql("SELECT number FROM numbers").fetchall() == [
        (0,),
        (1,),
        (2,),
        (4,),
    ]
    rows.close()


async def test_a_canceled_caller_waits_for_its_transaction(store: Store) -> None:
    """It is stored, and no error is left that nobody has seen."""
    may_end = threading.Event()
    unseen: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: unseen.append(context))

    def save(*, fails: bool) -> None:
        may_end.wait(WAIT_SECONDS)
        Artist.create(name_key=f"fails {fails}", name="x")
        if fails:
            raise ValueError

    for fails in (False, True):
        may_end.clear()
        caller = asyncio.create_task(store.do(save, fails=fails))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.sleep(0)
        assert not caller.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await caller
        del caller
    gc.collect()

    assert await store.do(names) == {"fails False"}
    assert unseen == []


async def test_a_canceled_caller_waits_no_longer_than_the_limit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk may take any time; the transaction ends nevertheless."""
    monkeypatch.setattr("segued.store.database.CANCEL_WAIT_SECONDS", 0.0)
    may_end = threading.Event()

    def save() -> None:
        may_end.wait(WAIT_SECONDS)
        Artist.create(name_key="late", name="x")

    caller = asyncio.create_task(store.do(save))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    may_end.set()

    assert await store.do(names) == {"late"}
