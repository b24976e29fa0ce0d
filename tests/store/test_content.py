"""Copies, moves and heirs: `segued.store.duplicates`."""

import asyncio

from segued.errors import DecodeError
from segued.model import FileStatus, Found
from segued.store import duplicates, files, requeue
from segued.store.database import Store
from tests.store.shelf import Shelf, found


async def test_the_second_of_two_equal_files_is_a_duplicate(store: Store) -> None:
    """And both are linked to each other, once."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    await shelf.hash("a", "same")
    await shelf.finish("a")

    claim = await shelf.hash("b", "same")

    assert claim.status is FileStatus.DUPLICATE
    assert claim.other_path == b"/music/a"
    assert await shelf.look() == {"a": "INGEST COMPLETE", "b": "DUPLICATE HASH"}
    assert await shelf.links() == {"a": {"b"}, "b": {"a"}}


async def test_of_two_in_flight_exactly_one_goes_on(store: Store) -> None:
    """Neither is finished when the other asks; still only one is imported."""
    shelf = Shelf(store)
    await shelf.walk("a", "b", "c")

    claims = await asyncio.gather(*(shelf.hash(name, "same") for name in "abc"))

    statuses = [claim.status for claim in claims]
    assert statuses.count(None) == 1
    assert statuses.count(FileStatus.DUPLICATE) == 2
    assert await shelf.links() == {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}


async def test_other_bytes_are_not_linked(store: Store) -> None:
    """A different content is nobody's duplicate."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    await shelf.hash("a", "one")

    assert (await shelf.hash("b", "other")).status is None
    assert await shelf.links() == {"a": set(), "b": set()}


async def test_a_duplicate_takes_the_place_of_a_failed_original(store: Store) -> None:
    """It is tried from its hashing on, and claims the content."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    await shelf.hash("a", "same")
    await shelf.hash("b", "same")

    original = await shelf.file("a")
    error = DecodeError(original.path, "no sound")
    await store.do(files.fail, original.id, 4, error)

    assert await shelf.look() == {"a": "FAILED", "b": "PENDING"}
    assert (await shelf.hash("b", "same")).status is None


async def test_a_duplicate_takes_the_place_of_a_missing_original(store: Store) -> None:
    """It takes over the original's id, and with it all that is known."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    await shelf.hash("a", "same")
    await shelf.finish("a")
    await shelf.hash("b", "same")
    original = await shelf.file("a")

    await shelf.walk("b")
    assert await shelf.look() == {"a": "MISSING", "b": "PENDING"}
    claim = await shelf.hash("b", "same")

    assert claim.status is FileStatus.PENDING
    assert await shelf.look() == {"b": "PENDING"}
    assert (await shelf.file("b")).id == original.id


async def test_a_renamed_original_keeps_its_id_before_its_duplicates(
    store: Store,
) -> None:
    """Its inode tells: the duplicate is not asked to take a place that is kept."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    await shelf.hash("b", "same")
    await shelf.finish("b")
    await shelf.hash("a", "same")
    original, duplicate = await shelf.file("b"), await shelf.file("a")

    renamed = Found(b"/music/c", found("b").signature)
    await shelf.walk("a", renamed)
    assert await shelf.look() == {
        "a": "DUPLICATE HASH",
        "b": "MISSING",
        "c": "PENDING",
    }
    await shelf.hash("c", "same")

    assert await shelf.look() == {"a": "DUPLICATE HASH", "c": "PENDING"}
    assert (await shelf.file("a")).id == duplicate.id
    assert (await shelf.file("c")).id == original.id


async def test_a_duplicate_whose_original_was_lost_is_taken_up(store: Store) -> None:
    """Whatever went wrong: the next start finds it, and one of two is imported."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    await shelf.hash("b", "same")
    await shelf.hash("a", "same")
    original = await shelf.file("b")
    await store.do(duplicates.release, original.id)
    await shelf.finish("a", FileStatus.DUPLICATE)

    await store.do(requeue.recover)

    assert (await shelf.look())["a"] == "PENDING"


async def test_a_moved_file_keeps_its_id(store: Store) -> None:
    """Found under a new path while the old one is gone: from its tags on it is new."""
    shelf = Shelf(store)
    await shelf.walk("old")
    await shelf.hash("old", "mine")
    await shelf.finish("old")
    before = await shelf.file("old")

    await shelf.walk("new")
    claim = await shelf.hash("new", "mine")

    assert claim.status is FileStatus.PENDING
    assert claim.other == before.id
    after = await shelf.file("new")
    assert after.id == before.id
    assert after.signature == found("new").signature
    assert await shelf.look() == {"new": "PENDING"}


async def test_a_move_is_seen_before_the_walk_ends(store: Store) -> None:
    """The old path need not be MISSING on record: it is enough that it is gone."""
    shelf = Shelf(store)
    await shelf.walk("old", "new")
    await shelf.hash("old", "mine")
    await shelf.finish("old")
    before = await shelf.file("old")

    claim = await shelf.hash("new", "mine", absent=((before.id, before.path),))

    assert claim.status is FileStatus.PENDING
    assert (await shelf.file("new")).id == before.id


async def test_a_file_in_flight_is_not_taken_for_moved(store: Store) -> None:
    """Whoever works on it finds out itself that it is gone."""
    shelf = Shelf(store)
    await shelf.walk("old", "new")
    await shelf.hash("old", "mine")
    before = await shelf.file("old")

    claim = await shelf.hash("new", "mine", absent=((before.id, before.path),))

    assert claim.status is FileStatus.DUPLICATE


async def test_a_changed_original_leaves_its_content_to_a_duplicate(
    store: Store,
) -> None:
    """And is linked with nobody any more."""
    shelf = Shelf(store)
    await shelf.walk("a", "b", "c")
    await shelf.hash("a", "same")
    await shelf.finish("a")
    await shelf.hash("b", "same")
    await shelf.hash("c", "same")

    await shelf.walk(found("a", version=2), "b", "c")

    looked = await shelf.look()
    assert looked["a"] == "PENDING"
    assert sorted((looked["b"], looked["c"])) == ["DUPLICATE HASH", "PENDING"]
    assert await shelf.links() == {"a": set(), "b": {"c"}, "c": {"b"}}
