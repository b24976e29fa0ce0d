"""Copies, moves and heirs: `segued.store.duplicates`."""

import asyncio

from segued.errors import DecodeError
from segued.model import (
    FileEntry,
    FileStatus,
    PhaseNumber,
)
from segued.store import duplicates, files, requeue
from segued.store.database import Store
from tests.store.scanned_folder import ScannedFolder, file_entry


async def test_the_second_of_two_equal_files_is_a_duplicate(store: Store) -> None:
    """And both are linked to each other, once."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    await shelf.hash_file("a", "same")
    await shelf.finish("a")

    claim = await shelf.hash_file("b", "same")

    assert claim.status is FileStatus.DUPLICATE
    assert claim.other_path == b"/music/a"
    assert await shelf.statuses() == {"a": "INGEST COMPLETE", "b": "DUPLICATE HASH"}
    assert await shelf.links() == {"a": {"b"}, "b": {"a"}}


async def test_one_of_two_equal_files_in_flight_is_imported(store: Store) -> None:
    """Neither is finished when the other asks; still only one is imported."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b", "c")

    claims = await asyncio.gather(*(shelf.hash_file(name, "same") for name in "abc"))

    statuses = [claim.status for claim in claims]
    assert statuses.count(None) == 1
    assert statuses.count(FileStatus.DUPLICATE) == 2
    assert await shelf.links() == {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}


async def test_other_bytes_are_not_linked(store: Store) -> None:
    """A different content is nobody's duplicate."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    await shelf.hash_file("a", "one")

    assert (await shelf.hash_file("b", "other")).status is None
    assert await shelf.links() == {"a": set(), "b": set()}


async def test_a_duplicate_takes_the_place_of_a_failed_original(store: Store) -> None:
    """It is tried from its hashing on, and claims the content."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    await shelf.hash_file("a", "same")
    await shelf.hash_file("b", "same")

    original = await shelf.get_file("a")
    error = DecodeError(original.path, "no sound")
    await store.do(files.mark_failed, original.id, PhaseNumber.SEGMENT, error)

    assert await shelf.statuses() == {"a": "FAILED", "b": "PENDING"}
    assert (await shelf.hash_file("b", "same")).status is None


async def test_a_duplicate_takes_the_place_of_a_missing_original(store: Store) -> None:
    """It takes over the original's id, and with it all that is known."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    await shelf.hash_file("a", "same")
    await shelf.finish("a")
    await shelf.hash_file("b", "same")
    original = await shelf.get_file("a")

    await shelf.scan("b")
    assert await shelf.statuses() == {"a": "MISSING", "b": "PENDING"}
    claim = await shelf.hash_file("b", "same")

    assert claim.status is FileStatus.PENDING
    assert await shelf.statuses() == {"b": "PENDING"}
    assert (await shelf.get_file("b")).id == original.id


async def test_a_renamed_original_keeps_its_id_before_its_duplicates(
    store: Store,
) -> None:
    """Its inode tells: the duplicate is not asked to take a place that is kept."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    await shelf.hash_file("b", "same")
    await shelf.finish("b")
    await shelf.hash_file("a", "same")
    original, duplicate = await shelf.get_file("b"), await shelf.get_file("a")

    renamed = FileEntry(b"/music/c", file_entry("b").signature)
    await shelf.scan("a", renamed)
    assert await shelf.statuses() == {
        "a": "DUPLICATE HASH",
        "b": "MISSING",
        "c": "PENDING",
    }
    await shelf.hash_file("c", "same")

    assert await shelf.statuses() == {"a": "DUPLICATE HASH", "c": "PENDING"}
    assert (await shelf.get_file("a")).id == duplicate.id
    assert (await shelf.get_file("c")).id == original.id


async def test_duplicate_without_original_is_requeued(store: Store) -> None:
    """Whatever went wrong: the next start finds it, and one of two is imported."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    await shelf.hash_file("b", "same")
    await shelf.hash_file("a", "same")
    original = await shelf.get_file("b")
    await store.do(duplicates.release_content, original.id)
    await shelf.finish("a", FileStatus.DUPLICATE)

    await store.do(requeue.reset_interrupted)

    assert (await shelf.statuses())["a"] == "PENDING"


async def test_a_moved_file_keeps_its_id(store: Store) -> None:
    """Found under a new path while the old one is gone: from its tags on it is new."""
    shelf = ScannedFolder(store)
    await shelf.scan("old")
    await shelf.hash_file("old", "mine")
    await shelf.finish("old")
    before = await shelf.get_file("old")

    await shelf.scan("new")
    claim = await shelf.hash_file("new", "mine")

    assert claim.status is FileStatus.PENDING
    assert claim.other == before.id
    after = await shelf.get_file("new")
    assert after.id == before.id
    assert after.signature == file_entry("new").signature
    assert await shelf.statuses() == {"new": "PENDING"}


async def test_move_is_detected_before_the_scan_ends(store: Store) -> None:
    """The old path need not be MISSING on record: it is enough that it is gone."""
    shelf = ScannedFolder(store)
    await shelf.scan("old", "new")
    await shelf.hash_file("old", "mine")
    await shelf.finish("old")
    before = await shelf.get_file("old")

    claim = await shelf.hash_file("new", "mine", absent=((before.id, before.path),))

    assert claim.status is FileStatus.PENDING
    assert (await shelf.get_file("new")).id == before.id


async def test_a_file_in_flight_is_not_taken_for_moved(store: Store) -> None:
    """Whoever works on it finds out itself that it is gone."""
    shelf = ScannedFolder(store)
    await shelf.scan("old", "new")
    await shelf.hash_file("old", "mine")
    before = await shelf.get_file("old")

    claim = await shelf.hash_file("new", "mine", absent=((before.id, before.path),))

    assert claim.status is FileStatus.DUPLICATE


async def test_changed_original_hands_its_content_to_a_duplicate(
    store: Store,
) -> None:
    """And is linked with nobody any more."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b", "c")
    await shelf.hash_file("a", "same")
    await shelf.finish("a")
    await shelf.hash_file("b", "same")
    await shelf.hash_file("c", "same")

    await shelf.scan(file_entry("a", version=2), "b", "c")

    looked = await shelf.statuses()
    assert looked["a"] == "PENDING"
    assert sorted((looked["b"], looked["c"])) == ["DUPLICATE HASH", "PENDING"]
    assert await shelf.links() == {"a": set(), "b": {"c"}, "c": {"b"}}
