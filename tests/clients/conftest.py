"""The services as segued asks them, and a world that answers."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from segued.clients.acoustid import AcoustId
from segued.clients.http import Session, open_session
from segued.clients.musicbrainz import MusicBrainz
from segued.clients.rate_limit import Clock
from segued.clients.service_client import Service
from segued.config.sections import Services
from tests.world import OnDisk, ServiceName, World
from tests.world.client import ANSWERS

LIMITS = Services(
    contact="tests@example.org",
    connect_seconds=1.0,
    total_seconds=0.5,
    answer_mib=0.25,
)


class Hours:
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


@pytest.fixture(name="hours")
def _hours() -> Hours:
    """Time that passes when somebody sleeps."""
    return Hours()


@pytest.fixture(name="world")
async def _world(hours: Hours) -> AsyncIterator[World]:
    """A world that knows what is in `tests/answers`, with all its limits."""
    async with World(OnDisk(ANSWERS), clock=lambda: hours.now) as world:
        yield world


@pytest.fixture(name="session")
async def _session() -> AsyncIterator[Session]:
    """What all services are asked through."""
    async with open_session(LIMITS, "1.2.3") as session:
        yield session


@pytest.fixture(name="service")
def _service(world: World, session: Session, hours: Hours) -> Callable[..., Service]:
    """Makes a service of the world's."""

    def made(name: ServiceName, base_url: str | None = None) -> Service:
        acoustid = name == "acoustid"
        there = world.acoustid_url if acoustid else world.musicbrainz_url
        return Service(
            name,
            base_url or there,
            rate=LIMITS.acoustid_rate if acoustid else LIMITS.musicbrainz_rate,
            session=session,
            clock=hours.clock,
            limits=LIMITS,
        )

    return made


@pytest.fixture(name="acoustid")
def _acoustid(service: Callable[..., Service]) -> AcoustId:
    """AcoustID, asked with a key that it takes."""
    return AcoustId(service("acoustid"), "test-key")


@pytest.fixture(name="musicbrainz")
def _musicbrainz(service: Callable[..., Service]) -> MusicBrainz:
    """MusicBrainz."""
    return MusicBrainz(service("musicbrainz"))
