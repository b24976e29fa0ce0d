"""Names as they compare: without case, accents, punctuation or spacing."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

__all__ = [
    "comparable",
    "key",
    "names_nothing",
    "normalised",
    "parted",
    "similarity",
    "stripped",
]

ASIDE: Final = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}")
SUFFIX: Final = re.compile(r"\s[-–—]\s+([^-–—]+)$")  # noqa: RUF001
GUEST: Final = re.compile(r"\s(?:feat|ft|featuring)\b\.?\s.*$", re.IGNORECASE)
GUEST_ASIDE: Final = re.compile(r"^(?:feat|ft|featuring|with)\b", re.IGNORECASE)
THE_LAST: Final = re.compile(r"^(.*), the$", re.IGNORECASE)

FILLER: Final = re.compile(
    r"(?:audio ?)?(?:track|titel|piste|pista|traccia) ?\d*"
    r"|unknown(?: artist| title)?|untitled track \d+"
)
"""What programs call what they know nothing of."""

PRINTED: Final = frozenset(
    (
        *("remaster", "remastered", "remastering", "digital", "digitally", "mono"),
        *("stereo", "album", "single", "lp", "ep", "original", "bonus", "track"),
        *("explicit", "clean", "version", "deluxe", "edition", "anniversary", "hd"),
    )
)
"""Words on how a recording was issued; they do not make it another one."""

NUMBERED: Final = frozenset(("part", "pt", "no", "op", "vol", "volume", "number"))
ABBREVIATED: Final = {"pt": "part", "vol": "volume"}
NUMERALS: Final = {
    **dict(zip(("ii", "iii", "iv"), "234", strict=True)),
    **dict(zip(("vi", "vii", "viii", "ix"), "6789", strict=True)),
}
NUMERALS_AFTER: Final = {
    **dict(zip(("one", "two", "three", "four"), "1234", strict=True)),
    **dict(zip(("five", "six", "seven", "eight"), "5678", strict=True)),
    **dict(zip(("i", "v", "x"), ("1", "5", "10"), strict=True)),
}
"""What counts as a number behind "part" and its like, but is a word elsewhere."""

OTHER_NUMBER: Final = 0.5
"""How alike "Part 1" and "Part 2" are at most."""

SHORTENED: Final = 0.9
"""How alike a name is to itself without its brackets."""


def normalised(name: str) -> str:
    """Return a name as it is compared with others.

    Example:
        >>> normalised("  Björk -  Jóga! ")
        'bjork joga'
    """
    folded = unicodedata.normalize("NFKD", name.casefold())
    kept = (
        character if character.isalnum() else " "
        for character in folded
        if not unicodedata.combining(character)
    )
    return " ".join("".join(kept).split())


def key(*names: str) -> str:
    r"""Return what tells apart a thing known by its names alone.

    Names made of nothing but punctuation are told apart as they are.

    Example:
        >>> key("Björk", "Jóga")
        'bjork\x1fjoga'
        >>> key("!!!")
        '!!!'
    """
    return "\x1f".join(normalised(name) or name.strip() for name in names)


def names_nothing(name: str) -> bool:
    """Say whether a name is what a program put where it knew none.

    Example:
        >>> [names_nothing(name) for name in ("Track 07", "Unknown Artist", "Track")]
        [True, True, True]
    """
    return bool(FILLER.fullmatch(normalised(name)))


@lru_cache(maxsize=4096)
def parted(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a name without its asides, and those: in brackets or after a dash.

    Example:
        >>> parted("Jóga (Alec Empire mix) - Live")
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
def stripped(name: str) -> str:
    """Return a name without guests and without notes on how it was issued.

    Example:
        >>> stripped("Jóga (feat. Nobody) [Bonus Track] - 2011 Remaster")
        'Jóga'
    """
    for found in ASIDE.finditer(name):
        inside = "".join(filter(None, found.groups()))
        if GUEST_ASIDE.match(inside.strip()) or _is_printed(inside):
            name = name.replace(found.group(), " ", 1)
    while (after := SUFFIX.search(name.rstrip())) and _is_printed(after.group(1)):
        name = name[: after.start()]
    return " ".join(GUEST.sub("", name).split())


@lru_cache(maxsize=4096)
def comparable(name: str) -> str:
    """Return what is left of a name when another is held against it.

    Example:
        >>> comparable("The Mamas & the Papas feat. Nobody")
        'mamas and the papas'
        >>> comparable("Beatles, The")
        'beatles'
    """
    bare = THE_LAST.sub(r"\1", stripped(name))
    words = normalised(re.sub(r"[&+]", " and ", bare)).split()
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    before = ("", *words)
    numbered = (
        NUMERALS.get(word) or (NUMERALS_AFTER.get(word) if last in NUMBERED else None)
        for last, word in zip(before, words, strict=False)
    )
    same = (
        number or ABBREVIATED.get(word, word)
        for number, word in zip(numbered, words, strict=True)
    )
    return " ".join(same) or normalised(name) or name.strip()


@lru_cache(maxsize=16384)
def similarity(a: str, b: str) -> float:
    """Return how alike two names are, 0 to 1.

    Example:
        >>> similarity("The Beatles", "beatles")
        1.0
        >>> similarity("Shine On (Part II)", "Shine On (Part III)")
        0.5
    """
    whole = _alike(comparable(a), comparable(b))
    one, other = parted(stripped(a)), parted(stripped(b))
    if bool(one[1]) != bool(other[1]) and one[0] and other[0]:
        short = _alike(comparable(one[0]), comparable(other[0]))
        return max(whole, SHORTENED * short)
    return whole


def _alike(a: str, b: str) -> float:
    alike = fuzz.ratio(a, b) / 100
    numbers, others = _numbers(a), _numbers(b)
    if numbers and others and numbers != others:
        return min(alike, OTHER_NUMBER)
    return alike


def _numbers(name: str) -> list[str]:
    return [word.lstrip("0") for word in name.split() if word.isdecimal()]


def _is_printed(aside: str) -> bool:
    words = [word for word in normalised(aside).split() if not word.isdecimal()]
    return bool(words) and all(word in PRINTED for word in words)
