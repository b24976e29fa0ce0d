"""The format of lookup keys.

A key identifies a question to one service, and its cached answer. The library
stores it as text: `release:<mbid>`, `search:["<artist>","<title>"]`. AcoustID and
AcousticBrainz answer one kind of question each; their keys have no prefix.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from segued.store import codec

__all__ = ["LookupKey", "LookupKind", "kept_question"]

FINGERPRINT_FIRST: Final = '{"fingerprint":'
"""How the JSON of a question to AcoustID begins."""


class LookupKind(StrEnum):
    """The subject of a question; the value is the prefix of its key."""

    ONLY = ""  # the service answers one kind of question
    RELEASE = "release"
    RELEASE_GROUP = "group"
    SEARCH = "search"
    RECORDING = "recording"
    RECORDING_BY_ID = "recording-id"  # of those that a search by id does not find

    @property
    def prefix(self) -> str:
        """The text that all keys of this kind start with."""
        return f"{self}:" if self else ""


_PREFIXED = frozenset(kind.value for kind in LookupKind if kind)


@dataclass(frozen=True, slots=True)
class LookupKey:
    """The parsed key of a lookup.

    Attributes:
        argument: The key without its prefix: an id, or the JSON of a search.
    """

    kind: LookupKind
    argument: str

    @classmethod
    def parse(cls, text: str) -> "LookupKey":
        """Parse a key as stored in the library.

        Example:
            >>> LookupKey.parse("release:5e6ed000").kind.name
            'RELEASE'
            >>> LookupKey.parse("0a1b2c:214")
            LookupKey(kind=<LookupKind.ONLY: ''>, argument='0a1b2c:214')
        """
        prefix, _, argument = text.partition(":")
        if prefix in _PREFIXED:
            return cls(LookupKind(prefix), argument)
        return cls(LookupKind.ONLY, text)

    @classmethod
    def for_fingerprint(cls, encoded: str, seconds: int) -> "LookupKey":
        """Return the key of an AcoustID lookup: a digest, as fingerprints are long."""
        digest = hashlib.blake2b(encoded.encode(), digest_size=16).hexdigest()
        return cls(LookupKind.ONLY, f"{digest}:{seconds}")

    @classmethod
    def for_search(cls, artist: str, title: str) -> "LookupKey":
        """Return the key of a search for a release by artist and title."""
        return cls(LookupKind.SEARCH, codec.encode((artist, title)))

    @property
    def searched_names(self) -> tuple[str, str]:
        """Artist and title of a search."""
        artist, title = json.loads(self.argument)
        return artist, title

    def __str__(self) -> str:
        """Return the key as the library stores it."""
        return f"{self.kind.prefix}{self.argument}"


def kept_question(text: str, expires: str | None) -> str:
    """Return the question to store with an answer.

    A fingerprint, which is long and stored already, is only kept for an answer that
    expires: that question is sent again as it is stored.
    """
    if expires is not None or not text.startswith(FINGERPRINT_FIRST):
        return text
    question: dict[str, Any] = json.loads(text)
    del question["fingerprint"]
    return codec.encode(question)
