"""The life of a world: three services, each on a port of its own."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from tests.fake_services import acousticbrainz, acoustid, musicbrainz
from tests.fake_services.acousticbrainz import AcousticBrainz
from tests.fake_services.acoustid import AcoustID
from tests.fake_services.answers import Answers
from tests.fake_services.messages import RecordedRequest, ServiceName
from tests.fake_services.musicbrainz import MusicBrainz
from tests.fake_services.rate_limits import RateLimit, SlidingWindow, TokenBucket
from tests.fake_services.response_faults import Fault
from tests.fake_services.service_app import ServiceApp
from tests.fake_services.service_port import HOST, ServicePort

__all__ = ["FakeServices"]

JITTER_SECONDS: Final = 0.05


class FakeServices:
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
        self.requests: Final[list[RecordedRequest]] = []
        self.keys_in_urls: Final[list[RecordedRequest]] = []
        self._first_port = port
        self._ports: dict[ServiceName, ServicePort] = {}
        self._apps: dict[ServiceName, ServiceApp] = {
            service.name: ServiceApp(
                service,
                limit=_rate_limit_of(service.name, clock, jitter_seconds)
                if limits
                else None,
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
    def rate_limited_requests(self) -> list[RecordedRequest]:
        """The requests that came too soon. None of a well-behaved client does."""
        return [request for request in self.requests if request.rate_limited]

    def requests_to(self, service: ServiceName) -> list[RecordedRequest]:
        """Return the requests that one service got."""
        return [request for request in self.requests if request.service == service]

    def add_fault(
        self, service: ServiceName, fault: Fault, times: int | None = 1
    ) -> None:
        """Let a fault happen to the next requests, after the faults planned so far.

        Args:
            service: Where.
            fault: What.
            times: How often; None is until `clear_faults`.
        """
        self._apps[service].faults.add(fault, times)

    def clear_faults(self, service: ServiceName) -> None:
        """Let nothing go wrong with a service any more."""
        self._apps[service].faults.clear()

    async def stop(self, service: ServiceName | None = None) -> None:
        """Let a service, or all, refuse connections; those there are break."""
        for door in self._ports_of(service):
            await door.close()

    async def start(self, service: ServiceName | None = None) -> None:
        """Let a service, or all, listen again, at the same URL."""
        for door in self._ports_of(service):
            await door.open()

    async def __aenter__(self) -> Self:
        for number, (name, desk) in enumerate(self._apps.items()):
            port = self._first_port + number if self._first_port else 0
            self._ports[name] = ServicePort(desk, port)
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        for door in self._ports.values():
            door.release()

    def _ports_of(self, service: ServiceName | None) -> list[ServicePort]:
        return list(self._ports.values()) if service is None else [self._ports[service]]

    def _url(self, service: ServiceName) -> str:
        return f"http://{HOST}:{self._ports[service].port}/{service}"


def _rate_limit_of(
    service: ServiceName, clock: Callable[[], float], jitter_seconds: float
) -> RateLimit:
    """Return what a service lets through."""
    match service:
        case "acoustid":
            each = acoustid.PER_SECOND
            return RateLimit(
                lambda: SlidingWindow(each, 1.0),
                clock=clock,
                jitter_seconds=jitter_seconds,
            )
        case "musicbrainz":
            return RateLimit(
                lambda: TokenBucket(musicbrainz.BURST, musicbrainz.PER_SECOND),
                [SlidingWindow(musicbrainz.ALL_MAX, musicbrainz.ALL_SECONDS)],
                clock=clock,
                jitter_seconds=jitter_seconds,
            )
        case "acousticbrainz":
            count, seconds = (
                acousticbrainz.REQUESTS_MAX,
                acousticbrainz.REQUESTS_SECONDS,
            )
            return RateLimit(
                lambda: SlidingWindow(count, seconds),
                clock=clock,
                jitter_seconds=jitter_seconds,
            )
