"""MusicBrainz's search, as much of it as an importer needs.

Recordings by their ids, `rid:(a OR b)`, and releases by title and artist,
`release:"Title" AND artist:"Name"`, which find what contains these words.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from tests.fake_services.answers import Answers, Document, document, musicbrainz_path

__all__ = ["ReleaseIndex", "found_recordings", "ids_in"]

SCORE_EQUAL: Final = 100
SCORE_CONTAINED: Final = 80

COPIED: Final[tuple[str, ...]] = (
    *("id", "title", "status", "date", "country", "barcode"),
    *("artist-credit", "release-group"),
)
"""What a search tells of a release as a lookup does."""

TERM: Final = re.compile(r'(\w+):(?:"((?:[^"\\]|\\.)*)"|(\S+))')


@dataclass(frozen=True, slots=True)
class Entry:
    """One release to find, its words normalised."""

    title: str
    artist: str
    summary: Document


class ReleaseIndex:
    """All releases there are at the first search."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._entries: list[Entry] | None = None

    def search(self, query: str) -> list[Document]:
        """Return what a query finds, the best first."""
        terms = {
            name.casefold(): re.sub(r"\\(.)", r"\1", quoted) or plain
            for name, quoted, plain in TERM.findall(query)
        }
        title = normalized(terms.get("release", ""))
        artist = normalized(terms.get("artist", terms.get("artistname", "")))
        if not title and not artist:
            return []
        found = [
            {**entry.summary, "score": _score(entry, title, artist)}
            for entry in self._all()
            if _contains(entry.title, title) and _contains(entry.artist, artist)
        ]
        return sorted(found, key=lambda each: (-each["score"], each["id"]))

    def _all(self) -> list[Entry]:
        if self._entries is None:
            paths = self._answers.releases()
            known = (document(self._answers, path) for path in paths)
            self._entries = [_entry(each) for each in known if each is not None]
        return self._entries


def ids_in(query: str) -> list[str] | None:
    """Return the ids that `rid:` asks for, each once; None if it does not ask."""
    asked = re.fullmatch(r"\s*rid:\s*(?:\(([^()]*)\)|([^\s()]+))\s*", query)
    if asked is None:
        return None
    ids = re.split(r"\s+OR\s+|\s+", (asked[1] or asked[2]).strip())
    return list(dict.fromkeys(each.strip('"').lower() for each in ids if each))


def found_recordings(answers: Answers, ids: list[str]) -> list[Document]:
    """Return the recordings that are known, in the order of their ids."""
    safe = [each for each in ids if re.fullmatch(r"[0-9a-f-]{36}", each)]
    known = (document(answers, musicbrainz_path("recording", each)) for each in safe)
    return [{**each, "score": SCORE_EQUAL} for each in known if each is not None]


def track_count(medium: Document) -> int:
    """Return how many tracks a medium has, whether they are listed or not."""
    return int(medium.get("track-count", len(medium.get("tracks") or ())))


def normalized(text: str) -> str:
    """Return the words of a text: without accents, case and punctuation."""
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(letter)
    )
    return " ".join(re.findall(r"\w+", bare))


def _entry(release: Document) -> Entry:
    media: list[Any] = release.get("media") or []
    counts = [track_count(medium) for medium in media]
    summary = {name: release[name] for name in COPIED if name in release}
    summary["track-count"] = sum(counts)
    summary["media"] = [
        {"format": medium.get("format"), "track-count": count}
        for medium, count in zip(media, counts, strict=True)
    ]
    credit = release.get("artist-credit") or []
    artist = "".join(each["name"] + each.get("joinphrase", "") for each in credit)
    return Entry(normalized(release["title"]), normalized(artist), summary)


def _contains(text: str, words: str) -> bool:
    return f" {words} " in f" {text} " if words else True


def _score(entry: Entry, title: str, artist: str) -> int:
    equal = title in {"", entry.title} and artist in {"", entry.artist}
    return SCORE_EQUAL if equal else SCORE_CONTAINED
