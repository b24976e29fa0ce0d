"""A library, and the context in which phases run."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from segued.compute.pools import ProcessPools
from segued.config.config import Config, Settings
from segued.config.sections import ImportingSection
from segued.phases.base import PhaseContext
from segued.store.database import Store
from segued.units import Seconds

TRIES_MAX = 3


@pytest_asyncio.fixture(name="store")
async def _store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path / "library.db")
    await store.open()
    yield store
    await store.close()


@pytest.fixture(name="context")
def _context(store: Store, tmp_path: Path) -> PhaseContext:
    """What phases get; no job is sent to the process pools here."""
    limits = ImportingSection(unsettled_tries=TRIES_MAX, unsettled_wait_seconds=0.001)
    config = Config(importing=limits)
    pools = ProcessPools(processes=1, memory_mib=512, file_limit=Seconds(10))
    return PhaseContext(config, Settings(), store, pools, tmp_path)
