"""A fixture with an empty library for every test of the store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from segued.store.database import Store


@pytest_asyncio.fixture(name="store")
async def _store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path / "library.db")
    await store.open()
    yield store
    await store.close()
