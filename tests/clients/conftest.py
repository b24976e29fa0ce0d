"""The services as segued asks them, and a world that answers."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from segued.clients.acoustid import AcoustId
from segued.clients.http import HttpSession, open_session
from segued.clients.musicbrainz import MusicBrainz
from segued.clients.service_client import ServiceClient
from segued.clock import Clock
from segued.config.sections import ServicesSection
from tests.fake_services import AnswersOnDisk, FakeServices, ServiceName
from tests.fake_services.client import ANSWERS

LIMITS = ServicesSection(
    contact="tests@example.org",
    connect_seconds=1.0,
    total_seconds=0.5,
    answer_mib=0.25,
)


class FakeClock:
    """Time that passes when somebody sleeps, and only then."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sleeps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.sleeps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        """The same, as segued takes it."""
        return Clock(lambda: self.now, self.sleep)


@pytest.fixture(name="fake_clock")
def _fake_clock() -> FakeClock:
    """Time that passes when somebody sleeps."""
    return FakeClock()


@pytest.fixture(name="fake_services")
async def _fake_services(fake_clock: FakeClock) -> AsyncIterator[FakeServices]:
    """A world that knows what is in `tests/answers`, with all its limits."""
    async with FakeServices(
        AnswersOnDisk(ANSWERS), clock=lambda: fake_clock.now
    ) as fake_services:
        yield fake_services


@pytest.fixture(name="session")
async def _session() -> AsyncIterator[HttpSession]:
    """What all services are asked through."""
    async with open_session(LIMITS, "1.2.3") as session:
        yield session


@pytest.fixture(name="make_client")
def _make_client(
    fake_services: FakeServices, session: HttpSession, fake_clock: FakeClock
) -> Callable[..., ServiceClient]:
    """Makes a service of the world's."""

    def build_client(name: ServiceName, base_url: str | None = None) -> ServiceClient:
        acoustid = name == "acoustid"
        there = (
            fake_services.acoustid_url if acoustid else fake_services.musicbrainz_url
        )
        return ServiceClient(
            name,
            base_url or there,
            rate=LIMITS.acoustid_rate if acoustid else LIMITS.musicbrainz_rate,
            session=session,
            clock=fake_clock.clock,
            limits=LIMITS,
        )

    return build_client


@pytest.fixture(name="acoustid")
def _acoustid(make_client: Callable[..., ServiceClient]) -> AcoustId:
    """AcoustID, asked with a key that it takes."""
    return AcoustId(make_client("acoustid"), "test-key")


@pytest.fixture(name="musicbrainz")
def _musicbrainz(make_client: Callable[..., ServiceClient]) -> MusicBrainz:
    """MusicBrainz."""
    return MusicBrainz(make_client("musicbrainz"))
