"""All three fake services, each on a port of its own."""

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
    """AcoustID, MusicBrainz and AcousticBrainz; they run while the context lasts.

    Args:
        answers: Their documents.
        port: The first of three consecutive port numbers; 0 takes free ones.
        clock: Returns seconds from any fixed moment; the clock of all rate limits.
        limits: Whether rate limits apply.
        jitter_seconds: How much too early, on that clock, a request may come.

    Attributes:
        acoustid: The AcoustID service, with its valid keys.
        requests: All requests, in order of arrival.
        keys_in_urls: Requests with an API key in the URL, which proxies may log.
            AcoustID answers them nevertheless.
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
        """AcoustID's base URL, without a trailing slash."""
        return self._url("acoustid")

    @property
    def musicbrainz_url(self) -> str:
        """MusicBrainz's base URL, without a trailing slash."""
        return self._url("musicbrainz")

    @property
    def acousticbrainz_url(self) -> str:
        """AcousticBrainz's base URL, without a trailing slash."""
        return self._url("acousticbrainz")

    @property
    def keys(self) -> set[str]:
        """The API keys that AcoustID accepts; the set may be changed."""
        return self.acoustid.keys

    @property
    def refused_fingerprints(self) -> set[str]:
        """The fingerprints that AcoustID reports as invalid; the set may be changed."""
        return self.acoustid.refused_fingerprints

    @property
    def rate_limited_requests(self) -> list[RecordedRequest]:
        """The requests that were refused for their rate."""
        return [request for request in self.requests if request.rate_limited]

    def requests_to(self, service: ServiceName) -> list[RecordedRequest]:
        """Return the requests to one service."""
        return [request for request in self.requests if request.service == service]

    def add_fault(
        self, service: ServiceName, fault: Fault, times: int | None = 1
    ) -> None:
        """Apply a fault to the next requests, after the faults added before.

        Args:
            service: The service.
            fault: The fault.
            times: For how many requests; None is until `clear_faults`.
        """
        self._apps[service].faults.add(fault, times)

    def clear_faults(self, service: ServiceName) -> None:
        """Remove all faults of a service."""
        self._apps[service].faults.clear()

    async def stop(self, service: ServiceName | None = None) -> None:
        """Make a service, or all, refuse connections; open ones are closed."""
        for port in self._ports_of(service):
            await port.close()

    async def start(self, service: ServiceName | None = None) -> None:
        """Make a service, or all, listen again, at the same URL."""
        for port in self._ports_of(service):
            await port.open()

    async def __aenter__(self) -> Self:
        for number, (name, app) in enumerate(self._apps.items()):
            port_number = self._first_port + number if self._first_port else 0
            self._ports[name] = ServicePort(app, port_number)
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        for port in self._ports.values():
            port.release()

    def _ports_of(self, service: ServiceName | None) -> list[ServicePort]:
        return list(self._ports.values()) if service is None else [self._ports[service]]

    def _url(self, service: ServiceName) -> str:
        return f"http://{HOST}:{self._ports[service].port}/{service}"


def _rate_limit_of(
    service: ServiceName, clock: Callable[[], float], jitter_seconds: float
) -> RateLimit:
    """Return the rate limits of a real service."""
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
