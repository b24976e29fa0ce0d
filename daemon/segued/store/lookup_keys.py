"""The key of a lookup: its grammar in one place.

A key tells two questions to one service apart, and names a cached answer. The
library stores it as text: `release:<mbid>`, `search:["<artist>","<title>"]`.
AcoustID and AcousticBrainz answer one kind of question each; their keys have
no prefix.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from segued.store import codec

__all__ = ["LookupKey", "LookupKind"]


class LookupKind(StrEnum):
    """What a question is about; the value is the prefix of its key."""

    ONLY = ""  # the service answers one kind of question
    RELEASE = "release"
    RELEASE_GROUP = "group"
    SEARCH = "search"
    RECORDING = "recording"

    @property
    def prefix(self) -> str:
        """The beginning of every key of this kind."""
        return f"{self}:" if self else ""


_PREFIXED = frozenset(kind.value for kind in LookupKind if kind)


@dataclass(frozen=True, slots=True)
class LookupKey:
    """A lookup's key, taken apart.

    Attributes:
        argument: What follows the prefix: an id, or the JSON of a search.
    """

    kind: LookupKind
    argument: str

    @classmethod
    def parse(cls, text: str) -> "LookupKey":
        """Return the key that the library stores as `text`.

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
        """Return the key of an AcoustID lookup; the fingerprint itself is too long."""
        digest = hashlib.blake2b(encoded.encode(), digest_size=16).hexdigest()
        return cls(LookupKind.ONLY, f"{digest}:{seconds}")

    @classmethod
    def for_search(cls, artist: str, title: str) -> "LookupKey":
        """Return the key of a search for a release by its names."""
        return cls(LookupKind.SEARCH, codec.encode((artist, title)))

    @property
    def searched_names(self) -> tuple[str, str]:
        """The artist and the title that a search is for."""
        artist, title = json.loads(self.argument)
        return artist, title

    def __str__(self) -> str:
        """Return the key as the library stores it."""
        return f"{self.kind.prefix}{self.argument}"
