"""Normalized names, for comparison: without case, accents and punctuation."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

__all__ = [
    "comparison_key",
    "is_placeholder",
    "name_key",
    "normalize_name",
    "similarity",
    "spelled_alike",
    "split_asides",
    "strip_disc",
    "strip_guests_and_notes",
]

ASIDE: Final = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}")
SUFFIX: Final = re.compile(r"\s[-–—]\s+([^-–—]+)$")  # noqa: RUF001
GUEST: Final = re.compile(r"\s(?:feat|ft|featuring)\b\.?\s.*$", re.IGNORECASE)
GUEST_ASIDE: Final = re.compile(r"^(?:feat|ft|featuring|with)\b", re.IGNORECASE)
TRAILING_THE: Final = re.compile(r"^(.*), the$", re.IGNORECASE)

DISC: Final = re.compile(
    r"(?i)(?<=\w)[\s,;:\u2013-]*[(\[]?\b(?:cd|dis[ck]|dvd)\.?"
    r"(?:\s*[0-9]{1,2}|\s+(?:one|two|three|four))\b[)\]]?\s*$"
)

PLACEHOLDER: Final = re.compile(
    r"(?:audio ?)?(?:track|titel|piste|pista|traccia) ?\d*"
    r"|unknown(?: artist| title)?|untitled track \d+"
)
"""Names that programs fill in for an unknown title or artist."""

ISSUE_WORDS: Final = frozenset(
    (
        "album",
        "anniversary",
        "bonus",
        "clean",
        "deluxe",
        "digital",
        "digitally",
        "edition",
        "ep",
        "explicit",
        "hd",
        "lp",
        "mono",
        "original",
        "remaster",
        "remastered",
        "remastering",
        "single",
        "stereo",
        "track",
        "version",
    )
)
"""Words for how a recording was issued; they do not make it another recording."""

ISSUE_TAIL: Final = re.compile(
    r"(?: (?:explicit|(?:(?:19|20)[0-9]{2} )?(?:digital )?remaster(?:ed)?(?: version)?"
    r"|(?:album|clean|explicit|lp|original|single) version)(?: (?:19|20)[0-9]{2})?)+$"
)
"""Notes on the issue at the end of a normalized title that has lost its brackets."""

NUMBERED_WORDS: Final = frozenset(("part", "pt", "no", "op", "vol", "volume", "number"))
ABBREVIATIONS: Final = {"pt": "part", "vol": "volume"}
NUMERALS: Final = {
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
}
NUMERALS_AFTER_PART: Final = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "i": "1",
    "v": "5",
    "x": "10",
}
"""Numerals after one of `NUMBERED_WORDS`, but ordinary words elsewhere."""

OTHER_NUMBER_MAX: Final = 0.5
"""Highest similarity, 0 to 1, of names with different numbers or words."""

TYPO_FROM: Final = 0.6
"""Similarity, 0 to 1, from which a word is a misspelling of another one."""

SPELLED_SHORT: Final = frozenset(
    frozenset(pair.split("/"))
    for pair in (
        "and/n",
        "and/y",
        "and/et",
        "and/und",
        "you/u",
        "are/r",
        "to/2",
        "for/4",
        "the/a",
        "the/da",
        "the/tha",
        "okay/ok",
        "because/cos",
        "because/cuz",
    )
)
"""Pairs of words that mean the same although their letters differ."""

WITHOUT_ASIDES_FACTOR: Final = 0.9
"""Similarity of a name to itself without what is in brackets or after a dash."""


def normalize_name(name: str) -> str:
    """Return a name in lower case, without accents, punctuation and extra spaces.

    Decomposition can produce capitals ("™" becomes "TM"), so that the name is
    folded until it stays the same, which no name does later than after the second
    round. So normalizing a normalized name returns it unchanged.

    Example:
        >>> normalize_name("  Björk -  Jóga!™ ")
        'bjork joga tm'
    """
    while (folded := _fold(name)) != name:
        name = folded
    return name


def _fold(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    characters = (
        character if character.isalnum() else " "
        for character in decomposed
        if not unicodedata.combining(character)
    )
    return " ".join("".join(characters).split())


def name_key(*names: str) -> str:
    r"""Return the key of a song, artist or album that has names but no MBID.

    A name of punctuation only is kept as it is, so that "!!!" is not "???".

    Example:
        >>> name_key("Björk", "Jóga")
        'bjork\x1fjoga'
        >>> name_key("!!!")
        '!!!'
    """
    return "\x1f".join(normalize_name(name) or name.strip() for name in names)


def is_placeholder(name: str) -> bool:
    """Return whether a program filled in this name for an unknown one.

    Example:
        >>> [is_placeholder(name) for name in ("Track 07", "Unknown Artist", "Track")]
        [True, True, True]
    """
    return bool(PLACEHOLDER.fullmatch(normalize_name(name)))


@lru_cache(maxsize=4096)
def split_asides(name: str) -> tuple[str, tuple[str, ...]]:
    """Split a name into its main part and its asides, in brackets or after a dash.

    Example:
        >>> split_asides("Jóga (Alec Empire mix) - Live")
        ('Jóga', ('Alec Empire mix', 'Live'))
    """
    asides = ["".join(filter(None, found.groups())) for found in ASIDE.finditer(name)]
    main = ASIDE.sub(" ", name)
    after: list[str] = []
    while (last := SUFFIX.search(main.rstrip())) and main[: last.start()].strip():
        after.insert(0, last.group(1))
        main = main[: last.start()]
    return " ".join(main.split()), (*asides, *after)


@lru_cache(maxsize=4096)
def strip_disc(album: str) -> str:
    """Return an album's title without the number of a disc.

    Example:
        >>> [strip_disc(f"In Rainbows{disc}") for disc in (" (Disc 2)", ", CD 1", "")]
        ['In Rainbows', 'In Rainbows', 'In Rainbows']
    """
    return DISC.sub("", album)


@lru_cache(maxsize=4096)
def strip_guests_and_notes(name: str) -> str:
    """Return a name without guests and without notes on how it was issued.

    Example:
        >>> strip_guests_and_notes("Jóga (feat. Nobody) [Bonus Track] - 2011 Remaster")
        'Jóga'
    """
    for found in ASIDE.finditer(name):
        inside = "".join(filter(None, found.groups()))
        if GUEST_ASIDE.match(inside.strip()) or _is_issue_note(inside):
            name = name.replace(found.group(), " ", 1)
    while (after := SUFFIX.search(name.rstrip())) and _is_issue_note(after.group(1)):
        name = name[: after.start()]
    return " ".join(GUEST.sub("", name).split())


@lru_cache(maxsize=4096)
def comparison_key(name: str) -> str:
    """Return the form of a name that `similarity` compares.

    Guests and notes on the edition are removed, articles and numerals unified.

    Example:
        >>> comparison_key("The Mamas & the Papas feat. Nobody")
        'mamas and the papas'
        >>> comparison_key("Beatles, The")
        'beatles'
    """
    bare = TRAILING_THE.sub(r"\1", strip_guests_and_notes(name))
    words = normalize_name(re.sub(r"[&+]", " and ", bare)).split()
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    before = ("", *words)
    numbered = (
        NUMERALS.get(word)
        or (NUMERALS_AFTER_PART.get(word) if last in NUMBERED_WORDS else None)
        for last, word in zip(before, words, strict=False)
    )
    spelled = (
        number or ABBREVIATIONS.get(word, word)
        for number, word in zip(numbered, words, strict=True)
    )
    return " ".join(spelled) or normalize_name(name) or name.strip()


@lru_cache(maxsize=16384)
def similarity(a: str, b: str) -> float:
    """Return the similarity of two names, 0 to 1; 1 for equal comparison keys.

    Example:
        >>> similarity("The Beatles", "beatles")
        1.0
        >>> similarity("Shine On (Part II)", "Shine On (Part III)")
        0.5
        >>> similarity("Waltz in A-flat major", "Waltz in E-flat major")
        0.5
    """
    whole = _text_similarity(comparison_key(a), comparison_key(b))
    one, other = (
        split_asides(strip_guests_and_notes(a)),
        split_asides(strip_guests_and_notes(b)),
    )
    if bool(one[1]) != bool(other[1]) and one[0] and other[0]:
        short = _text_similarity(comparison_key(one[0]), comparison_key(other[0]))
        return max(whole, WITHOUT_ASIDES_FACTOR * short)
    return whole


@lru_cache(maxsize=16384)
def spelled_alike(a: str, b: str) -> bool:
    """Return whether two titles have the same letters and digits, in this order.

    Names of files lose brackets and apostrophes. Notes on the issue do not count.

    Example:
        >>> spelled_alike("Lets Go Radio Edit Explicit", "Let's Go (radio edit)")
        True
        >>> spelled_alike("Lets Go", "Let's Go (radio edit)")
        False
    """
    return _letters(a) == _letters(b) != ""


def _letters(title: str) -> str:
    words = normalize_name(strip_guests_and_notes(title))
    return ISSUE_TAIL.sub("", words).replace(" ", "")


def _text_similarity(a: str, b: str) -> float:
    ratio = fuzz.ratio(a, b) / 100
    numbers, others = _numbers(a), _numbers(b)
    if numbers and others and numbers != others:
        return min(ratio, OTHER_NUMBER_MAX)
    return min(ratio, OTHER_NUMBER_MAX) if _has_other_word(a, b) else ratio


def _has_other_word(a: str, b: str) -> bool:
    """Return whether two names of several words differ in a word, not in its spelling.

    "waltz in a flat" and "waltz in e flat" differ by a letter only, and "... slow" and
    "... grand" by little of a long name; each is another piece.
    """
    words, others = a.split(), b.split()
    if len(words) != len(others) or len(words) == 1:
        return False
    return any(
        _is_other_word(word, other)
        for word, other in zip(words, others, strict=True)
        if word != other
    )


def _is_other_word(word: str, other: str) -> bool:
    if frozenset((word, other)) in SPELLED_SHORT:
        return False
    if len(word) == len(other) == 1:
        return True
    return fuzz.ratio(word, other) / 100 < TYPO_FROM


def _numbers(name: str) -> list[str]:
    return [word.lstrip("0") for word in name.split() if word.isdecimal()]


def _is_issue_note(aside: str) -> bool:
    words = [word for word in normalize_name(aside).split() if not word.isdecimal()]
    return bool(words) and all(word in ISSUE_WORDS for word in words)
