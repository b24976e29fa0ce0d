"""What could follow a passage."""

import pytest

from segued.errors import NotFoundError
from segued.store.database import Store
from segued.store.reading import following as store_following
from segued.store.reading.following import FollowingRequest, following
from segued.store.reading.similar import SimilarPassages
from tests.store.reading.test_similar import add_song, moods


async def test_what_follows_sounds_alike_and_is_by_others(store: Store) -> None:
    """The nearest first; not the recent ones, not the artist's own, as searched."""

    def fill() -> list[str]:
        return [
            add_song(
                f"{n}.flac", moods(n / 10), artist="same" if n < 2 else f"band {n}"
            )
            for n in range(8)
        ]

    ids = await store.do(fill)
    similar = SimilarPassages(store.path)

    def options(**wanted: object) -> list[int]:
        request = FollowingRequest(ids[0], **wanted)  # type: ignore[arg-type]
        songs = following(store.path, similar, request)
        return [ids.index(each.passage) for each in songs]

    assert options(count=3) == [2, 3, 4]
    assert options(recent=(ids[2], ids[4]), count=2) == [3, 5]
    assert options(query="artist:band path:6") == [6]
    assert options(query="artist:nobody") == []
    assert sorted(options(is_similar=False, count=50)) == list(range(1, 8))


async def test_without_a_flavor_anything_else_follows(store: Store) -> None:
    """A recent song comes again only if there is no other."""
    ids = await store.do(lambda: [add_song(f"{n}", {}) for n in range(3)])
    similar = SimilarPassages(store.path)

    def options(after: str | None, *recent: str) -> set[str]:
        request = FollowingRequest(after, recent)
        return {each.passage for each in following(store.path, similar, request)}

    assert options(None) == set(ids)
    assert options(ids[0]) == set(ids[1:])
    assert options(ids[0], ids[1]) == {ids[2]}
    assert options(ids[0], *ids) == set(ids[1:])
    with pytest.raises(NotFoundError):
        options("nobody")


async def test_a_library_of_one_song_repeats_it(store: Store) -> None:
    """A station has no silence."""
    only = await store.do(add_song, "one", {})

    (found,) = following(
        store.path, SimilarPassages(store.path), FollowingRequest(only, (only,))
    )

    assert found.passage == only


async def test_a_rare_search_is_found_among_many_songs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where none of the songs that are drawn fulfills it."""
    monkeypatch.setattr(store_following, "DRAWN", 1)

    def fill() -> list[str]:
        return [
            add_song(f"{n}.flac", {}, artist="q7" if n % 20 == 7 else "other")
            for n in range(60)
        ]

    ids = await store.do(fill)
    similar = SimilarPassages(store.path)
    for query in ("q7", "artist:q7", "artist:q7 path:flac", "q7 -year:1990"):
        songs = following(store.path, similar, FollowingRequest(None, (), query))
        expected = [] if "year" in query else ids[7::20]
        assert sorted(each.passage for each in songs) == sorted(expected)
