"""MusicBrainz: what recordings and releases are, as it is asked.

How its answers are read is in `segued.clients.musicbrainz_parse`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from segued.clients.musicbrainz_parse import (
    parse_recording,
    parse_releases,
    parse_search,
)
from segued.clients.schema import ResponseModel, decode_response, validate_mbid
from segued.clients.service_client import ResponseCheck, ServiceClient

__all__ = [
    "RECORDINGS_MAX",
    "MusicBrainz",
    "parse_recording",
    "parse_releases",
    "parse_search",
]

RECORDINGS_MAX: Final = 100
"""A page of a search holds no more."""

SEARCH_RESULTS_MAX: Final = 10

RELEASE_INC: Final = (
    "recordings artist-credits isrcs release-groups "
    "recording-level-rels work-rels work-level-rels"
)
GROUP_INC: Final = "recordings artist-credits isrcs media release-groups"


class _Page(ResponseModel, frozen=True):
    recordings: list[msgspec.Raw]


class MusicBrainz:
    """The service. Every answer is checked, and returned as it came."""

    def __init__(self, service: ServiceClient) -> None:
        self.service: Final = service

    async def release(self, mbid: str) -> bytes | None:
        """Ask for a release with all its recordings; None if there is none.

        Raises:
            ValueError: That is no MusicBrainz id.
            ServiceError: Any of them, but for its key.
        """
        path = f"release/{validate_mbid(mbid)}"
        return await self._get(path, {"inc": RELEASE_INC}, parse_releases)

    async def release_group(self, mbid: str) -> bytes:
        """Ask for the editions of an album: as many as are on one page.

        Raises:
            ValueError: That is no MusicBrainz id.
            ServiceError: Any of them, but for its key.
        """
        params = {"release-group": validate_mbid(mbid), "inc": GROUP_INC}
        answer = await self._get("release", {**params, "limit": "100"}, parse_releases)
        return b'{"releases":[]}' if answer is None else answer

    async def recordings(self, mbids: Iterable[str]) -> dict[str, bytes]:
        """Ask for up to `RECORDINGS_MAX` recordings at once.

        Returns:
            Each that it has, by its id in small letters.

        Raises:
            ValueError: One is no MusicBrainz id, or they are too many.
            ServiceError: Any of them, but for its key.
        """
        wanted = list(dict.fromkeys(validate_mbid(each) for each in mbids))
        if len(wanted) > RECORDINGS_MAX:
            raise ValueError(f"at most {RECORDINGS_MAX} at once: {len(wanted)}")
        if not wanted:
            return {}
        found: dict[str, bytes] = {}

        def check(body: bytes) -> None:
            for raw in decode_response(self.service.name, body, _Page).recordings:
                mbid = parse_recording(bytes(raw)).mbid
                if mbid in wanted:
                    found[mbid] = bytes(raw)

        query = f"rid:({' OR '.join(wanted)})"
        limit = str(RECORDINGS_MAX)
        await self._get("recording", {"query": query, "limit": limit}, check)
        return found

    async def search(self, artist: str, album: str, tracks: int | None) -> bytes:
        """Search for releases by artist and title, either of which may be empty.

        Args:
            artist: As printed.
            album: As printed.
            tracks: How many there are on all discs, if that is known.

        Raises:
            ValueError: Both are empty.
            ServiceError: Any of them, but for its key.
        """
        fields = {"release": _lucene_quoted(album), "artist": _lucene_quoted(artist)}
        terms = [f"{field}:{text}" for field, text in fields.items() if text]
        if not terms:
            raise ValueError("a search is for something")
        if tracks is not None:
            terms.append(f"tracks:{tracks:d}")
        params = {"query": " AND ".join(terms), "limit": str(SEARCH_RESULTS_MAX)}
        answer = await self._get("release", params, parse_search)
        return b'{"releases":[]}' if answer is None else answer

    async def _get(
        self, path: str, params: Mapping[str, str], check: ResponseCheck
    ) -> bytes | None:
        return await self.service.get(f"/ws/2/{path}", {**params, "fmt": "json"}, check)


def _lucene_quoted(text: str) -> str:
    """Return a text as Lucene takes it, quoted; nothing if there is nothing.

    In quotes, only the quote and the backslash have a meaning.
    """
    printable = "".join(c if c.isprintable() else " " for c in text)
    words = " ".join(printable.split())
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if escaped else ""
