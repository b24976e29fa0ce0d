"""Fake services and a client of them."""

from collections.abc import AsyncIterator

import pytest

from tests.fake_services import AnswersOnDisk, FakeServices
from tests.fake_services.client import ANSWERS, Client, ManualClock, session


@pytest.fixture(name="clock")
def _clock() -> ManualClock:
    """A clock that only the test advances."""
    return ManualClock()


@pytest.fixture(name="client")
async def _client(clock: ManualClock) -> AsyncIterator[Client]:
    """A client of fake services that have the documents in `tests/answers`."""
    async with (
        FakeServices(AnswersOnDisk(ANSWERS), clock=clock) as fake_services,
        session() as http_session,
    ):
        yield Client(fake_services, http_session)


@pytest.fixture(name="fake_services")
def _fake_services(client: Client) -> FakeServices:
    """The services of the client."""
    return client.fake_services
