"""Version words: what makes a recording another one of the same song."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

from segued.matching.normalize import PRINTED, normalised, parted, stripped

__all__ = ["NO_VERSION", "Version", "album_version", "noted", "titled", "without"]

LIVE: Final = "live"

SPELLED: Final = {
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

WORDS: Final = {
    word: (said,) for said, words in SPELLED.items() for word in words.split()
} | {"unplugged": ("unplugged", LIVE)}
"""Words, and what each of them says; of "radio" see `PAIRS`."""

PAIRS: Final = {
    **{("radio", word): ("edit",) for word in ("edit", "mix", "version")},
    ("radio", "session"): (LIVE,),
    ("original", "mix"): (),
    **{("12", word): ("extended",) for word in ("inch", "version", "mix", "single")},
    **{("club", word): ("mix",) for word in ("mix", "version")},
    **{("extended", word): ("extended",) for word in ("mix", "version", "edit")},
}
"""Two words that say something else than each."""

FOLLOWERS: Final = frozenset(
    (
        *("at", "in", "from", "on", "with", "by", "for", "version", "take", "session"),
        *("sessions", "recording", "performance", "bonus", "track", "album", "feat"),
    )
)
"""What goes on after a version word, where a name would go on otherwise."""

SUBJECTS: Final = frozenset(
    (
        *("to", "i", "we", "you", "they", "who", "people", "can", "must", "will"),
        *("let", "and", "long", "take", "taking", "under", "my", "your", "don", "t"),
    )
)
"""After these, "live" and "cover" are verbs or nouns of a name."""

VERBS: Final = frozenset((LIVE, "cover"))
SILENT: Final = frozenset(
    (*PRINTED, *FOLLOWERS, *WORDS, "radio", "club", "inch", "the", "a", "of", "and")
)
UNLIKE: Final = 60
"""Below this, of 100, the words beside two version words are other ones."""


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of a song something is.

    Attributes:
        words: "live", "remix" and such; none for the usual version.
        detail: What else is said of it: by whom, where, when.
    """

    words: frozenset[str]
    detail: str = ""

    def __or__(self, other: "Version") -> "Version":
        detail = " ".join(filter(None, (self.detail, other.detail)))
        return Version(self.words | other.words, detail)

    def contradicts(self, other: "Version") -> bool:
        """Say whether both name the same kind, but not the same of its kind.

        Example:
            >>> titled("Jóga (Live at Leeds)").contradicts(titled("Jóga (Live, Rome)"))
            True
        """
        if not (self.words & other.words and self.detail and other.detail):
            return False
        return fuzz.token_set_ratio(self.detail, other.detail) < UNLIKE


NO_VERSION: Final = Version(frozenset())


@lru_cache(maxsize=4096)
def titled(title: str) -> Version:
    """Return the version that a title names in brackets or after a dash.

    Example:
        >>> sorted(titled("Jóga (Alec Empire Remix) - Live").words)
        ['live', 'remix']
        >>> titled("Live and Let Die - 2011 Remaster").words
        frozenset()
    """
    found = NO_VERSION
    for aside in parted(title)[1]:
        found |= _version(aside, anywhere=False)
    return found


@lru_cache(maxsize=4096)
def noted(note: str) -> Version:
    """Return the version that MusicBrainz's note on a recording names.

    Example:
        >>> noted("live, 1992-05-01: Wembley").detail
        '1992 05 01 wembley'
    """
    return _version(note, anywhere=True)


@lru_cache(maxsize=1024)
def album_version(title: str) -> Version:
    """Return the version that an album's title gives all that is on it.

    Example:
        >>> sorted(album_version("MTV Unplugged in New York").words)
        ['live', 'unplugged']
    """
    main, asides = parted(title)
    found = NO_VERSION
    for part in (*main.split(":"), *asides):
        found |= _version(part, anywhere=False)
    return found


@lru_cache(maxsize=4096)
def without(title: str) -> str:
    """Return a title without what names its version, and without guests.

    Example:
        >>> without("(I Can't Get No) Satisfaction (Live)")
        "(I Can't Get No) Satisfaction"
    """
    bare = stripped(title)
    for aside in parted(bare)[1]:
        if _said(aside, anywhere=False):
            for shape in (f"({aside})", f"[{aside}]", f"{{{aside}}}"):
                bare = bare.replace(shape, " ")
            if bare.rstrip().endswith(aside.rstrip()):
                bare = bare.rstrip()[: -len(aside.rstrip())].rstrip().rstrip("-–—")  # noqa: RUF001
    return " ".join(bare.split()) or title


def _version(text: str, *, anywhere: bool) -> Version:
    words = _said(text, anywhere=anywhere)
    if not words:
        return NO_VERSION
    detail = " ".join(
        token for token in normalised(text).split() if token not in SILENT
    )
    return Version(frozenset(words), detail)


def _said(text: str, *, anywhere: bool) -> set[str]:
    """Return what the version words of a text say."""
    parts = (normalised(part).split() for part in re.split("[,:;/]", text))
    return {said for part in parts for said in _said_of(part, anywhere=anywhere)}


def _said_of(tokens: list[str], *, anywhere: bool) -> set[str]:
    said: set[str] = set()
    skip = False
    for place, token in enumerate(tokens):
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        if skip:
            skip = False
        elif after and (token, after) in PAIRS:
            said.update(PAIRS[token, after])
            skip = True
        elif token in WORDS and (anywhere or _stands(tokens, place)):
            said.update(WORDS[token])
    return said


def _stands(tokens: list[str], place: int) -> bool:
    """Say whether a version word is one here, and not part of a name."""
    token = tokens[place]
    before = tokens[place - 1] if place else ""
    if token in VERBS and before in SUBJECTS:
        return False
    rest = tokens[place + 1 :]
    if not rest:
        return True
    return (
        rest[0] in FOLLOWERS
        or rest[0] in WORDS
        or all(word in PRINTED or word.isdecimal() for word in rest)
    )
