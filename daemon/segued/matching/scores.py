"""The agreement of a passage with one recording: names, fingerprint and length."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from segued.matching.evidence import Candidate, PassageEvidence, Recording
from segued.matching.normalize import (
    comparison_key,
    is_placeholder,
    normalize_name,
    similarity,
    spelled_alike,
)
from segued.matching.versions import (
    LIVE,
    asides_differ,
    from_album_title,
    from_note,
    from_title,
    strip_version,
)
from segued.units import Seconds

__all__ = [
    "FINGERPRINT_FROM",
    "LENGTH_AGREES_FROM",
    "NAMES_AGREE_FROM",
    "Agreement",
    "RecordingNames",
    "artist_similarity",
    "asides_agree",
    "duration_agreement",
    "fingerprint_agreement",
    "has_same_names",
    "metadata_agreement",
    "share_of_sources",
    "title_similarity",
    "version_agrees",
    "without_placeholders",
]

METADATA_WEIGHT: Final = 0.30
FINGERPRINT_WEIGHT: Final = 0.60
DURATION_WEIGHT: Final = 0.10

NAMES_AGREE_FROM: Final = 0.80
"""Names whose similarity, 0 to 1, is this or higher are the same."""

FINGERPRINT_FROM: Final = 0.50
"""A candidate with a lower AcoustID score, 0 to 1, is ignored."""

OTHER_VERSION_MAX: Final = 0.30
"""Highest agreement of names that name different versions."""

OTHER_ASIDE_MAX: Final = 0.75
"""Highest agreement of names that differ in an aside: below `NAMES_AGREE_FROM`."""

VARIOUS: Final = frozenset(("various artists", "various", "va", "v a"))
"""Normalized names that stand for the artists of a compilation."""

SUBSET_SIMILARITY: Final = 0.90
"""Similarity of "Prince" to "Prince & The Revolution"."""

LENGTH_SAME: Final = Seconds(2)
LENGTH_OTHER: Final = Seconds(10)

LENGTH_AGREES_FROM: Final = 0.75
"""A `duration_agreement` that lengths within 4 s of each other reach."""

LENGTH_UNKNOWN: Final = 0.5

SOURCE_SHARE_WEIGHT: Final = 0.10
"""Share of its score that a fingerprint loses if all sources are for others."""


@dataclass(frozen=True, slots=True)
class RecordingNames:
    """The names of a recording.

    Attributes:
        note: MusicBrainz's disambiguation; None if it has not described it.
        album: The title of the release that the passage is assigned to.
        printed: Whether the title is the one at the passage's place on that release.
            The release then says which version it is, and the file's title need not.
    """

    title: str | None
    artist: str | None
    note: str | None = None
    album: str | None = None
    printed: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of each kind of evidence, 0 to 1.

    Attributes:
        metadata: None if there are no names to compare.
        duration: None if a length is unknown.
    """

    metadata: float | None
    fingerprint: float
    duration: float | None

    @property
    def score(self) -> float:
        """The weighted mean: names 0.3, fingerprint 0.6, length 0.1.

        Without names to compare, fingerprint and length share all the weight.
        """
        length = LENGTH_UNKNOWN if self.duration is None else self.duration
        audio_score = FINGERPRINT_WEIGHT * self.fingerprint + DURATION_WEIGHT * length
        if self.metadata is None:
            return audio_score / (FINGERPRINT_WEIGHT + DURATION_WEIGHT)
        return METADATA_WEIGHT * self.metadata + audio_score


def without_placeholders(passage: PassageEvidence) -> PassageEvidence:
    """Return a passage without the names that a program filled in for unknown ones."""
    passage = _without_various_artists(passage)
    nameless = is_placeholder(passage.title or "")
    unknown = is_placeholder(passage.artist or "")
    if not (nameless or unknown):
        return passage
    title = None if nameless else passage.title
    artist = None if unknown else passage.artist
    return replace(passage, title=title, artist=artist, tagged=False)


def _without_various_artists(passage: PassageEvidence) -> PassageEvidence:
    """Return a passage without "Various Artists", which is no artist of a song.

    Compilations often have the artist in the title then: "Artist - Title".
    """
    if normalize_name(passage.artist or "") not in VARIOUS:
        return passage
    artist, dash, title = (passage.title or "").partition(" - ")
    if dash and artist.strip() and title.strip():
        return replace(passage, artist=artist.strip(), title=title.strip())
    return replace(passage, artist=None, album_artist=None)


def metadata_agreement(passage: PassageEvidence, names: RecordingNames) -> float | None:
    """Return the agreement of a passage's names with a recording's, 0 to 1.

    Returns:
        The geometric mean of title and artist, so that a right artist does
        not make up for a wrong title; the title's agreement if the passage has
        no artist; None if either side has no title.
    """
    if not passage.title or not names.title:
        return None
    if spelled_alike(passage.title, names.title):
        # It names the same version, though maybe without its brackets.
        passage = replace(passage, title=names.title)
    title = title_similarity(passage.title or "", names.title)
    artists = [passage.artist or passage.album_artist]
    if names.printed and passage.album_artist:
        # Of the release itself: the artist tag may hold a performer or a composer.
        artists.append(passage.album_artist)
    credited = max(
        artist_similarity(each, names.artist) if each else title for each in artists
    )
    agreed = math.sqrt(title * credited)
    if not version_agrees(passage, names):
        return min(agreed, OTHER_VERSION_MAX)
    return agreed if asides_agree(passage, names) else min(agreed, OTHER_ASIDE_MAX)


def has_same_names(title: str, artist: str | None, recording: Recording) -> bool:
    """Return whether a recording has this title and artist, in any version."""
    titles = title_similarity(title, recording.title)
    return titles >= NAMES_AGREE_FROM and (
        not artist or artist_similarity(artist, recording.artist) >= NAMES_AGREE_FROM
    )


def title_similarity(a: str, b: str) -> float:
    """Return the similarity of two titles, 0 to 1, without their version words.

    Example:
        >>> title_similarity("Jóga", "Joga (Live)")
        1.0
    """
    if spelled_alike(a, b):
        return 1.0
    return similarity(strip_version(a), strip_version(b))


def artist_similarity(a: str, b: str | None) -> float:
    """Return the similarity of two credits, 0 to 1; one may name fewer artists.

    Example:
        >>> artist_similarity("Calvin Harris", "Rihanna feat. Calvin Harris")
        0.9
    """
    if not b:
        return 0.5
    one, other = set(comparison_key(a).split()), set(comparison_key(b).split())
    within = one <= other | _credited_words(b) or other <= one | _credited_words(a)
    is_part = within and bool(one and other)
    return max(similarity(a, b), SUBSET_SIMILARITY * is_part)


@lru_cache(maxsize=4096)
def _credited_words(artist: str) -> frozenset[str]:
    """Return the words of a credit with its guests."""
    return frozenset(normalize_name(artist).split())


def version_agrees(passage: PassageEvidence, names: RecordingNames) -> bool:
    """Return whether both sides are the same version of a song.

    A version word of the file's title may also be in the recording's note or its
    album's title, and one of the recording in the file's album. MusicBrainz's note
    needs no word in the title of a file at its place on the release.
    """
    title = passage.title or ""
    own, its = from_title(title), from_title(names.title or "")
    own_album, its_album = from_album_title(passage.album or ""), from_album_title("")
    if names.album:
        its_album = from_album_title(names.album)
    note = from_note(names.note or "")
    known = its.words | note.words
    if own.words - known - its_album.words:
        return False
    needed = its.words if names.printed else known
    if needed - own.words - own_album.words - its_album.words:
        return False
    silent = names.note is not None and LIVE not in known | its_album.words
    if LIVE in own_album.words and silent:
        return False
    return not own.contradicts(its) and not own.contradicts(note)


def asides_agree(passage: PassageEvidence, names: RecordingNames) -> bool:
    """Return whether what is in brackets or after a dash is the same on both sides.

    Words of the file may also be in the recording's note, artist or album. A file
    whose title has none agrees with what is printed at its place.
    """
    title, its_title = passage.title or "", names.title or ""
    its_texts = (names.note or "", names.artist or "", names.album or "")
    if asides_differ(title, its_title, its_texts):
        return False
    own_texts = (passage.artist or "", passage.album or "")
    return names.printed or not asides_differ(its_title, title, own_texts)


def duration_agreement(a: float, b: float | None) -> float | None:
    """Return the agreement, 0 to 1, of two lengths in seconds; None if one is unknown.

    Example:
        >>> [duration_agreement(240.0, other) for other in (242.0, 246.0, 250.0)]
        [1.0, 0.5, 0.0]
    """
    if b is None:
        return None
    over = abs(a - b) - LENGTH_SAME
    return min(1.0, max(0.0, 1 - over / (LENGTH_OTHER - LENGTH_SAME)))


def share_of_sources(candidate: Candidate, candidates: Iterable[Candidate]) -> float:
    """Return a candidate's share of the sources of all candidates with its names."""
    names = _names_key(candidate)
    total = sum(each.sources for each in candidates if _names_key(each) == names)
    return candidate.sources / total if total > 0 else 1.0


def fingerprint_agreement(
    candidate: Candidate, candidates: Iterable[Candidate]
) -> float:
    """Return AcoustID's score, reduced by up to a tenth if others have the sources."""
    share = share_of_sources(candidate, candidates)
    return candidate.score * (1 - SOURCE_SHARE_WEIGHT * (1 - share))


def _names_key(candidate: Candidate) -> tuple[str, str]:
    return comparison_key(candidate.title or ""), comparison_key(candidate.artist or "")
