"""The life of a world: three services, each on a port of its own."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from tests.world import acousticbrainz, acoustid, musicbrainz
from tests.world.acousticbrainz import AcousticBrainz
from tests.world.acoustid import AcoustID
from tests.world.answers import Answers
from tests.world.desk import Desk
from tests.world.door import HOST, Door
from tests.world.faults import Fault
from tests.world.limits import Bucket, Limit, Window
from tests.world.musicbrainz import MusicBrainz
from tests.world.traffic import Request, ServiceName

__all__ = ["World"]

JITTER_SECONDS: Final = 0.05


class World:
    """AcoustID, MusicBrainz and AcousticBrainz, while the context lasts.

    Args:
        answers: What they know.
        port: The first of three port numbers in a row; 0 takes free ones.
        clock: Seconds from any moment on; every limit goes by it.
        limits: Whether there are any.
        jitter_seconds: How much too early, on that clock, a request may come.

    Attributes:
        acoustid: The service, with what it accepts.
        requests: Every request, in the order they came.
        keys_in_urls: Those with an API key in the address, where anybody on the
            way may log it. AcoustID answers them all the same.
    """

    def __init__(
        self,
        answers: Answers,
        *,
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
        limits: bool = True,
        jitter_seconds: float = JITTER_SECONDS,
    ) -> None:
        self.acoustid: Final = AcoustID(answers)
        self.requests: Final[list[Request]] = []
        self.keys_in_urls: Final[list[Request]] = []
        self._first_port = port
        self._doors: dict[ServiceName, Door] = {}
        self._desks: dict[ServiceName, Desk] = {
            service.name: Desk(
                service,
                limit=_limit(service.name, clock, jitter_seconds) if limits else None,
                clock=clock,
                requests=self.requests,
                keys_in_urls=self.keys_in_urls,
            )
            for service in (
                self.acoustid,
                MusicBrainz(answers),
                AcousticBrainz(answers),
            )
        }

    @property
    def acoustid_url(self) -> str:
        """AcoustID's base URL, without a slash at its end."""
        return self._url("acoustid")

    @property
    def musicbrainz_url(self) -> str:
        """MusicBrainz's base URL, without a slash at its end."""
        return self._url("musicbrainz")

    @property
    def acousticbrainz_url(self) -> str:
        """AcousticBrainz's base URL, without a slash at its end."""
        return self._url("acousticbrainz")

    @property
    def keys(self) -> set[str]:
        """The API keys that AcoustID takes; change them as you like."""
        return self.acoustid.keys

    @property
    def refused_fingerprints(self) -> set[str]:
        """The fingerprints that AcoustID says it cannot decode."""
        return self.acoustid.refused_fingerprints

    @property
    def refusals(self) -> list[Request]:
        """The requests that came too soon. None of a well-behaved client does."""
        return [request for request in self.requests if request.limited]

    def asked(self, service: ServiceName) -> list[Request]:
        """Return the requests that one service got."""
        return [request for request in self.requests if request.service == service]

    def fail(self, service: ServiceName, fault: Fault, times: int | None = 1) -> None:
        """Let a fault happen to the next requests, after the faults planned so far.

        Args:
            service: Where.
            fault: What.
            times: How often; None is until `heal`.
        """
        self._desks[service].script.plan(fault, times)

    def heal(self, service: ServiceName) -> None:
        """Let nothing go wrong with a service any more."""
        self._desks[service].script.clear()

    async def off(self, service: ServiceName | None = None) -> None:
        """Let a service, or all, refuse connections; those there are break."""
        for door in self._those(service):
            await door.shut()

    async def on(self, service: ServiceName | None = None) -> None:
        """Let a service, or all, listen again, at the same URL."""
        for door in self._those(service):
            await door.open()

    async def __aenter__(self) -> Self:
        for number, (name, desk) in enumerate(self._desks.items()):
            port = self._first_port + number if self._first_port else 0
            self._doors[name] = Door(desk, port)
        await self.on()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.off()
        for door in self._doors.values():
            door.give_up()

    def _those(self, service: ServiceName | None) -> list[Door]:
        return list(self._doors.values()) if service is None else [self._doors[service]]

    def _url(self, service: ServiceName) -> str:
        return f"http://{HOST}:{self._doors[service].port}/{service}"


def _limit(
    service: ServiceName, clock: Callable[[], float], jitter_seconds: float
) -> Limit:
    """Return what a service lets through."""
    match service:
        case "acoustid":
            each = acoustid.PER_SECOND
            return Limit(
                lambda: Window(each, 1.0), clock=clock, jitter_seconds=jitter_seconds
            )
        case "musicbrainz":
            return Limit(
                lambda: Bucket(musicbrainz.BURST, musicbrainz.PER_SECOND),
                [Window(musicbrainz.ALL_MAX, musicbrainz.ALL_SECONDS)],
                clock=clock,
                jitter_seconds=jitter_seconds,
            )
        case "acousticbrainz":
            count, seconds = (
                acousticbrainz.REQUESTS_MAX,
                acousticbrainz.REQUESTS_SECONDS,
            )
            return Limit(
                lambda: Window(count, seconds),
                clock=clock,
                jitter_seconds=jitter_seconds,
            )
