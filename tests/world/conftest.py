"""A world and a client of it."""

from collections.abc import AsyncIterator

import pytest

from tests.world import OnDisk, World
from tests.world.client import ANSWERS, Client, Clock, session


@pytest.fixture(name="clock")
def _clock() -> Clock:
    """Time that passes when a test says so."""
    return Clock()


@pytest.fixture(name="client")
async def _client(clock: Clock) -> AsyncIterator[Client]:
    """A client of a world that knows what is in `tests/answers`."""
    async with World(OnDisk(ANSWERS), clock=clock) as world, session() as opened:
        yield Client(world, opened)


@pytest.fixture(name="world")
def _world(client: Client) -> World:
    """The world of the client."""
    return client.world
