"""What the tags of a passage say, right or wrong; beside what it is, by place."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from bench.synthetic_names import Dice, pick

from segued.matching.evidence import PassageEvidence, Release, Track
from segued.units import Seconds

__all__ = [
    "Places",
    "Tagger",
    "correct_tags",
    "live_in_title",
    "loose_song_tags",
    "no_tags",
    "placeholder_tags",
    "swapped_titles",
    "tagged_as_studio",
    "tags_of_next_song",
    "wrong_artist",
]

Places: TypeAlias = Sequence[tuple[Release, Track]]
"""What the passages of a folder are, in the order of their names."""

Tagger: TypeAlias = Callable[[Dice, Places, int], PassageEvidence]
"""Makes the tags of the passage with that number."""

TYPO_SHARE: Final = 0.04
DECORATED_SHARE: Final = 0.20
DECORATIONS: Final = (
    *(" - 2011 Remaster", " (Remastered 2009)", " (Album Version)", " [Explicit]"),
    *(" (Bonus Track)", " (feat. Nobody Else)", " - Mono"),
)


def correct_tags(dice: Dice, places: Places, nth: int) -> PassageEvidence:
    """Name the recording and its place as they are, as somebody typed it."""
    release, track = places[nth]
    return PassageEvidence(
        key=str(nth),
        order=nth,
        seconds=Seconds(0),
        title=_with_typos(dice, track.title, decorated=True),
        artist=_with_typos(dice, track.recording.artist, decorated=False),
        tagged=True,
        album=release.title,
        album_artist=release.artist,
        track=track.position,
    )


def live_in_title(dice: Dice, places: Places, nth: int) -> PassageEvidence:
    """Say in the title that it is live."""
    piece = correct_tags(dice, places, nth)
    said = pick(dice, (" (Live)", " - Live", f" ({places[nth][0].title})"))
    return replace(piece, title=f"{places[nth][1].title}{said}", track=None)


def no_tags(dice: Dice, places: Places, nth: int) -> PassageEvidence:
    """Say nothing; half of the files are called after their songs."""
    title = places[nth][1].title.lower() if dice.random() < 1 / 2 else None
    return PassageEvidence(key=str(nth), order=nth, seconds=Seconds(0), title=title)


def swapped_titles(dice: Dice, places: Places, nth: int) -> PassageEvidence:
    """Give two songs that follow each other each other's names."""
    other = min(nth ^ 1, len(places) - 1)
    piece = correct_tags(dice, places, other)
    return replace(piece, key=str(nth), order=nth)


def tags_of_next_song(dice: Dice, places: Places, nth: int) -> PassageEvidence:
    """Give each song the tags of the one after it."""
    piece = correct_tags(dice, places, (nth + 1) % len(places))
    return replace(piece, key=str(nth), order=nth)


def wrong_artist(dice: Dice, places: Places, nth: int) -> PassageEvidence:
    """Name an artist who never played it."""
    piece = correct_tags(dice, places, nth)
    return replace(piece, artist="The Wrong Ones", album_artist="The Wrong Ones")


def tagged_as_studio(dice: Dice, places: Places, nth: int) -> PassageEvidence:
    """Say nothing of its being live, and name another album."""
    piece = correct_tags(dice, places, nth)
    return replace(piece, album="The Studio Album", track=None)


def placeholder_tags(dice: Dice, places: Places, nth: int) -> PassageEvidence:
    """Give the tags of a program that knew nothing."""
    piece = correct_tags(dice, places, nth)
    return replace(
        piece,
        title=f"Track {nth + 1:02}",
        artist="Unknown Artist",
        album="Unknown Album",
        album_artist=None,
    )


def loose_song_tags(dice: Dice, places: Places, nth: int) -> PassageEvidence:
    """Say what it is called, and one time in two what album it is from."""
    piece = correct_tags(dice, places, nth)
    bare = replace(piece, album_artist=None, track=None)
    return replace(bare, album=None) if dice.random() < 1 / 2 else bare


def _with_typos(dice: Dice, name: str, *, decorated: bool) -> str:
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
