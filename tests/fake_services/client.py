"""A client of all three services, for the tests of the fake services."""

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from tests.fake_services import FakeServices
from tests.limits import WAIT_SECONDS

ANSWERS: Final = Path(__file__).parent.parent / "answers"
USER_AGENT: Final = "segued-tests/1.0 (tests@example.org)"

FINGERPRINT: Final = "AQAAE0mUaEkSZQryo8eP-viP_viP"
"""The fingerprint whose results are in `tests/answers`."""

UNKNOWN_FINGERPRINT: Final = "AQAAFWmiSIkSJYmSHPhx_Dj-4Mdx"
WITHOUT_CONTENT: Final = "AQAAAA"

LOW_TIDE: Final = "c0000000-0000-4000-8000-000000000001"
LANTERNS: Final = "c0000000-0000-4000-8000-000000000002"
NOT_THERE: Final = "c0000000-0000-4000-8000-00000000ffff"
CD: Final = "e0000000-0000-4000-8000-000000000001"
VINYL: Final = "e0000000-0000-4000-8000-000000000002"
GROUP: Final = "60000000-0000-4000-8000-000000000001"

EVERYTHING: Final = "recordings artist-credits release-groups isrcs work-rels"
META: Final = "recordings releasegroups sources compress"

RELEASE_PATH: Final = f"/ws/2/release/{CD}?fmt=json&inc={EVERYTHING}"


class ManualClock:
    """A clock that only the test advances."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class ClientResponse:
    """Status, headers and body of a response."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body, parsed as JSON."""
        return json.loads(self.body)


class Client:
    """A client of all three services."""

    def __init__(
        self, fake_services: FakeServices, session: aiohttp.ClientSession
    ) -> None:
        self.fake_services = fake_services
        self.session = session

    async def get(self, url: str, **headers: str) -> ClientResponse:
        """Send a GET request; do not follow redirects."""
        async with self.session.get(
            url, headers=headers, allow_redirects=False
        ) as response:
            return ClientResponse(response, await response.read())

    async def release(self) -> ClientResponse:
        """Look up the release that is in `tests/answers`."""
        return await self.get(self.fake_services.musicbrainz_url + RELEASE_PATH)

    async def musicbrainz(self, path: str, **query: str) -> ClientResponse:
        """Send MusicBrainz a request for JSON."""
        text = urlencode({"fmt": "json", **query})
        return await self.get(
            f"{self.fake_services.musicbrainz_url}/ws/2/{path}?{text}"
        )

    async def high_level(self, *ids: str) -> ClientResponse:
        """Request the high-level documents of recordings."""
        url = f"{self.fake_services.acousticbrainz_url}/api/v1/high-level"
        return await self.get(f"{url}?recording_ids={';'.join(ids)}")

    async def lookup(self, **form: str) -> ClientResponse:
        """Send AcoustID a lookup, with a valid key unless another is given."""
        values = {"client": "test-key", "format": "json", "meta": META, **form}
        url = f"{self.fake_services.acoustid_url}/v2/lookup"
        async with self.session.post(url, data=values) as response:
            return ClientResponse(response, await response.read())

    async def batch(self, **fingerprints: str) -> ClientResponse:
        """Send AcoustID a batch: `_7="..."` is `fingerprint.7`."""
        form = {"batch": "1"}
        for name, fingerprint in fingerprints.items():
            form[f"fingerprint.{name.strip('_')}"] = fingerprint
            form[f"duration.{name.strip('_')}"] = "201"
        return await self.lookup(**form)


def session(address: str = "127.0.0.1") -> aiohttp.ClientSession:
    """Return an HTTP session from a local address, with a valid User-Agent."""
    return aiohttp.ClientSession(
        headers={"User-Agent": USER_AGENT},
        connector=aiohttp.TCPConnector(local_addr=(address, 0)),
        timeout=aiohttp.ClientTimeout(total=WAIT_SECONDS),
    )
