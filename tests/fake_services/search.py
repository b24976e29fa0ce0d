"""MusicBrainz's search, as far as an importer needs it.

Recordings by their ids, `rid:(a OR b)`, and releases and recordings by title and
artist, `release:"Title" AND artist:"Name"`, which match names that contain these words.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from tests.fake_services.answers import Answers, Document, document, musicbrainz_path

__all__ = ["ReleaseIndex", "ids_in", "recordings_by_id", "recordings_by_name"]

SCORE_EQUAL: Final = 100
SCORE_CONTAINED: Final = 80

COPIED_FIELDS: Final[tuple[str, ...]] = (
    "id",
    "title",
    "status",
    "date",
    "country",
    "barcode",
    "artist-credit",
    "release-group",
)
"""The fields of a release that a search result has like a lookup."""

TERM: Final = re.compile(r'(\w+):(?:"((?:[^"\\]|\\.)*)"|(\S+))')


@dataclass(frozen=True, slots=True)
class Entry:
    """One release of the index, with normalized names."""

    title: str
    artist: str
    summary: Document


class ReleaseIndex:
    """An index of all releases that exist at the first search."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._entries: list[Entry] | None = None

    def search(self, query: str) -> list[Document]:
        """Return the releases that match a query, the best first."""
        terms = _terms(query)
        title = normalized(terms.get("release", ""))
        artist = normalized(terms.get("artist", terms.get("artistname", "")))
        if not title and not artist:
            return []
        matches = [
            {**entry.summary, "score": _score(entry, title, artist)}
            for entry in self._all()
            if _contains(entry.title, title) and _contains(entry.artist, artist)
        ]
        return sorted(matches, key=lambda each: (-each["score"], each["id"]))

    def _all(self) -> list[Entry]:
        if self._entries is None:
            paths = self._answers.paths("release")
            documents = (document(self._answers, path) for path in paths)
            self._entries = [
                _entry(each)
                for each in documents
                if each is not None and "merged-into" not in each
            ]
        return self._entries


def ids_in(query: str) -> list[str] | None:
    """Return the distinct ids after `rid:`; None if the query has another form."""
    match = re.fullmatch(r"\s*rid:\s*(?:\(([^()]*)\)|([^\s()]+))\s*", query)
    if match is None:
        return None
    ids = re.split(r"\s+OR\s+|\s+", (match[1] or match[2]).strip())
    return list(dict.fromkeys(each.strip('"').lower() for each in ids if each))


def recordings_by_id(answers: Answers, ids: list[str]) -> list[Document]:
    """Return the recordings that exist, in the order of the ids."""
    valid = [each for each in ids if re.fullmatch(r"[0-9a-f-]{36}", each)]
    documents = (
        document(answers, musicbrainz_path("recording", each)) for each in valid
    )
    return [
        {**each, "score": SCORE_EQUAL}
        for each in documents
        if each is not None and "merged-into" not in each
    ]


def recordings_by_name(answers: Answers, query: str) -> list[Document]:
    """Return the recordings whose title and artist contain the words of a query."""
    terms = _terms(query)
    title, artist = (
        normalized(terms.get(each, "")) for each in ("recording", "artist")
    )
    documents = (document(answers, path) for path in answers.paths("recording"))
    return sorted(
        (
            {**each, "score": SCORE_EQUAL}
            for each in documents
            if each is not None
            and "merged-into" not in each
            and _contains(normalized(each["title"]), title)
            and _contains(_credit(each), artist)
        ),
        key=lambda each: str(each["id"]),
    )


def track_count(medium: Document) -> int:
    """Return the track count of a medium, even if its tracks are not included."""
    return int(medium.get("track-count", len(medium.get("tracks") or ())))


def normalized(text: str) -> str:
    """Return the words of a text without accents, case and punctuation."""
    base_letters = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(letter)
    )
    return " ".join(re.findall(r"\w+", base_letters))


def _terms(query: str) -> dict[str, str]:
    """Return the text of each field of a query."""
    return {
        name.casefold(): re.sub(r"\\(.)", r"\1", quoted) or plain
        for name, quoted, plain in TERM.findall(query)
    }


def _credit(described: Document) -> str:
    """Return the normalized credit of a release or recording."""
    credit = described.get("artist-credit") or []
    names = (each["name"] + (each.get("joinphrase") or "") for each in credit)
    return normalized("".join(names))


def _entry(release: Document) -> Entry:
    media: list[Any] = release.get("media") or []
    counts = [track_count(medium) for medium in media]
    summary = {name: release[name] for name in COPIED_FIELDS if name in release}
    summary["track-count"] = sum(counts)
    summary["media"] = [
        {"format": medium.get("format"), "track-count": count}
        for medium, count in zip(media, counts, strict=True)
    ]
    return Entry(normalized(release["title"]), _credit(release), summary)


def _contains(text: str, words: str) -> bool:
    return f" {words} " in f" {text} " if words else True


def _score(entry: Entry, title: str, artist: str) -> int:
    equal = title in {"", entry.title} and artist in {"", entry.artist}
    return SCORE_EQUAL if equal else SCORE_CONTAINED
