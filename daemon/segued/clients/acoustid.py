"""AcoustID: the recordings that a fingerprint may be of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn, TypeAlias

import msgspec

from segued.clients.http import Response
from segued.clients.schema import Mbid, ResponseModel, decode_response
from segued.clients.service_client import ServiceClient
from segued.errors import (
    GarbledAnswerError,
    ServiceAnswerError,
    ServiceAuthError,
    ServiceBusyError,
    ServiceRefusedError,
)
from segued.matching.evidence import Candidate
from segued.units import Seconds

__all__ = [
    "QUERIES_MAX",
    "AcoustId",
    "FingerprintQuery",
    "QueryOutcome",
    "merge_candidates",
    "parse_candidates",
]

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


SAMPLE_FINGERPRINT: Final = (
    "AQAAS0mWJkqSFhfuAGg5JviHv0D6FD1xHEeOPjGM48BxBz8h4Ck-HD8O6EZPXHhw4AlajsNZHOmNngF-"
    "HEFbGT7wA8ePf4SAG4-ABz8gPAx6PLiBCy3HCCd-5PALSBwgBCqsCjGiccgQ544ZggiEhDsCFSbEMMQh"
    "YIJzRhxTkHBHnJYA"
)
"""Of twelve seconds of sine tones, which no recording has."""
SAMPLE_SECONDS: Final = 12

QueryOutcome: TypeAlias = bytes | ServiceAnswerError | None
"""The checked, unparsed list of results of a query, for `parse_candidates`.

An error if that list cannot be used. None if the service rejects the query, and would
reject it again.
"""


@dataclass(frozen=True, slots=True)
class FingerprintQuery:
    """A fingerprint in its compressed text form, and the duration it covers."""

    fingerprint: str
    seconds: int


class _Error(ResponseModel, frozen=True):
    code: int
    message: str = ""


class _Indexed(ResponseModel, frozen=True):
    index: int | str


class _Results(ResponseModel, frozen=True):
    results: msgspec.Raw


class _Lookup(ResponseModel, frozen=True):
    status: str
    fingerprints: tuple[msgspec.Raw, ...] | None = None
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
    sources: int | None = None
    artists: tuple[_Artist, ...] | None = None
    releasegroups: tuple[_Group, ...] | None = None


class _BareRecording(ResponseModel, frozen=True):
    id: Mbid


class _Result(ResponseModel, frozen=True):
    score: float
    recordings: tuple[msgspec.Raw, ...] = ()


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

    async def lookup(self, queries: Sequence[FingerprintQuery]) -> list[QueryOutcome]:
        """Look up a batch of at most `QUERIES_MAX` fingerprints.

        An answer that cannot be used costs only the query that it is for; if that
        cannot be told, the batch is sent again in halves.

        Returns:
            The outcome of each query.

        Raises:
            ServiceError: Any kind except ServiceAnswerError, but GarbledAnswerError;
                ServiceAuthError also when there is no key.
        """
        if len(queries) > QUERIES_MAX:
            raise ValueError(f"at most {QUERIES_MAX} at once: {len(queries)}")
        if not queries:
            return []
        try:
            found = await self._look_up_batch(queries)
        except GarbledAnswerError:
            raise
        except (_SplitError, ServiceAnswerError) as error:
            if len(queries) == 1:
                return [error if isinstance(error, ServiceAnswerError) else None]
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

    async def check_key(self) -> None:
        """Find out, by a lookup of a fingerprint, whether the service accepts the key.

        Raises:
            ServiceAuthError: It does not, or there is no key.
            ServiceError: It gives no usable answer.
        """
        await self.lookup([FingerprintQuery(SAMPLE_FINGERPRINT, SAMPLE_SECONDS)])

    async def _look_up_batch(
        self, queries: Sequence[FingerprintQuery]
    ) -> dict[int, bytes | ServiceAnswerError]:
        """Send one request; return the raw results by index of the query."""
        if self._key is None or self._key_problem:
            raise ServiceAuthError(self.service.name, self._key_problem)
        form = {"client": self._key, "format": "json", "batch": "1", "meta": META}
        for index, query in enumerate(queries):
            form[f"fingerprint.{index}"] = query.fingerprint
            form[f"duration.{index}"] = str(query.seconds)

        found: dict[int, bytes | ServiceAnswerError] = {}

        def check(body: bytes) -> None:
            found.update(self._parse_batch(body, len(queries)))

        response = await self.service.post("/v2/lookup", form, check)
        if not response.is_success:
            self._raise_for_refusal(response)
        return found

    def _parse_batch(
        self, body: bytes, count: int
    ) -> dict[int, bytes | ServiceAnswerError]:
        name = self.service.name
        lookup = decode_response(name, body, _Lookup)
        if lookup.error is not None:
            self._raise_for_code(lookup.error.code)
        found: dict[int, bytes | ServiceAnswerError] = {}
        for raw in lookup.fingerprints or ():
            index = _parse_index(raw)
            if index not in range(count):
                continue  # A query without an answer is sent alone.
            if index in found:
                found[index] = ServiceAnswerError(name, "two answers to one query")
                continue
            try:
                results = bytes(decode_response(name, raw, _Results).results)
                parse_candidates(results)
                found[index] = results
            except ServiceAnswerError as error:
                found[index] = error
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
            # Of the service as a whole, it is reported with HTTP 500.
            raise ServiceAnswerError(name, "fails for this query: internal error")
        raise ServiceRefusedError(name, f"rejects the request: error {code}")


def parse_candidates(raw: bytes) -> tuple[Candidate, ...]:
    """Parse a list of results into the recordings it names, best score first.

    A recording named by several results gets the highest of their scores and the
    sum of their sources. Malformed results and recordings are left out; of a recording
    with a malformed field, only the id is used.

    Raises:
        ServiceAnswerError: It is not a list of AcoustID results, or none is left.
    """
    found: dict[str, Candidate] = {}
    malformed: ServiceAnswerError | None = None
    for recording in _parse_results(raw):
        if isinstance(recording, ServiceAnswerError):
            malformed = recording
            continue
        mbid = recording.recording_mbid
        old = found.get(mbid)
        found[mbid] = recording if old is None else merge_candidates(old, recording)
    if malformed is not None and not found:
        raise malformed
    ranked = sorted(found.values(), key=lambda each: (-each.score, -each.sources))
    return tuple(ranked)


def _parse_results(raw: bytes) -> Iterator[Candidate | ServiceAnswerError]:
    """Yield each recording of each result, and an error for what is malformed."""
    for raw_result in decode_response(NAME, raw, list[msgspec.Raw]):
        try:
            result = decode_response(NAME, raw_result, _Result)
        except ServiceAnswerError as error:
            yield error
            continue
        for raw_recording in result.recordings:
            try:
                recording = _parse_recording(raw_recording)
            except ServiceAnswerError as error:
                yield error
                continue
            yield _candidate(recording, min(1.0, max(0.0, result.score)))


def _parse_recording(raw: msgspec.Raw) -> _Recording:
    try:
        return decode_response(NAME, raw, _Recording)
    except ServiceAnswerError:
        return _Recording(decode_response(NAME, raw, _BareRecording).id)


def _candidate(recording: _Recording, score: float) -> Candidate:
    artists = recording.artists or ()
    names = [each.name + (each.joinphrase or ", ") for each in artists[:-1]]
    names += [each.name for each in artists[-1:]]
    length = recording.duration
    return Candidate(
        recording_mbid=recording.id.lower(),
        score=score,
        sources=1 if recording.sources is None else max(0, recording.sources),
        title=recording.title or None,
        artist="".join(names) or None,
        seconds=Seconds(length) if length is not None and length > 0 else None,
        release_groups=tuple(each.id.lower() for each in recording.releasegroups or ()),
    )


def merge_candidates(old: Candidate, new: Candidate) -> Candidate:
    """Return one candidate for two that are of the same recording."""
    return replace(
        old,
        score=max(old.score, new.score),
        sources=old.sources + new.sources,
        title=old.title or new.title,
        artist=old.artist or new.artist,
        seconds=old.seconds or new.seconds,
        release_groups=tuple(dict.fromkeys([*old.release_groups, *new.release_groups])),
    )


def _parse_index(raw: msgspec.Raw) -> int:
    """Return the index of an answer, a number or decimal text; -1 if it has none."""
    try:
        index = decode_response(NAME, raw, _Indexed).index
    except ServiceAnswerError:
        return -1
    if isinstance(index, int):
        return index
    return int(index) if index.isascii() and index.isdigit() and len(index) < 9 else -1  # noqa: PLR2004
