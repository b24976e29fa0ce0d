"""Fixtures: clients of the services, and fake services that answer them."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from segued.clients.acoustid import AcoustId
from segued.clients.clock import Clock
from segued.clients.http import HttpSession, open_session
from segued.clients.musicbrainz import MusicBrainz
from segued.clients.service_client import ServiceClient
from segued.config.sections import ServicesSection
from tests.fake_services import AnswersOnDisk, FakeServices, ServiceName
from tests.fake_services.client import ANSWERS
from tests.limits import WAIT_SECONDS

LIMITS = ServicesSection(
    contact="tests@example.org",
    total_seconds=WAIT_SECONDS,
    answer_mib=0.25,
)


class FakeClock:
    """A clock that only advances by its own sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sleeps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Advance the time without waiting."""
        self.sleeps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        """The same as a segued Clock."""
        return Clock(lambda: self.now, self.sleep)


@pytest.fixture(name="fake_clock")
def _fake_clock() -> FakeClock:
    """Return a clock that only advances by its own sleeps."""
    return FakeClock()


@pytest.fixture(name="fake_services")
async def _fake_services(fake_clock: FakeClock) -> AsyncIterator[FakeServices]:
    """Run fake services with the answers in `tests/answers` and all rate limits."""
    async with FakeServices(
        AnswersOnDisk(ANSWERS), clock=lambda: fake_clock.now
    ) as fake_services:
        yield fake_services


@pytest.fixture(name="session")
async def _session() -> AsyncIterator[HttpSession]:
    """Open the HTTP session of the clients."""
    async with open_session(LIMITS, "1.2.3") as session:
        yield session


@pytest.fixture(name="make_client")
def _make_client(
    fake_services: FakeServices, session: HttpSession, fake_clock: FakeClock
) -> Callable[..., ServiceClient]:
    """Return a function that creates a client of a fake service."""

    def build_client(name: ServiceName, base_url: str | None = None) -> ServiceClient:
        acoustid = name == "acoustid"
        fake_url = (
            fake_services.acoustid_url if acoustid else fake_services.musicbrainz_url
        )
        return ServiceClient(
            name,
            base_url or fake_url,
            rate=LIMITS.acoustid_rate if acoustid else LIMITS.musicbrainz_rate,
            session=session,
            clock=fake_clock.clock,
            limits=LIMITS,
        )

    return build_client


@pytest.fixture(name="acoustid")
def _acoustid(make_client: Callable[..., ServiceClient]) -> AcoustId:
    """Return a client of AcoustID with a valid key."""
    return AcoustId(make_client("acoustid"), "test-key")


@pytest.fixture(name="musicbrainz")
def _musicbrainz(make_client: Callable[..., ServiceClient]) -> MusicBrainz:
    """Return a client of MusicBrainz."""
    return MusicBrainz(make_client("musicbrainz"))
