"""Right and wrong tags of a passage, from its true release and track."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from bench.synthetic_names import Rng, pick

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
"""True release and track of each passage of a folder, in the order of file names."""

Tagger: TypeAlias = Callable[[Rng, Places, int], PassageEvidence]
"""Returns the tags of the passage with a number, as evidence."""

TYPO_SHARE: Final = 0.04
DECORATED_SHARE: Final = 0.20
DECORATIONS: Final = (
    " - 2011 Remaster",
    " (Remastered 2009)",
    " (Album Version)",
    " [Explicit]",
    " (Bonus Track)",
    " (feat. Nobody Else)",
    " - Mono",
)


def correct_tags(rng: Rng, places: Places, nth: int) -> PassageEvidence:
    """Return right tags, with typos and decorated titles."""
    release, track = places[nth]
    return PassageEvidence(
        key=str(nth),
        order=nth,
        seconds=Seconds(0),
        title=_with_typos(rng, track.title, decorated=True),
        artist=_with_typos(rng, track.recording.artist, decorated=False),
        tagged=True,
        album=release.title,
        album_artist=release.artist,
        track=track.position,
    )


def live_in_title(rng: Rng, places: Places, nth: int) -> PassageEvidence:
    """Return right tags with "live" in the title, and without a track number."""
    piece = correct_tags(rng, places, nth)
    suffix = pick(rng, (" (Live)", " - Live", f" ({places[nth][0].title})"))
    return replace(piece, title=f"{places[nth][1].title}{suffix}", track=None)


def no_tags(rng: Rng, places: Places, nth: int) -> PassageEvidence:
    """Return no tags; for half of the files, the file name is the title."""
    title = places[nth][1].title.lower() if rng.random() < 1 / 2 else None
    return PassageEvidence(key=str(nth), order=nth, seconds=Seconds(0), title=title)


def swapped_titles(rng: Rng, places: Places, nth: int) -> PassageEvidence:
    """Return the tags of the other song of a pair of consecutive songs."""
    other = min(nth ^ 1, len(places) - 1)
    piece = correct_tags(rng, places, other)
    return replace(piece, key=str(nth), order=nth)


def tags_of_next_song(rng: Rng, places: Places, nth: int) -> PassageEvidence:
    """Return the tags of the next song."""
    piece = correct_tags(rng, places, (nth + 1) % len(places))
    return replace(piece, key=str(nth), order=nth)


def wrong_artist(rng: Rng, places: Places, nth: int) -> PassageEvidence:
    """Return the tags with another artist."""
    piece = correct_tags(rng, places, nth)
    return replace(piece, artist="The Wrong Ones", album_artist="The Wrong Ones")


def tagged_as_studio(rng: Rng, places: Places, nth: int) -> PassageEvidence:
    """Return the tags without a hint that the recording is live, with another album."""
    piece = correct_tags(rng, places, nth)
    return replace(piece, album="The Studio Album", track=None)


def placeholder_tags(rng: Rng, places: Places, nth: int) -> PassageEvidence:
    """Return the placeholders of a ripping program without a database."""
    piece = correct_tags(rng, places, nth)
    return replace(
        piece,
        title=f"Track {nth + 1:02}",
        artist="Unknown Artist",
        album="Unknown Album",
        album_artist=None,
    )


def loose_song_tags(rng: Rng, places: Places, nth: int) -> PassageEvidence:
    """Return title and artist, and for half of the songs the album."""
    piece = correct_tags(rng, places, nth)
    bare = replace(piece, album_artist=None, track=None)
    return replace(bare, album=None) if rng.random() < 1 / 2 else bare


def _with_typos(rng: Rng, name: str, *, decorated: bool) -> str:
    if decorated and rng.random() < DECORATED_SHARE:
        name += pick(rng, DECORATIONS)
    if rng.random() < 1 / 4:
        name = name.replace("&", "and")
    if rng.random() < 1 / 10:
        name = name.upper()
    if rng.random() < TYPO_SHARE:
        at = int(rng.integers(1, len(name)))
        name = name[:at] + name[at + 1 :]
    return name
