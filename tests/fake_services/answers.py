"""What the services know: a tree of JSON files that mirrors their addresses.

    acoustid/v2/lookup/<digest of the fingerprint>.json   the list `results`
    musicbrainz/ws/2/release/<mbid>.json                  a release document
    musicbrainz/ws/2/recording/<mbid>.json                a recording document
    musicbrainz/ws/2/release-group/<mbid>.json            {"releases": [<mbid>]}
    acousticbrainz/api/v1/high-level/<mbid>.json          a high-level document

What is not there is not known. Files are read when they are asked for.
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

RELEASES = "musicbrainz/ws/2/release"


class Answers(Protocol):
    """A tree of files, wherever it is kept."""

    def read(self, path: str) -> bytes | None:
        """Return what is in a file, or None if there is none."""

    def releases(self) -> Iterable[str]:
        """Return the paths of all release documents, in any order."""


class AnswersOnDisk:
    """A tree in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes | None:
        """Return what is in a file, or None if there is none."""
        try:
            return (self._root / path).read_bytes()
        except FileNotFoundError:
            return None

    def releases(self) -> Iterable[str]:
        """Return the paths of all release documents, in any order."""
        for path in (self._root / RELEASES).glob("*.json"):
            yield path.relative_to(self._root).as_posix()


class AnswersInMemory:
    """A tree in a mapping from paths to contents, which may grow meanwhile."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | None:
        """Return what is in a file, or None if there is none."""
        return self._files.get(path)

    def releases(self) -> Iterable[str]:
        """Return the paths of all release documents, in any order."""
        return [path for path in self._files if path.startswith(f"{RELEASES}/")]


def fingerprint_path(fingerprint: str) -> str:
    """Return where the results for a fingerprint are, as AcoustID takes it."""
    digest = hashlib.blake2b(fingerprint.encode(), digest_size=16).hexdigest()
    return f"acoustid/v2/lookup/{digest}.json"


def musicbrainz_path(kind: str, mbid: str) -> str:
    """Return where a `release`, `recording` or `release-group` is."""
    return f"musicbrainz/ws/2/{kind}/{mbid}.json"


def high_level_path(mbid: str) -> str:
    """Return where the high-level document of a recording is."""
    return f"acousticbrainz/api/v1/high-level/{mbid}.json"


def document(answers: Answers, path: str) -> Document | None:
    """Return a file's JSON object, or None if there is no such file.

    Raises:
        TypeError: The file holds something else.
    """
    content = answers.read(path)
    if content is None:
        return None
    found = json.loads(content)
    if not isinstance(found, dict):
        raise TypeError(f"{path}: not a JSON object")
    return found
