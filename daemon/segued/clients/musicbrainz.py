"""MusicBrainz: requests for recordings and releases, and searches.

`segued.clients.musicbrainz_parse` parses the answers.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import msgspec

from segued.clients.musicbrainz_parse import (
    parse_editions,
    parse_recording,
    parse_releases,
    parse_search,
)
from segued.clients.schema import (
    Mbid,
    ResponseModel,
    decode_response,
    validate_mbid,
)
from segued.clients.service_client import ResponseCheck, ServiceClient
from segued.errors import ServiceAnswerError
from segued.matching.evidence import Edition, Recording

__all__ = [
    "NOT_IN_SEARCH",
    "RECORDINGS_MAX",
    "MusicBrainz",
    "parse_recording",
    "parse_releases",
    "parse_search",
]

NAME: Final = "musicbrainz"

NOT_IN_SEARCH: Final = b"null"
"""Stored as the answer of a search by id that does not find the recording."""

RECORDINGS_MAX: Final = 100
"""The size of one page of search results."""

SEARCH_RESULTS_MAX: Final = 10
EDITIONS_MAX: Final = 25

RELEASE_INC: Final = (
    "recordings artist-credits isrcs release-groups "
    "recording-level-rels work-rels work-level-rels"
)
RECORDING_INC: Final = "artist-credits isrcs work-rels"
GROUP_INC: Final = "recordings artist-credits isrcs media release-groups"


class _Page(ResponseModel, frozen=True):
    recordings: list[msgspec.Raw]


class _Identified(ResponseModel, frozen=True):
    id: Mbid


class MusicBrainz:
    """Client of MusicBrainz; every answer is checked and returned unparsed."""

    def __init__(self, service: ServiceClient) -> None:
        self.service: Final = service

    async def release(self, mbid: str) -> bytes | None:
        """Request a release with all its recordings; None if it does not exist.

        Of a merged release, the one is returned that it is merged into, with its id.

        Raises:
            ValueError: `mbid` is not a MusicBrainz id.
            ServiceError: Any kind except ServiceAuthError.
        """
        path = f"release/{validate_mbid(mbid)}"
        return await self._get(path, {"inc": RELEASE_INC}, parse_releases)

    async def release_group(self, mbid: str) -> bytes:
        """Request the releases of a release group, at most the first 100.

        Raises:
            ValueError: `mbid` is not a MusicBrainz id.
            ServiceError: Any kind except ServiceAuthError.
        """
        params = {"release-group": validate_mbid(mbid), "inc": GROUP_INC}
        answer = await self._get("release", {**params, "limit": "100"}, parse_releases)
        return b'{"releases":[]}' if answer is None else answer

    async def recordings(
        self, mbids: Iterable[str]
    ) -> dict[str, bytes | ServiceAnswerError]:
        """Request up to `RECORDINGS_MAX` recordings at once.

        Returns:
            The unparsed recordings that exist, by lower-case id; an error for each
            whose description cannot be used.

        Raises:
            ValueError: An id is not a MusicBrainz id, or there are too many.
            ServiceError: Any kind except ServiceAuthError.
        """
        requested = list(dict.fromkeys(validate_mbid(each) for each in mbids))
        if len(requested) > RECORDINGS_MAX:
            raise ValueError(f"at most {RECORDINGS_MAX} at once: {len(requested)}")
        if not requested:
            return {}
        found: dict[str, bytes | ServiceAnswerError] = {}

        def check(body: bytes) -> None:
            for raw in decode_response(self.service.name, body, _Page).recordings:
                mbid, outcome = _check_recording(bytes(raw))
                if mbid in requested:
                    found[mbid] = outcome

        query = f"rid:({' OR '.join(requested)})"
        limit = str(RECORDINGS_MAX)
        await self._get("recording", {"query": query, "limit": limit}, check)
        return found

    async def recording(self, mbid: str) -> bytes | None:
        """Request one recording by its id; None if it does not exist.

        Of a merged recording, the one is returned that it is merged into, with its id.
        A search by id (`recordings`) finds only current ids.

        Raises:
            ValueError: `mbid` is not a MusicBrainz id.
            ServiceError: Any kind except ServiceAuthError.
        """
        path = f"recording/{validate_mbid(mbid)}"
        return await self._get(path, {"inc": RECORDING_INC}, parse_recording)

    async def search(self, artist: str, album: str, tracks: int | None) -> bytes:
        """Search for releases by artist and title, either of which may be empty.

        Args:
            artist: Artist as printed on the release.
            album: Title as printed on the release.
            tracks: Number of tracks on all discs; None if unknown.

        Raises:
            ValueError: Both are empty.
            ServiceError: Any kind except ServiceAuthError.
        """
        query = _lucene_query({"release": album, "artist": artist})
        if tracks is not None:
            query += f" AND tracks:{tracks:d}"
        params = {"query": query, "limit": str(SEARCH_RESULTS_MAX)}
        answer = await self._get("release", params, parse_search)
        return b'{"releases":[]}' if answer is None else answer

    async def search_recordings(self, artist: str, title: str) -> tuple[Recording, ...]:
        """Search for recordings by artist and title, either of which may be empty.

        Returns:
            At most `SEARCH_RESULTS_MAX`, the best first.

        Raises:
            ValueError: Both are empty.
            ServiceError: Any kind except ServiceAuthError.
        """
        query = _lucene_query({"recording": title, "artist": artist})
        params = {"query": query, "limit": str(SEARCH_RESULTS_MAX)}
        found: list[Recording] = []

        def check(body: bytes) -> None:
            for raw in decode_response(self.service.name, body, _Page).recordings:
                with suppress(ServiceAnswerError):
                    found.append(parse_recording(bytes(raw)))

        await self._get("recording", params, check)
        return tuple(found)

    async def search_editions(self, artist: str, title: str) -> tuple[Edition, ...]:
        """Search for releases to choose from; either text may be empty.

        Returns:
            At most `EDITIONS_MAX`, the best first.

        Raises:
            ValueError: Both are empty.
            ServiceError: Any kind except ServiceAuthError.
        """
        query = _lucene_query({"release": title, "artist": artist})
        params = {"query": query, "limit": str(EDITIONS_MAX)}
        answer = await self._get("release", params, parse_editions)
        return () if answer is None else parse_editions(answer)

    async def _get(
        self, path: str, params: Mapping[str, str], check: ResponseCheck
    ) -> bytes | None:
        return await self.service.get(f"/ws/2/{path}", {**params, "fmt": "json"}, check)


def _check_recording(raw: bytes) -> tuple[str, bytes | ServiceAnswerError]:
    """Return the id of a recording, empty if it has none, and whether it is usable."""
    try:
        return parse_recording(raw).mbid, raw
    except ServiceAnswerError as error:
        try:
            return decode_response(NAME, raw, _Identified).id.lower(), error
        except ServiceAnswerError:
            return "", error


def _lucene_query(fields: Mapping[str, str]) -> str:
    """Return a query for texts in fields; empty ones are left out.

    Raises:
        ValueError: All are empty.
    """
    quoted = {field: _lucene_quoted(text) for field, text in fields.items()}
    terms = [f"{field}:{text}" for field, text in quoted.items() if text]
    if not terms:
        raise ValueError(f"{' and '.join(fields)} are empty")
    return " AND ".join(terms)


def _lucene_quoted(text: str) -> str:
    """Return a text as a quoted Lucene phrase; empty if it has no words.

    Within quotes, Lucene treats only the quote and the backslash specially.
    """
    printable = "".join(c if c.isprintable() else " " for c in text)
    words = " ".join(printable.split())
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if escaped else ""
