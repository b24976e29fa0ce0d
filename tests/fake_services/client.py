"""A client of all three services, for the tests of the world."""

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from tests.fake_services import FakeServices

ANSWERS: Final = Path(__file__).parent.parent / "answers"
USER_AGENT: Final = "segued-tests/1.0 (tests@example.org)"

FINGERPRINT: Final = "AQAAE0mUaEkSZQryo8eP-viP_viP"
"""The one whose results are among the answers."""

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
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return what time it is."""
        return self.now


class ClientResponse:
    """What a client got."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body, as JSON."""
        return json.loads(self.body)


class Client:
    """A client of all three services."""

    def __init__(
        self, fake_services: FakeServices, session: aiohttp.ClientSession
    ) -> None:
        self.world = fake_services
        self.session = session

    async def get(self, url: str, **headers: str) -> ClientResponse:
        """Get what is at a URL, without following it elsewhere."""
        async with self.session.get(
            url, headers=headers, allow_redirects=False
        ) as response:
            return ClientResponse(response, await response.read())

    async def release(self) -> ClientResponse:
        """Look the release up that is known."""
        return await self.get(self.world.musicbrainz_url + RELEASE_PATH)

    async def musicbrainz(self, path: str, **query: str) -> ClientResponse:
        """Ask MusicBrainz, for JSON."""
        text = urlencode({"fmt": "json", **query})
        return await self.get(f"{self.world.musicbrainz_url}/ws/2/{path}?{text}")

    async def high_level(self, *ids: str) -> ClientResponse:
        """Ask AcousticBrainz how recordings sound."""
        url = f"{self.world.acousticbrainz_url}/api/v1/high-level"
        return await self.get(f"{url}?recording_ids={';'.join(ids)}")

    async def lookup(self, **form: str) -> ClientResponse:
        """Ask AcoustID, with a valid key unless another is given."""
        values = {"client": "test-key", "format": "json", "meta": META, **form}
        url = f"{self.world.acoustid_url}/v2/lookup"
        async with self.session.post(url, data=values) as response:
            return ClientResponse(response, await response.read())

    async def batch(self, **fingerprints: str) -> ClientResponse:
        """Ask AcoustID for several: `_7="..."` is `fingerprint.7`."""
        form = {"batch": "1"}
        for name, fingerprint in fingerprints.items():
            form[f"fingerprint.{name.strip('_')}"] = fingerprint
            form[f"duration.{name.strip('_')}"] = "201"
        return await self.lookup(**form)


def session(address: str = "127.0.0.1") -> aiohttp.ClientSession:
    """Return a session of a client at an address, who says who he is."""
    return aiohttp.ClientSession(
        headers={"User-Agent": USER_AGENT},
        connector=aiohttp.TCPConnector(local_addr=(address, 0)),
        timeout=aiohttp.ClientTimeout(total=20),
    )
