"""A world and a client of it."""

from collections.abc import AsyncIterator

import pytest

from tests.fake_services import AnswersOnDisk, FakeServices
from tests.fake_services.client import ANSWERS, Client, ManualClock, session


@pytest.fixture(name="clock")
def _clock() -> ManualClock:
    """Time that passes when a test says so."""
    return ManualClock()


@pytest.fixture(name="client")
async def _client(clock: ManualClock) -> AsyncIterator[Client]:
    """A client of a world that knows what is in `tests/answers`."""
    async with (
        FakeServices(AnswersOnDisk(ANSWERS), clock=clock) as fake_services,
        session() as opened,
    ):
        yield Client(fake_services, opened)


@pytest.fixture(name="fake_services")
def _fake_services(client: Client) -> FakeServices:
    """The world of the client."""
    return client.world
