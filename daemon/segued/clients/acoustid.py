"""AcoustID: which recordings a fingerprint may be of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

import msgspec

from segued.clients.http import Answer
from segued.clients.schema import Mbid, Shape, decoded
from segued.clients.service_client import Service
from segued.errors import (
    ServiceAnswerError,
    ServiceAwayError,
    ServiceBusyError,
    ServiceKeyError,
    ServiceRefusedError,
)
from segued.matching.evidence import Candidate
from segued.units import Seconds

__all__ = ["PIECES_MAX", "AcoustId", "Asked", "candidates"]

NAME: Final = "acoustid"

PIECES_MAX: Final = 20
"""More in one request are refused."""

META: Final = "recordings releasegroups sources compress"

TOO_LARGE: Final = 413

PIECE_IS_WRONG: Final = frozenset({2, 3, 8})
"""A parameter is missing, the fingerprint or the duration is not valid."""
KEY_IS_WRONG: Final = frozenset({4, 17})
AWAY: Final = 5
BUSY: Final = frozenset({13, 14})


@dataclass(frozen=True, slots=True)
class Asked:
    """A fingerprint, compressed as text, and the length of what it is of."""

    fingerprint: str
    seconds: int


class _Error(Shape, frozen=True):
    code: int
    message: str = ""


class _Fingerprint(Shape, frozen=True):
    index: int | str
    results: msgspec.Raw


class _Lookup(Shape, frozen=True):
    status: str
    fingerprints: tuple[_Fingerprint, ...] = ()
    error: _Error | None = None


class _Artist(Shape, frozen=True):
    name: str
    joinphrase: str | None = None


class _Group(Shape, frozen=True):
    id: Mbid


class _Recording(Shape, frozen=True):
    id: Mbid
    title: str | None = None
    duration: float | None = None
    sources: int = 1
    artists: tuple[_Artist, ...] = ()
    releasegroups: tuple[_Group, ...] = ()


class _Result(Shape, frozen=True):
    score: float
    recordings: tuple[_Recording, ...] = ()


class _SplitError(Exception):
    """The request is refused as it is; parts of it may not be."""


class AcoustId:
    """The service, asked with one key.

    A key that it does not take is not sent again.
    """

    def __init__(self, service: Service, key: str | None) -> None:
        self.service: Final = service
        self._key = key
        self._trouble = "" if key else "needs an API key"

    async def lookup(self, pieces: Sequence[Asked]) -> list[bytes | None]:
        """Ask for up to `PIECES_MAX` fingerprints at once.

        Returns:
            For each piece the list of results, as it came and checked, which
            `candidates` reads: empty when nothing is known. None for a piece
            that is refused, and would be the next time.

        Raises:
            ServiceError: Any of them; ServiceKeyError also without a key.
        """
        if len(pieces) > PIECES_MAX:
            raise ValueError(f"at most {PIECES_MAX} at once: {len(pieces)}")
        if not pieces:
            return []
        try:
            found = await self._ask(pieces)
        except _SplitError:
            if len(pieces) == 1:
                return [None]
            half = len(pieces) // 2
            return [
                *await self.lookup(pieces[:half]),
                *await self.lookup(pieces[half:]),
            ]
        # One it cannot read is left out, and says why only when it is alone.
        return [
            found[index] if index in found else (await self.lookup([piece]))[0]
            for index, piece in enumerate(pieces)
        ]

    async def _ask(self, pieces: Sequence[Asked]) -> dict[int, bytes]:
        """Ask once; the results by the place of the piece."""
        if self._key is None or self._trouble:
            raise ServiceKeyError(self.service.name, self._trouble)
        form = {"client": self._key, "format": "json", "batch": "1", "meta": META}
        for index, piece in enumerate(pieces):
            form[f"fingerprint.{index}"] = piece.fingerprint
            form[f"duration.{index}"] = str(piece.seconds)

        found: dict[int, bytes] = {}

        def check(body: bytes) -> None:
            found.update(self._read(body, len(pieces)))

        answer = await self.service.post("/v2/lookup", form, check)
        if not answer.is_success:
            self._judge_refusal(answer)
        return found

    def _read(self, body: bytes, count: int) -> dict[int, bytes]:
        name = self.service.name
        lookup = decoded(name, body, _Lookup)
        if lookup.error is not None:
            self._judge(lookup.error.code)
        found: dict[int, bytes] = {}
        for each in lookup.fingerprints:
            index = _number(each.index)
            if index not in range(count) or index in found:
                raise ServiceAnswerError(name, "answers what was not asked")
            decoded(name, each.results, list[_Result])
            found[index] = bytes(each.results)
        if lookup.status != "ok" or not found:
            raise ServiceAnswerError(name, "answers nothing of what was asked")
        return found

    def _judge_refusal(self, answer: Answer) -> NoReturn:
        if answer.status == TOO_LARGE:
            raise _SplitError
        try:
            lookup = msgspec.json.decode(answer.body, type=_Lookup)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            lookup = None
        if lookup is not None and lookup.error is not None:
            self._judge(lookup.error.code)
        raise ServiceRefusedError(self.service.name, f"refuses: HTTP {answer.status}")

    def _judge(self, code: int) -> NoReturn:
        """Raise what an error code stands for."""
        name = self.service.name
        if code in PIECE_IS_WRONG:
            raise _SplitError
        if code in KEY_IS_WRONG:
            self._trouble = "does not take the API key"
            raise ServiceKeyError(name, self._trouble)
        if code in BUSY:
            raise ServiceBusyError(name, "asks to be left alone")
        if code == AWAY:
            raise ServiceAwayError(name, "fails: internal error")
        raise ServiceRefusedError(name, f"refuses: error {code}")


def candidates(raw: bytes) -> tuple[Candidate, ...]:
    """Read a list of results: the recordings that it names, the best first.

    One that several results name has the best of their scores, and the sources
    of all.

    Raises:
        ServiceAnswerError: It is not what AcoustID answers.
    """
    found: dict[str, Candidate] = {}
    for result in decoded(NAME, raw, list[_Result]):
        for recording in result.recordings:
            new = _candidate(recording, min(1.0, max(0.0, result.score)))
            old = found.get(new.recording_mbid)
            found[new.recording_mbid] = new if old is None else _merged(old, new)
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


def _merged(old: Candidate, new: Candidate) -> Candidate:
    return replace(
        old,
        score=max(old.score, new.score),
        sources=old.sources + new.sources,
        title=old.title or new.title,
        artist=old.artist or new.artist,
        seconds=old.seconds or new.seconds,
        release_groups=tuple(dict.fromkeys([*old.release_groups, *new.release_groups])),
    )


def _number(index: int | str) -> int:
    """Return an index, which comes as text or as a number; -1 if it is neither."""
    if isinstance(index, int):
        return index
    return int(index) if index.isascii() and index.isdigit() and len(index) < 9 else -1  # noqa: PLR2004
