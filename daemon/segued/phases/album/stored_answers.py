"""MusicBrainz's stored answers, for the lookups of phase 6."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from segued.clients.musicbrainz import parse_recording, parse_releases, parse_search
from segued.errors import ServiceAnswerError
from segued.matching.evidence import Recording, Release
from segued.model import Service
from segued.phases.base import PhaseContext
from segued.store import codec, lookup_failures, lookups
from segued.store.lookup_keys import LookupKey, LookupKind
from segued.store.lookups import LookupQuestion

__all__ = [
    "StoredAnswers",
    "keys_of",
    "parse_stored_recording",
    "parse_stored_releases",
    "parse_stored_search",
    "question_of",
    "read_answers",
]

MBID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class StoredAnswers:
    """The answers to some questions.

    Attributes:
        by_key: The answers as received; empty ones for questions that are put off.
        problems: Why the answers to those cannot be used, by key.
    """

    by_key: Mapping[str, bytes | None]
    problems: Mapping[str, str]

    def questions(self, keys: Iterable[str]) -> tuple[LookupQuestion, ...]:
        """Return those of some questions that are not answered."""
        return tuple(question_of(key) for key in keys if key not in self.by_key)

    def not_found(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return those of some keys that are answered, with no usable result."""
        return tuple(key for key in keys if _is_not_found(key, self.by_key.get(key)))

    def problem_texts(self) -> tuple[str, ...]:
        """Return a sentence for each answer that cannot be used."""
        return tuple(
            f"the answer about {key} is not usable: {reason}"
            for key, reason in self.problems.items()
        )


async def read_answers(context: PhaseContext, keys: Sequence[str]) -> StoredAnswers:
    """Return the stored answers to some questions."""
    if not keys:
        return StoredAnswers({}, {})
    return await context.store.do(_read_answers, keys)


def _read_answers(keys: Sequence[str]) -> StoredAnswers:
    answers = lookups.cached_answers(Service.MUSICBRAINZ, keys)
    problems = lookup_failures.put_off(Service.MUSICBRAINZ, keys)
    return StoredAnswers(dict.fromkeys(problems, b"") | answers, problems)


def keys_of(kind: LookupKind, mbids: Iterable[str]) -> list[str]:
    """Return the keys of lookups by id, each once.

    Texts that are no ids are left out: tags can hold any text.
    """
    lowered = dict.fromkeys(mbid.lower() for mbid in mbids)
    return [str(LookupKey(kind, each)) for each in lowered if MBID.fullmatch(each)]


def question_of(key: str) -> LookupQuestion:
    """Return the question with a key."""
    return LookupQuestion(key, codec.encode(key))


def parse_stored_releases(raw: bytes) -> tuple[Release, ...]:
    """Return the releases in an answer; none if this version cannot parse it."""
    try:
        return parse_releases(raw) if raw else ()
    except ServiceAnswerError:
        # Stored by a version of segued that expected another format.
        return ()


def parse_stored_recording(raw: bytes) -> Recording | None:
    """Return the recording in an answer; None if this version cannot parse it."""
    try:
        return parse_recording(raw)
    except ServiceAnswerError:
        return None


def parse_stored_search(raw: bytes) -> tuple[str, ...]:
    """Return the ids in a search result; none if this version cannot parse it."""
    try:
        return parse_search(raw)
    except ServiceAnswerError:
        return ()


def _is_not_found(key: str, raw: bytes | None) -> bool:
    """Return whether a question is answered, with no result."""
    if raw is None:
        return False
    match LookupKey.parse(key).kind:
        case LookupKind.SEARCH:
            return not parse_stored_search(raw)
        case LookupKind.RELEASE_GROUP:
            return not raw or not parse_stored_releases(raw)
        case _:
            return not raw
