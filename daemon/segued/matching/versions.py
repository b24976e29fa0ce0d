"""Version words in titles, such as "live": they distinguish recordings of a song."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

from segued.matching.normalize import (
    ISSUE_WORDS,
    normalize_name,
    split_asides,
    strip_guests_and_notes,
)

__all__ = [
    "NO_VERSION",
    "Version",
    "asides_differ",
    "from_album_title",
    "from_note",
    "from_title",
    "strip_version",
]

LIVE: Final = "live"

SPELLINGS: Final = {
    "live": "live",
    "remix": "remix rmx remixed remixes rework",
    "mix": "mix mixes",
    "dub": "dub",
    "acoustic": "acoustic",
    "demo": "demo demos",
    "instrumental": "instrumental instrumentals",
    "karaoke": "karaoke",
    "edit": "edit",
    "extended": "extended",
    "cover": "cover covers",
    "reprise": "reprise",
    "outtake": "outtake outtakes",
    "rehearsal": "rehearsal",
    "alternate": "alternate alternative",
    "orchestral": "orchestral",
    "mashup": "mashup",
    "medley": "medley",
    "a cappella": "cappella capella acapella acappella",
}

VERSION_WORDS: Final = {
    word: (version,) for version, words in SPELLINGS.items() for word in words.split()
} | {"unplugged": ("unplugged", LIVE)}
"""The versions that each word names; for "radio" see `WORD_PAIRS`."""

WORD_PAIRS: Final = {
    **{("radio", word): ("edit",) for word in ("edit", "mix", "version")},
    ("radio", "session"): (LIVE,),
    ("original", "mix"): (),
    **{("12", word): ("extended",) for word in ("inch", "version", "mix", "single")},
    **{("club", word): ("mix",) for word in ("mix", "version")},
    **{("extended", word): ("extended",) for word in ("mix", "version", "edit")},
}
"""The versions that pairs of words name, where not those of each word."""

FOLLOWING_WORDS: Final = frozenset(
    (
        "album",
        "at",
        "bonus",
        "by",
        "feat",
        "for",
        "from",
        "in",
        "on",
        "performance",
        "recording",
        "session",
        "sessions",
        "take",
        "track",
        "version",
        "with",
    )
)
"""Words that may follow a version word; others continue a name."""

VERB_SUBJECTS: Final = frozenset(
    (
        "and",
        "can",
        "don",
        "i",
        "let",
        "long",
        "must",
        "my",
        "people",
        "t",
        "take",
        "taking",
        "they",
        "to",
        "under",
        "we",
        "who",
        "will",
        "you",
        "your",
    )
)
"""After these words, "live" and "cover" are verbs or nouns in a name."""

AMBIGUOUS_WORDS: Final = frozenset((LIVE, "cover"))
IGNORED_WORDS: Final = frozenset(
    (
        *ISSUE_WORDS,
        *FOLLOWING_WORDS,
        *VERSION_WORDS,
        "radio",
        "club",
        "inch",
        "the",
        "a",
        "of",
        "and",
    )
)
EMPTY_WORDS: Final = (ISSUE_WORDS | FOLLOWING_WORDS) - {"take"}
"""Words of an aside that alone tell no version; "take 2" is another than the 2 of a
symphony."""

YEAR: Final = re.compile("(?:19|20)[0-9]{2}")

SAME_WORD_FROM: Final = 80
"""Similarity of two words, 0 to 100, from which they are the same, misspelled."""

LONG_WORD: Final = 6
"""Words of so many letters are recognized although misspelled or joined."""

ASIDE_SHARE: Final = 0.75
"""An aside is in a text that has this share of its words."""

DETAIL_SIMILARITY_MIN: Final = 60
"""Details whose similarity, 0 to 100, is lower are of different versions."""


@dataclass(frozen=True, slots=True)
class Version:
    """The version of a song that a title or note names.

    Attributes:
        words: "live", "remix" and such; empty for the usual version.
        detail: The words beside them: by whom, where, when.
    """

    words: frozenset[str]
    detail: str = ""

    def __or__(self, other: "Version") -> "Version":
        detail = " ".join(filter(None, (self.detail, other.detail)))
        return Version(self.words | other.words, detail)

    def contradicts(self, other: "Version") -> bool:
        """Return whether both name the same kind of version with different details.

        Example:
            >>> leeds, rome = "Jóga (Live at Leeds)", "Jóga (Live, Rome)"
            >>> from_title(leeds).contradicts(from_title(rome))
            True
        """
        if not (self.words & other.words and self.detail and other.detail):
            return False
        return fuzz.token_set_ratio(self.detail, other.detail) < DETAIL_SIMILARITY_MIN


NO_VERSION: Final = Version(frozenset())


@lru_cache(maxsize=4096)
def from_title(title: str) -> Version:
    """Return the version that a title names in brackets or after a dash.

    Example:
        >>> sorted(from_title("Jóga (Alec Empire Remix) - Live").words)
        ['live', 'remix']
        >>> from_title("Live and Let Die - 2011 Remaster").words
        frozenset()
    """
    found = NO_VERSION
    for aside in split_asides(title)[1]:
        found |= _version(aside, anywhere=False)
    return found


@lru_cache(maxsize=4096)
def from_note(note: str) -> Version:
    """Return the version that MusicBrainz's note on a recording names.

    Example:
        >>> from_note("live, 1992-05-01: Wembley").detail
        '1992 05 01 wembley'
    """
    return _version(note, anywhere=True)


@lru_cache(maxsize=1024)
def from_album_title(title: str) -> Version:
    """Return the version that an album's title names for all its songs.

    Example:
        >>> sorted(from_album_title("MTV Unplugged in New York").words)
        ['live', 'unplugged']
    """
    main, asides = split_asides(title)
    found = NO_VERSION
    for part in (*main.split(":"), *asides):
        found |= _version(part, anywhere=False)
    return found


@lru_cache(maxsize=4096)
def strip_version(title: str) -> str:
    """Return a title without its version words and guests.

    Example:
        >>> strip_version("(I Can't Get No) Satisfaction (Live)")
        "(I Can't Get No) Satisfaction"
    """
    bare = strip_guests_and_notes(title)
    for aside in split_asides(bare)[1]:
        if _version_words(aside, anywhere=False):
            for shape in (f"({aside})", f"[{aside}]", f"{{{aside}}}"):
                bare = bare.replace(shape, " ")
            if bare.rstrip().endswith(aside.rstrip()):
                bare = bare.rstrip()[: -len(aside.rstrip())].rstrip().rstrip("-–—")  # noqa: RUF001
    return " ".join(bare.split()) or title


def asides_differ(title: str, other: str, texts: Sequence[str] = ()) -> bool:
    """Return whether a title has an aside whose words another title has not.

    No list of words is complete: any words in brackets or after a dash may name
    another version. Guests and notes on the edition do not.

    Args:
        title: The title with asides.
        other: The other title.
        texts: Other names of the other side, which may contain the words as well.

    Example:
        >>> asides_differ("Joga (acoustic duet)", "Joga")
        True
        >>> asides_differ("Joga (2011 Remaster)", "Joga")
        False
    """
    asides = [words for words in _aside_words(title) if words]
    if not asides:
        return False
    rest = _without_words(other, split_asides(title)[0])
    return any(
        not any(_contains_words(text, words) for text in (rest, *texts))
        for words in asides
    )


def _without_words(title: str, main: str) -> str:
    """Return the words of a title that are not those of its main part."""
    left = Counter(normalize_name(main).split())
    kept = []
    for word in normalize_name(title).split():
        if left[word]:
            left[word] -= 1
        else:
            kept.append(word)
    return " ".join(kept)


@lru_cache(maxsize=4096)
def _aside_words(title: str) -> tuple[str, ...]:
    """Return the words of each aside of a title, without those about its issue."""
    asides = split_asides(strip_guests_and_notes(title))[1]
    return tuple(
        " ".join(
            word for word in normalize_name(aside).split() if not _is_about_issue(word)
        )
        for aside in asides
    )


def _is_about_issue(word: str) -> bool:
    """Return whether a word, maybe misspelled, names an edition, or nothing."""
    if word in EMPTY_WORDS or YEAR.fullmatch(word):
        return True
    return any(
        fuzz.ratio(word, other) >= SAME_WORD_FROM
        for other in EMPTY_WORDS
        if len(other) >= LONG_WORD
    )


@lru_cache(maxsize=16384)
def _contains_words(text: str, words: str) -> bool:
    tokens, wanted = normalize_name(text).split(), words.split()
    joined = "".join(wanted)
    if len(joined) >= LONG_WORD and joined in "".join(tokens):
        return True
    found = sum(
        any(fuzz.ratio(word, token) >= SAME_WORD_FROM for token in tokens)
        for word in wanted
    )
    return found >= ASIDE_SHARE * len(wanted)


def _version(text: str, *, anywhere: bool) -> Version:
    words = _version_words(text, anywhere=anywhere)
    if not words:
        return NO_VERSION
    detail = " ".join(
        token for token in normalize_name(text).split() if token not in IGNORED_WORDS
    )
    return Version(frozenset(words), detail)


def _version_words(text: str, *, anywhere: bool) -> set[str]:
    """Return the versions that the words of a text name."""
    parts = (normalize_name(part).split() for part in re.split("[,:;/]", text))
    return {
        word
        for part in parts
        for word in _version_words_of_tokens(part, anywhere=anywhere)
    }


def _version_words_of_tokens(tokens: list[str], *, anywhere: bool) -> set[str]:
    words: set[str] = set()
    skip = False
    for place, token in enumerate(tokens):
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        if skip:
            skip = False
        elif after and (token, after) in WORD_PAIRS:
            words.update(WORD_PAIRS[token, after])
            skip = True
        elif token in VERSION_WORDS and (anywhere or _is_version_word(tokens, place)):
            words.update(VERSION_WORDS[token])
    return words


def _is_version_word(tokens: list[str], place: int) -> bool:
    """Return whether a version word is not just part of a name."""
    token = tokens[place]
    before = tokens[place - 1] if place else ""
    if token in AMBIGUOUS_WORDS and before in VERB_SUBJECTS:
        return False
    rest = tokens[place + 1 :]
    if not rest:
        return True
    return (
        rest[0] in FOLLOWING_WORDS
        or rest[0] in VERSION_WORDS
        or all(word in ISSUE_WORDS or word.isdecimal() for word in rest)
    )
