"""The services' documents: a tree of JSON files that mirrors their URLs.

    acoustid/v2/lookup/<digest of the fingerprint>.json   the list `results`
    musicbrainz/ws/2/release/<mbid>.json                  a release document
    musicbrainz/ws/2/recording/<mbid>.json                a recording document
    musicbrainz/ws/2/release-group/<mbid>.json            {"releases": [<mbid>]}
    acousticbrainz/api/v1/high-level/<mbid>.json          a high-level document

A missing file is a document that does not exist. Files are read at each request.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

__all__ = [
    "Answers",
    "AnswersInMemory",
    "AnswersOnDisk",
    "Document",
    "document",
    "fingerprint_path",
    "high_level_path",
    "musicbrainz_path",
]

Document: TypeAlias = dict[str, Any]
"""A JSON object."""

MUSICBRAINZ = "musicbrainz/ws/2"


class Answers(Protocol):
    """A tree of answer documents."""

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None if it does not exist."""

    def paths(self, kind: str) -> Iterable[str]:
        """Return the paths of MusicBrainz's documents of a kind, in any order."""


class AnswersOnDisk:
    """A tree in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None if it does not exist."""
        try:
            return (self._root / path).read_bytes()
        except FileNotFoundError:
            return None

    def paths(self, kind: str) -> Iterable[str]:
        """Return the paths of all documents of a kind, in any order."""
        for path in (self._root / MUSICBRAINZ / kind).glob("*.json"):
            yield path.relative_to(self._root).as_posix()


class AnswersInMemory:
    """A tree in a mapping from paths to contents, which may grow while served."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None if it does not exist."""
        return self._files.get(path)

    def paths(self, kind: str) -> Iterable[str]:
        """Return the paths of all documents of a kind, in any order."""
        folder = f"{MUSICBRAINZ}/{kind}/"
        return [path for path in self._files if path.startswith(folder)]


def fingerprint_path(fingerprint: str) -> str:
    """Return the path of the results for a fingerprint in AcoustID's encoding."""
    digest = hashlib.blake2b(fingerprint.encode(), digest_size=16).hexdigest()
    return f"acoustid/v2/lookup/{digest}.json"


def musicbrainz_path(kind: str, mbid: str) -> str:
    """Return the path of a `release`, `recording` or `release-group`."""
    return f"musicbrainz/ws/2/{kind}/{mbid}.json"


def high_level_path(mbid: str) -> str:
    """Return the path of a recording's high-level document."""
    return f"acousticbrainz/api/v1/high-level/{mbid}.json"


def document(answers: Answers, path: str) -> Document | None:
    """Return a file's JSON object, or None if there is no such file.

    Raises:
        TypeError: The file holds something else.
    """
    content = answers.read(path)
    if content is None:
        return None
    value = json.loads(content)
    if not isinstance(value, dict):
        raise TypeError(f"{path}: not a JSON object")
    return value
