"""What the tags of a passage say, right or wrong; beside what it is, by place."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from bench.wording import Dice, pick

from segued.matching.evidence import Piece, Release, Track
from segued.units import Seconds

__all__ = [
    "Places",
    "Tagger",
    "as_studio",
    "neighbours",
    "of_another",
    "right",
    "said_live",
    "swapped",
    "unnamed",
    "untagged",
    "without_album",
]

Places: TypeAlias = Sequence[tuple[Release, Track]]
"""What the passages of a folder are, in the order of their names."""

Tagger: TypeAlias = Callable[[Dice, Places, int], Piece]
"""Makes the tags of the passage with that number."""

TYPO_SHARE: Final = 0.04
DECORATED_SHARE: Final = 0.20
DECORATIONS: Final = (
    *(" - 2011 Remaster", " (Remastered 2009)", " (Album Version)", " [Explicit]"),
    *(" (Bonus Track)", " (feat. Nobody Else)", " - Mono"),
)


def right(dice: Dice, places: Places, nth: int) -> Piece:
    """Name the recording and its place as they are, as somebody typed it."""
    release, track = places[nth]
    return Piece(
        key=str(nth),
        order=nth,
        seconds=Seconds(0),
        title=_as_typed(dice, track.title, decorated=True),
        artist=_as_typed(dice, track.recording.artist, decorated=False),
        tagged=True,
        album=release.title,
        album_artist=release.artist,
        track=track.position,
    )


def said_live(dice: Dice, places: Places, nth: int) -> Piece:
    """Say in the title that it is live."""
    piece = right(dice, places, nth)
    said = pick(dice, (" (Live)", " - Live", f" ({places[nth][0].title})"))
    return replace(piece, title=f"{places[nth][1].title}{said}", track=None)


def untagged(dice: Dice, places: Places, nth: int) -> Piece:
    """Say nothing; half of the files are called after their songs."""
    title = places[nth][1].title.lower() if dice.random() < 1 / 2 else None
    return Piece(key=str(nth), order=nth, seconds=Seconds(0), title=title)


def swapped(dice: Dice, places: Places, nth: int) -> Piece:
    """Give two songs that follow each other each other's names."""
    other = min(nth ^ 1, len(places) - 1)
    piece = right(dice, places, other)
    return replace(piece, key=str(nth), order=nth)


def neighbours(dice: Dice, places: Places, nth: int) -> Piece:
    """Give each song the tags of the one after it."""
    piece = right(dice, places, (nth + 1) % len(places))
    return replace(piece, key=str(nth), order=nth)


def of_another(dice: Dice, places: Places, nth: int) -> Piece:
    """Name an artist who never played it."""
    piece = right(dice, places, nth)
    return replace(piece, artist="The Wrong Ones", album_artist="The Wrong Ones")


def as_studio(dice: Dice, places: Places, nth: int) -> Piece:
    """Say nothing of its being live, and name another album."""
    piece = right(dice, places, nth)
    return replace(piece, album="The Studio Album", track=None)


def unnamed(dice: Dice, places: Places, nth: int) -> Piece:
    """Give the tags of a program that knew nothing."""
    piece = right(dice, places, nth)
    return replace(
        piece,
        title=f"Track {nth + 1:02}",
        artist="Unknown Artist",
        album="Unknown Album",
        album_artist=None,
    )


def without_album(dice: Dice, places: Places, nth: int) -> Piece:
    """Say what it is called, and one time in two what album it is from."""
    piece = right(dice, places, nth)
    bare = replace(piece, album_artist=None, track=None)
    return replace(bare, album=None) if dice.random() < 1 / 2 else bare


def _as_typed(dice: Dice, name: str, *, decorated: bool) -> str:
    if decorated and dice.random() < DECORATED_SHARE:
        name += pick(dice, DECORATIONS)
    if dice.random() < 1 / 4:
        name = name.replace("&", "and")
    if dice.random() < 1 / 10:
        name = name.upper()
    if dice.random() < TYPO_SHARE:
        at = int(dice.integers(1, len(name)))
        name = name[:at] + name[at + 1 :]
    return name
