"""The names by which the release of a folder is searched for."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import mode
from typing import Final

from segued.matching.evidence import PassageEvidence
from segued.matching.normalize import normalize_name
from segued.store.lookup_keys import LookupKey

__all__ = ["search_keys", "without_edition"]

TEXT_MAX: Final = 200

VARIOUS_ARTISTS: Final = "Various Artists"
"""MusicBrainz's artist of releases by several artists."""

VARIOUS_NAMES: Final = frozenset(
    {
        "artistes divers",
        "artisti vari",
        "div",
        "divers",
        "diverse",
        "diverse artister",
        "diverse interpreten",
        "sampler",
        "v a",
        "va",
        "vari",
        "varios",
        "varios artistas",
        "various",
        "various artist",
        "various artists",
        "verschiedene",
        "verschiedene interpreten",
    }
)
"""Names in tags that stand for several artists."""

NUMBER: Final = r"(?:\d{1,3}|[ivx]{1,4}|one|two|three|four|five|six)"
DISC: Final = r"(?:dis[ckq]|dis[ck]s|cd|cds|dvd|lp)"
EDITION_WORDS: Final = (
    r"edition|édition|edición|edizione|edição|ausgabe|editie|utgåva|deluxe|expanded|"
    r"extended|anniversary|anniversaire|aniversario|jubil\w+|bonus|re-?master\w*|"
    r"rémast\w*|re-?issue\w*|re-?release\w*|special|limited|collector\w*|legacy|"
    r"import|explicit|digi-?pa\w+|mono|stereo|sacd|hdcd|hi-?res|version|vinyl|"
    r"\d+\s*-?bit|\d+\s*k?hz|\d+\s*x?\s*(?:cds?|dis[ck]s?|lps?)"
)
BRACKETED: Final = re.compile(
    rf"\s*[(\[{{][^()\[\]{{}}]*\b(?:{DISC}\d*|{EDITION_WORDS})\b[^()\[\]{{}}]*[)\]}}]",
    re.IGNORECASE,
)
LAST_WORDS: Final = re.compile(
    rf"[\s,:;\u2013\u2014-]+{DISC}\s*#?\s*{NUMBER}(?:\s*(?:of|von|de|/)\s*{NUMBER})?\s*$"
    r"|\s*[,:;\u2013\u2014]\s*[^,:;\u2013\u2014]*\b(?:edition|re-?master\w*|deluxe)\s*$"
    r"|\s+-\s+[^-]*\b(?:edition|re-?master\w*|deluxe)\s*$"
    r"|\s+(?:(?:super\s+)?deluxe|expanded|special|limited|anniversary)\s+edition\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _AlbumName:
    """The album in the tags of one passage, without its edition as the last."""

    artist: str
    title: str
    plain_title: str


def search_keys(passages: Sequence[PassageEvidence]) -> list[str]:
    """Return the searches for the most common album name, the best one first.

    Each is needed only if no release of those before fits. An album whose artists
    differ is searched for as one of various artists, then by its title alone. The last
    search is for the title without disc, edition and remaster notes. There are none if
    few passages have a name.
    """
    album_names = [
        _album_name(passage)
        for passage in passages
        if normalize_name(passage.album or "")
    ]
    named = [each for each in album_names if normalize_name(each.artist)]
    if len(named) < max(1, len(passages) / 2):
        return []
    titles = Counter(normalize_name(each.plain_title) for each in named)
    common, count = titles.most_common(1)[0]
    if count < len(passages) / 2:
        # Songs of several albums: the one album that most are from.
        return [_key(*mode((each.artist, each.title) for each in named))]
    album = [each for each in named if normalize_name(each.plain_title) == common]
    title, plain_title = mode((each.title, each.plain_title) for each in album)
    artist = _common_artist(album)
    if artist is not None:
        searches = [(artist, title), (artist, plain_title)]
    else:
        searches = [(VARIOUS_ARTISTS, title), ("", title), ("", plain_title)]
    return list(dict.fromkeys(_key(*search) for search in searches))


@lru_cache(maxsize=4096)
def without_edition(title: str) -> str:
    """Return an album's title without disc numbers, editions and remaster notes.

    Example:
        >>> without_edition("Harvest (Deluxe Edition) [Disc 2]")
        'Harvest'
    """
    left = title
    for pattern in (BRACKETED, LAST_WORDS, BRACKETED, LAST_WORDS):
        shorter = pattern.sub("", left).strip()
        left = shorter if normalize_name(shorter) else left
    return left


def _album_name(passage: PassageEvidence) -> _AlbumName:
    # Tags can hold any text, of any length.
    artist = (passage.album_artist or passage.artist or "").strip()[:TEXT_MAX]
    title = (passage.album or "").strip()[:TEXT_MAX]
    return _AlbumName(artist, title, without_edition(title))


def _common_artist(album: Sequence[_AlbumName]) -> str | None:
    """Return the artist of most passages of an album; None if it has several."""
    artist, count = Counter(each.artist for each in album).most_common(1)[0]
    is_various = normalize_name(artist).replace(".", " ").strip() in VARIOUS_NAMES
    return None if is_various or 2 * count <= len(album) > 1 else artist


def _key(artist: str, title: str) -> str:
    return str(LookupKey.for_search(artist, title))
