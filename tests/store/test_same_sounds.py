"""Pairs of sounds with the same recording: `segued.store.same_sounds`."""

from segued.store.database import Store
from segued.store.same_sounds import SoundPair, index_sound, save_pairs
from segued.store.schema.sounds import SameSound
from segued.units import Ticks

ITEMS = (3, 5, 7)


def pair_with(other: str, offset: int = 0) -> SoundPair:
    """Return a pair with another sound."""
    return SoundPair(other, Ticks(offset), error=0.0, spread_db=0.5)


def stored() -> set[tuple[str, str, int]]:
    """Return the stored pairs."""
    return {
        (each.audio_hash, each.other_hash, each.offset_ticks)
        for each in SameSound.select()
    }


async def test_two_files_at_the_same_time_are_a_pair(store: Store) -> None:
    """The second finds the first, which is saved last and has found nothing."""
    assert await store.do(index_sound, "first", ITEMS) == []
    assert await store.do(index_sound, "second", ITEMS) == ["first"]
    await store.do(save_pairs, "second", [pair_with("first", 40)], ["first"])
    await store.do(save_pairs, "first", [], [])

    assert await store.do(stored) == {("first", "second", -40), ("second", "first", 40)}


async def test_what_no_longer_matches_is_removed(store: Store) -> None:
    """Of the sounds that were compared; of all, when a file is cut into songs."""
    others = ["two", "three"]
    await store.do(save_pairs, "one", [pair_with(each) for each in others], others)
    new = await store.do(save_pairs, "one", [pair_with("three")], others)
    after = await store.do(stored)
    await store.do(save_pairs, "one", [], None)

    assert new == []
    assert after == {("one", "three", 0), ("three", "one", 0)}
    assert await store.do(stored) == set()
