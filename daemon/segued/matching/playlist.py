"""Which passages follow each other in a playlist of similar ones.

No artist comes again within some songs, and no song twice. A passage without an artist
is no reason to wait.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from segued.matching.flavor_distance import ShareArray

__all__ = ["PlaylistSong", "path_between", "similar_to"]

WAITING_MAX: Final = 1_000
STEPS_MAX: Final = 1_000
TRIES: Final = 4
"""How often a way is laid anew because it was too long or too short."""


@dataclass(frozen=True, slots=True)
class PlaylistSong:
    """A passage that may be chosen.

    Attributes:
        artist: A key of its artist; empty: not known.
        song: A key of its song: other passages with it are the same song.
    """

    passage: str
    artist: str
    song: str
    length_ticks: int


def similar_to(
    first: PlaylistSong,
    nearest: Iterable[PlaylistSong],
    length_ticks: int,
    artist_gap: int,
) -> list[PlaylistSong]:
    """Return a passage and those that sound like it, until they are long enough.

    Args:
        first: The first passage.
        nearest: The others, the nearest first.
        length_ticks: The length of all together; the last one may exceed it.
        artist_gap: An artist is not among so many passages before.
    """
    chosen = [first]
    total = first.length_ticks
    waiting: list[PlaylistSong] = []
    songs = {first.song}
    others = iter(nearest)
    while total < length_ticks:
        found = _first_possible(waiting, chosen, artist_gap)
        while found is None and len(waiting) < WAITING_MAX:
            candidate = next(others, None)
            if candidate is None:
                break
            if candidate.song in songs:
                continue
            songs.add(candidate.song)
            if _is_possible(candidate, chosen, artist_gap):
                found = candidate
            else:
                waiting.append(candidate)
        if found is None:
            break
        if found in waiting:
            waiting.remove(found)
        chosen.append(found)
        total += found.length_ticks
    return chosen


def path_between(
    ends: tuple[PlaylistSong, PlaylistSong],
    vectors: tuple[ShareArray, ShareArray],
    nearest: Callable[[ShareArray], Iterable[PlaylistSong]],
    length_ticks: int,
    artist_gap: int,
) -> list[PlaylistSong]:
    """Return a way from one passage to another in steps of equal size.

    Each step is the passage next to a point on the straight line between the two
    flavors. The number of steps is changed until the length is right.

    Args:
        ends: The first and the last passage.
        vectors: Their flavors.
        nearest: Returns passages near a flavor, the nearest first.
        length_ticks: The length of all together, about.
        artist_gap: An artist is not among so many passages before.
    """
    steps = 2
    usual = sum(each.length_ticks for each in ends) / 2
    way: list[PlaylistSong] = list(ends)
    for _ in range(TRIES):
        steps = max(1, min(STEPS_MAX, round(length_ticks / usual) - 1))
        way = _way(ends, vectors, nearest, steps, artist_gap)
        total = sum(each.length_ticks for each in way)
        if abs(total - length_ticks) <= usual or len(way) < steps + 1:
            break
        usual = total / len(way)
    return way


def _way(
    ends: tuple[PlaylistSong, PlaylistSong],
    vectors: tuple[ShareArray, ShareArray],
    nearest: Callable[[ShareArray], Iterable[PlaylistSong]],
    steps: int,
    artist_gap: int,
) -> list[PlaylistSong]:
    first, last = ends
    chosen = [first]
    songs = {first.song, last.song}
    for step in range(1, steps):
        share = step / steps
        # What only one of the two has is not known on the way.
        point = np.asarray((1 - share) * vectors[0] + share * vectors[1])
        is_near_end = steps - step <= artist_gap
        for candidate in nearest(point):
            if candidate.song in songs or (
                is_near_end and candidate.artist and candidate.artist == last.artist
            ):
                continue
            if _is_possible(candidate, chosen, artist_gap):
                chosen.append(candidate)
                songs.add(candidate.song)
                break
    return [*chosen, last]


def _first_possible(
    waiting: Sequence[PlaylistSong], chosen: Sequence[PlaylistSong], artist_gap: int
) -> PlaylistSong | None:
    for candidate in waiting:
        if _is_possible(candidate, chosen, artist_gap):
            return candidate
    return None


def _is_possible(
    candidate: PlaylistSong, chosen: Sequence[PlaylistSong], artist_gap: int
) -> bool:
    """Return whether an artist is not among the last passages."""
    recent = chosen[max(0, len(chosen) - artist_gap) :] if artist_gap else ()
    return not candidate.artist or all(
        each.artist != candidate.artist for each in recent
    )
