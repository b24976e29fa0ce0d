"""The tracks that an album lacks, as far as the tags tell how many there are."""

import json
from collections.abc import Iterable
from typing import Final

__all__ = ["missing_tracks", "missing_tracks_json"]

TRACKS_MAX: Final = 200
"""A higher number of a track is an error in the tags."""


def missing_tracks(
    places: Iterable[tuple[int, int]], disc_total: int | None, track_total: int | None
) -> list[tuple[int, int]]:
    """Return disc and number of each track below the highest known number.

    Args:
        places: Disc and number of each track; the number is 0 if it is not known.
        disc_total: The number of discs in the tags.
        track_total: The number of tracks in the tags, which is that of one disc.

    Example:
        >>> missing_tracks([(1, 1), (1, 4)], None, 5)
        [(1, 2), (1, 3), (1, 5)]
    """
    missing: list[tuple[int, int]] = []
    by_disc: dict[int, set[int]] = {}
    for disc, track in places:
        by_disc.setdefault(disc, set()).add(track)
    for disc, numbers in sorted(by_disc.items()):
        highest = max(numbers)
        if len(by_disc) == 1 and (disc_total or 1) == 1:
            highest = max(highest, min(track_total or 0, TRACKS_MAX))
        missing += [
            (disc, number)
            for number in range(1, min(highest, TRACKS_MAX) + 1)
            if number not in numbers
        ]
    return missing if any(max(each) for each in by_disc.values()) else []


def missing_tracks_json(
    places: str, disc_total: int | None, track_total: int | None
) -> str:
    """Return the same as JSON, for SQL."""
    pairs = [(int(disc), int(track)) for disc, track in json.loads(places)]
    return json.dumps(missing_tracks(pairs, disc_total, track_total))
