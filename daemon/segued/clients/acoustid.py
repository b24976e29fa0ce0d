"""AcoustID: the recordings that a fingerprint may be of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

import msgspec

from segued.clients.http import Response
from segued.clients.schema import Mbid, ResponseModel, decode_response
from segued.clients.service_client import ServiceClient
from segued.errors import (
    ServiceAnswerError,
    ServiceAuthError,
    ServiceBusyError,
    ServiceRefusedError,
    ServiceUnavailableError,
)
from segued.matching.evidence import Candidate
from segued.units import Seconds

__all__ = ["QUERIES_MAX", "AcoustId", "FingerprintQuery", "parse_candidates"]

NAME: Final = "acoustid"

QUERIES_MAX: Final = 20
"""The service rejects requests with more fingerprints than this."""

META: Final = "recordings releasegroups sources compress"

TOO_LARGE_STATUS: Final = 413

INVALID_QUERY_CODES: Final = frozenset({2, 3, 8})
"""A parameter is missing, or the fingerprint or the duration is invalid."""
INVALID_KEY_CODES: Final = frozenset({4, 17})
INTERNAL_ERROR_CODE: Final = 5
BUSY_CODES: Final = frozenset({13, 14})


@dataclass(frozen=True, slots=True)
class FingerprintQuery:
    """A fingerprint in its compressed text form, and the duration it covers."""

    fingerprint: str
    seconds: int


class _Error(ResponseModel, frozen=True):
    code: int
    message: str = ""


class _Fingerprint(ResponseModel, frozen=True):
    index: int | str
    results: msgspec.Raw


class _Lookup(ResponseModel, frozen=True):
    status: str
    fingerprints: tuple[_Fingerprint, ...] = ()
    error: _Error | None = None


class _Artist(ResponseModel, frozen=True):
    name: str
    joinphrase: str | None = None


class _Group(ResponseModel, frozen=True):
    id: Mbid


class _Recording(ResponseModel, frozen=True):
    id: Mbid
    title: str | None = None
    duration: float | None = None
    sources: int = 1
    artists: tuple[_Artist, ...] = ()
    releasegroups: tuple[_Group, ...] = ()


class _Result(ResponseModel, frozen=True):
    score: float
    recordings: tuple[_Recording, ...] = ()


class _SplitError(Exception):
    """The request is rejected as a whole; smaller parts of it may succeed."""


class AcoustId:
    """Client of AcoustID with one API key.

    A key that the service has rejected is not sent again.
    """

    def __init__(self, service: ServiceClient, key: str | None) -> None:
        self.service: Final = service
        self._key = key
        self._key_problem = "" if key else "needs an API key"

    async def lookup(self, queries: Sequence[FingerprintQuery]) -> list[bytes | None]:
        """Look up a batch of at most `QUERIES_MAX` fingerprints.

        Returns:
            For each query its checked, unparsed list of results, for
            `parse_candidates`: empty when nothing is known. None for a query that
            the service rejects, and would reject again.

        Raises:
            ServiceError: Any kind; ServiceAuthError also when there is no key.
        """
        if len(queries) > QUERIES_MAX:
            raise ValueError(f"at most {QUERIES_MAX} at once: {len(queries)}")
        if not queries:
            return []
        try:
            found = await self._look_up_batch(queries)
        except _SplitError:
            if len(queries) == 1:
                return [None]
            half = len(queries) // 2
            return [
                *await self.lookup(queries[:half]),
                *await self.lookup(queries[half:]),
            ]
        # The service leaves invalid queries out of a batch's answer, and reports the
        # reason only when such a query is sent alone.
        return [
            found[index] if index in found else (await self.lookup([query]))[0]
            for index, query in enumerate(queries)
        ]

    async def _look_up_batch(
        self, queries: Sequence[FingerprintQuery]
    ) -> dict[int, bytes]:
        """Send one request; return the raw results by index of the query."""
        if self._key is None or self._key_problem:
            raise ServiceAuthError(self.service.name, self._key_problem)
        form = {"client": self._key, "format": "json", "batch": "1", "meta": META}
        for index, query in enumerate(queries):
            form[f"fingerprint.{index}"] = query.fingerprint
            form[f"duration.{index}"] = str(query.seconds)

        found: dict[int, bytes] = {}

        def check(body: bytes) -> None:
            found.update(self._parse_batch(body, len(queries)))

        response = await self.service.post("/v2/lookup", form, check)
        if not response.is_success:
            self._raise_for_refusal(response)
        return found

    def _parse_batch(self, body: bytes, count: int) -> dict[int, bytes]:
        name = self.service.name
        lookup = decode_response(name, body, _Lookup)
        if lookup.error is not None:
            self._raise_for_code(lookup.error.code)
        found: dict[int, bytes] = {}
        for each in lookup.fingerprints:
            index = _parse_index(each.index)
            if index not in range(count) or index in found:
                raise ServiceAnswerError(name, "answer has an unexpected index")
            decode_response(name, each.results, list[_Result])
            found[index] = bytes(each.results)
        if lookup.status != "ok" or not found:
            raise ServiceAnswerError(name, "answer has no results")
        return found

    def _raise_for_refusal(self, response: Response) -> NoReturn:
        if response.status == TOO_LARGE_STATUS:
            raise _SplitError
        try:
            lookup = msgspec.json.decode(response.body, type=_Lookup)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            lookup = None
        if lookup is not None and lookup.error is not None:
            self._raise_for_code(lookup.error.code)
        detail = f"rejects the request: HTTP {response.status}"
        raise ServiceRefusedError(self.service.name, detail)

    def _raise_for_code(self, code: int) -> NoReturn:
        """Raise the exception for AcoustID's error `code`."""
        name = self.service.name
        if code in INVALID_QUERY_CODES:
            raise _SplitError
        if code in INVALID_KEY_CODES:
            self._key_problem = "rejects the API key"
            raise ServiceAuthError(name, self._key_problem)
        if code in BUSY_CODES:
            raise ServiceBusyError(name, "reports too many requests")
        if code == INTERNAL_ERROR_CODE:
            raise ServiceUnavailableError(name, "fails: internal error")
        raise ServiceRefusedError(name, f"rejects the request: error {code}")


def parse_candidates(raw: bytes) -> tuple[Candidate, ...]:
    """Parse a list of results into the recordings it names, best score first.

    A recording named by several results gets the highest of their scores and the
    sum of their sources.

    Raises:
        ServiceAnswerError: It is not a list of AcoustID results.
    """
    found: dict[str, Candidate] = {}
    for result in decode_response(NAME, raw, list[_Result]):
        for recording in result.recordings:
            new = _candidate(recording, min(1.0, max(0.0, result.score)))
            old = found.get(new.recording_mbid)
            found[new.recording_mbid] = new if old is None else _merge(old, new)
    ranked = sorted(found.values(), key=lambda each: (-each.score, -each.sources))
    return tuple(ranked)


def _candidate(recording: _Recording, score: float) -> Candidate:
    names = [each.name + (each.joinphrase or ", ") for each in recording.artists[:-1]]
    names += [each.name for each in recording.artists[-1:]]
    length = recording.duration
    return Candidate(
        recording_mbid=recording.id.lower(),
        score=score,
        sources=max(0, recording.sources),
        title=recording.title or None,
        artist="".join(names) or None,
        seconds=Seconds(length) if length is not None and length > 0 else None,
        release_groups=tuple(each.id.lower() for each in recording.releasegroups),
    )


def _merge(old: Candidate, new: Candidate) -> Candidate:
    return replace(
        old,
        score=max(old.score, new.score),
        sources=old.sources + new.sources,
        title=old.title or new.title,
        artist=old.artist or new.artist,
        seconds=old.seconds or new.seconds,
        release_groups=tuple(dict.fromkeys([*old.release_groups, *new.release_groups])),
    )


def _parse_index(index: int | str) -> int:
    """Return an index given as a number or as decimal text; -1 for other text."""
    if isinstance(index, int):
        return index
    return int(index) if index.isascii() and index.isdigit() and len(index) < 9 else -1  # noqa: PLR2004
