"""Passages that sound alike, as the library changes."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from segued.errors import NotFoundError
from segued.matching.flavor import CHARACTERISTICS
from segued.matching.flavor_distance import METRICS, distances
from segued.model import FileStatus
from segued.store import passages
from segued.store.database import Store
from segued.store.reading.similar import (
    PlaylistRequest,
    SimilarPassages,
    passage_at,
)
from segued.store.schema.files import File, Passage
from segued.units import TICKS_PER_SECOND
from tests.store.reading.test_searches import MUSIC, add_file, record

Shares = dict[str, dict[str, float]]


def moods(relaxed: float) -> Shares:
    """Return a flavor on the line between two moods."""
    return {
        "mood_relaxed": {"relaxed": relaxed, "not_relaxed": 1 - relaxed},
        "genre_electronic": dict.fromkeys(CHARACTERISTICS["genre_electronic"], 0.2),
    }


def random_flavor(dice: np.random.Generator) -> Shares:
    """Return a flavor with most characteristics."""
    found: Shares = {}
    for name, classes in CHARACTERISTICS.items():
        if dice.random() < 0.8:
            shares = dice.dirichlet(np.ones(len(classes)))
            found[name] = dict(zip(classes, map(float, shares), strict=True))
    return found


def add_song(
    name: str,
    shares: Shares,
    artist: str = "",
    source: str = "musicnn",
    **more: Any,  # noqa: ANN401
) -> str:
    """Store a song with a flavor; return the id of its passage."""
    title = more.get("title", name)
    file = add_file(name.encode(), record(0, 200, title=title, artist=artist or name))
    (passage,) = passages.ids_for_file(file)
    set_flavor(passage, shares, source)
    return passage


def set_flavor(passage: str, shares: Shares, source: str = "musicnn") -> None:
    """Give a passage another flavor."""
    text = json.dumps({"characteristics": shares})
    Passage.update(flavor=text, flavor_source=source).where(
        Passage.id == passage
    ).execute()


@pytest.mark.parametrize("metric", METRICS)
async def test_the_nearest_are_those_of_a_full_comparison(
    store: Store, metric: str
) -> None:
    """Exactly, of random flavors with different characteristics."""
    dice = np.random.default_rng(5)
    flavors = [random_flavor(dice) for _ in range(300)]

    def fill() -> list[str]:
        return [add_song(f"{n:03}.flac", flavor) for n, flavor in enumerate(flavors)]

    ids = await store.do(fill)
    similar = SimilarPassages(store.path)

    for number in (0, 7, 299):
        found = similar.nearest(ids[number], 20, metric).similar
        expected = distances(flavors[number], flavors, metric)
        others = sorted(
            (value, each)
            for value, each in zip(expected.tolist(), ids, strict=True)
            if each != ids[number]
        )
        assert [each.passage_id for each in found] == [each for _, each in others[:20]]
        assert [each.distance for each in found] == pytest.approx(
            [value for value, _ in others[:20]], abs=2e-6
        )


async def test_the_arrays_follow_the_library(store: Store) -> None:
    """After any change of passages, they are those of a new read."""

    def fill() -> list[str]:
        return [add_song(f"{n}.flac", moods(n / 10)) for n in range(10)]

    ids = await store.do(fill)
    similar = SimilarPassages(store.path)

    def near(passage: str) -> list[tuple[str, float]]:
        fresh = SimilarPassages(store.path).nearest(passage, 20, "squares")
        known = similar.nearest(passage, 20, "squares")
        assert known == fresh
        return [(each.path, each.distance) for each in known.similar]

    assert len(near(ids[0])) == 9
    assert near(ids[0])[0][0].endswith("/1.flac")
    await store.do(set_flavor, ids[9], moods(0.01))
    assert near(ids[0])[0][0].endswith("/9.flac")
    await store.do(add_song, "new.flac", moods(0.001))
    assert near(ids[0])[0][0].endswith("/new.flac")
    await store.do(set_flavor, ids[1], moods(0.1), "essentia")
    assert len(near(ids[0])) == 9

    def lose() -> None:
        file = File.get(File.path == MUSIC + b"/9.flac")
        File.update(status=FileStatus.MISSING).where(File.id == file.id).execute()
        Passage.delete().where(Passage.id == ids[8]).execute()

    await store.do(lose)
    assert len(near(ids[0])) == 7
    with pytest.raises(NotFoundError):
        similar.nearest(ids[8], 1, "squares")


async def test_sources_are_not_compared(store: Store) -> None:
    """Neither in a search nor as the ends of a way; measures alone are no flavor."""

    def fill() -> tuple[str, str, str]:
        return (
            add_song("a", moods(0.5)),
            add_song("b", moods(0.5), source="essentia"),
            add_song("c", {}),
        )

    one, other, none = await store.do(fill)
    similar = SimilarPassages(store.path)

    assert similar.nearest(one, 5, "squares").similar == []
    with pytest.raises(NotFoundError, match="musicnn and essentia"):
        similar.playlist(PlaylistRequest(one, other, 1, 0))
    with pytest.raises(NotFoundError, match="no flavor"):
        similar.nearest(none, 5, "squares")


async def test_a_way_goes_from_one_song_to_another(store: Store) -> None:
    """By equal steps, for the length, with no artist again within the gap."""

    def fill() -> list[str]:
        return [
            add_song(f"{n:03}", moods(n / 100), artist=f"artist {n % 7}")
            for n in range(101)
        ]

    ids = await store.do(fill)
    similar = SimilarPassages(store.path)
    hour = 3_600 * TICKS_PER_SECOND

    way = [
        ids.index(e)
        for e in similar.playlist(PlaylistRequest(ids[0], ids[100], hour, 3))
    ]
    like = [
        ids.index(e) for e in similar.playlist(PlaylistRequest(ids[50], None, hour, 3))
    ]

    assert (way[0], way[-1], len(way)) == (0, 100, 18)
    assert way == sorted(way)
    assert max(b - a for a, b in pairwise(way)) <= 10
    assert like[0] == 50
    assert len(like) == len(set(like)) == 18
    assert all(abs(each - 50) <= 20 for each in like)
    for songs in (way, like):
        artists = [each % 7 for each in songs]
        assert all(
            artists[at] not in artists[max(0, at - 3) : at] for at in range(len(songs))
        )


async def test_a_song_is_not_there_twice(store: Store) -> None:
    """Another file with artist and title of the first is the same song."""

    def fill() -> list[str]:
        names = ("a.mp3", "a.flac", "b.mp3")
        return [
            add_song(name, moods(0.5), artist=name[0], title=name[0]) for name in names
        ]

    first, _, other = await store.do(fill)
    day = 86_400 * TICKS_PER_SECOND

    found = SimilarPassages(store.path).playlist(PlaylistRequest(first, None, day, 5))

    assert found == [first, other]
    assert passage_at(store.path, MUSIC + b"/b.mp3", 1) == other
    assert passage_at(store.path, MUSIC + b"/b.mp3", 2) is None
