"""Find what could be played after a passage, or first."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segued.errors import NotFoundError
from segued.store.reading.query_conditions import (
    QUERY_SOURCE,
    Condition,
    query_condition,
    register_query_functions,
)
from segued.store.reading.reports import open_read_only
from segued.store.reading.similar import SimilarPassages
from segued.store.reading.word_hits import (
    PASSAGE_INDEX,
    find_hits,
    keys_of,
    possible_places,
)

__all__ = ["FollowingRequest", "FollowingSong", "following"]

NEAR_MAX: Final = 400
"""So many similar passages are looked at; if none of them is possible, any other is."""

DRAWN: Final = 100
"""So many passages, or files, are drawn at once."""

RARE_MAX: Final = 10_000
"""So many files, or passages, are looked at for a search that few fulfill."""

CHOSEN_PASSAGES: Final = """
    passages
    JOIN files ON files.id = passages.file_id
    JOIN file_index ON file_index.path = files.path
    JOIN passage_index ON passage_index.place = file_index.place
        AND passage_index.ordinal = passages.ordinal
"""
"""What `QUERY_SOURCE` joins, found by the ids of passages."""


@dataclass(frozen=True, slots=True)
class FollowingRequest:
    """What is asked for.

    Attributes:
        after: The id of the passage before; None: there is none.
        recent: Ids of passages that are not wanted again.
        query: What all options fulfill.
        is_similar: Whether they sound like the passage before; else they are random.
        count: How many options at most.
    """

    after: str | None
    recent: tuple[str, ...] = ()
    query: str = ""
    is_similar: bool = True
    count: int = 5


@dataclass(frozen=True, slots=True)
class FollowingSong:
    """A passage that could follow; the distance is that of the flavors, if known."""

    passage: str
    distance: float | None


def following(
    library: Path, similar: SimilarPassages, request: FollowingRequest
) -> list[FollowingSong]:
    """Return what could follow, the best first; nothing if the search finds nothing.

    Neither the passage before nor a recent one is among them, unless there is no other.

    Raises:
        NotFoundError: No passage has the id of `after`.
        QueryError: A condition of the search is invalid.
        StoreError: The library does not exist, or cannot be read.
    """
    condition = query_condition(request.query)
    with open_read_only(library) as database:
        register_query_functions(database)
        if request.after is not None:
            _check_exists(database, request.after)
        if request.is_similar and request.after is not None:
            found = _similar_songs(database, similar, request, condition)
            if found:
                return found
        before = [] if request.after is None else [request.after]
        for unwanted in ([*request.recent, *before], before):
            found = _random_songs(database, condition, request.count, unwanted)
            if found:
                return found
        return _random_songs(database, condition, request.count, [])


def _check_exists(database: sqlite3.Connection, passage: str) -> None:
    row = database.execute("SELECT 1 FROM passages WHERE id = ?", [passage]).fetchone()
    if row is None:
        raise NotFoundError(f"no passage has the id {passage}")


def _similar_songs(
    database: sqlite3.Connection,
    similar: SimilarPassages,
    request: FollowingRequest,
    condition: Condition,
) -> list[FollowingSong]:
    """Return the nearest passages by other artists; none without a flavor."""
    after = request.after or ""
    try:
        near = similar.nearest_songs(after, NEAR_MAX)
    except NotFoundError:
        return []
    near = [each for each in near if each[0] not in request.recent]
    marks = ", ".join("?" for _ in near)
    rows = database.execute(
        f"SELECT passages.id FROM {CHOSEN_PASSAGES}"  # noqa: S608
        f" WHERE passages.id IN ({marks}) AND {condition.sql}",
        [*(passage for passage, _ in near), *condition.values],
    )
    possible = {row["id"] for row in rows}
    found = [FollowingSong(*each) for each in near if each[0] in possible]
    return found[: request.count]


def _random_songs(
    database: sqlite3.Connection,
    condition: Condition,
    count: int,
    unwanted: Sequence[str],
) -> list[FollowingSong]:
    """Return random passages: of some that are drawn, or of all, if these are rare."""
    found: set[str] = set()
    for passages in _drawn_passages(database, condition):
        found |= passages - {*unwanted}
        if len(found) >= count:
            break
    chosen = random.sample(sorted(found), min(count, len(found)))
    return [FollowingSong(each, None) for each in chosen]


def _drawn_passages(
    database: sqlite3.Connection, condition: Condition
) -> Iterator[set[str]]:
    """Yield passages that fulfill a condition, drawn by lot, some at a time."""
    last = database.execute("SELECT max(rowid) FROM passages").fetchone()[0] or 0
    drawn = random.sample(range(1, last + 1), min(DRAWN, last))
    yield _fulfilling(
        database, f"{CHOSEN_PASSAGES} WHERE passages.rowid", drawn, condition
    )
    places = possible_places(database, condition)
    if places is None:
        hits = find_hits(database, PASSAGE_INDEX, condition, RARE_MAX)
        yield {*keys_of(database, PASSAGE_INDEX, hits)}
        return
    places = random.sample(places, min(RARE_MAX, len(places)))
    for start in range(0, len(places), DRAWN):
        some = places[start : start + DRAWN]
        yield _fulfilling(
            database, f"{QUERY_SOURCE} WHERE passage_index.place", some, condition
        )


def _fulfilling(
    database: sqlite3.Connection, column: str, keys: list[int], condition: Condition
) -> set[str]:
    rows = database.execute(
        f"SELECT passage_index.passage_id FROM {column}"  # noqa: S608
        f" IN ({', '.join(map(str, keys))}) AND {condition.sql}",
        condition.values,
    )
    return {row["passage_id"] for row in rows}
