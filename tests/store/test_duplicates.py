"""Copies, moves and successors of files: `segued.store.duplicates`."""

import asyncio

from segued.errors import DecodeError
from segued.model import (
    FileEntry,
    FileStatus,
    PhaseNumber,
)
from segued.store import duplicates, files, requeue
from segued.store.database import Store
from segued.store.schema.files import Passage
from tests.store.scanned_folder import ScannedFolder, file_entry


async def test_the_second_of_two_equal_files_is_a_duplicate(store: Store) -> None:
    """The second file is a duplicate, and both are linked to each other once."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await folder.hash_file("a", "same")
    await folder.finish("a")

    claim = await folder.hash_file("b", "same")

    assert claim.status is FileStatus.DUPLICATE
    assert claim.other_path == b"/music/a"
    assert await folder.statuses() == {"a": "INGEST COMPLETE", "b": "DUPLICATE HASH"}
    assert await folder.links() == {"a": {"b"}, "b": {"a"}}


async def test_one_of_two_equal_files_in_flight_is_imported(store: Store) -> None:
    """Of equal files in flight, only the first to claim the content is imported."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "c")

    claims = await asyncio.gather(*(folder.hash_file(name, "same") for name in "abc"))

    statuses = [claim.status for claim in claims]
    assert statuses.count(None) == 1
    assert statuses.count(FileStatus.DUPLICATE) == 2
    assert await folder.links() == {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}


async def test_other_bytes_are_not_linked(store: Store) -> None:
    """Files with different content are not linked."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await folder.hash_file("a", "one")

    assert (await folder.hash_file("b", "other")).status is None
    assert await folder.links() == {"a": set(), "b": set()}


async def test_a_duplicate_takes_the_place_of_a_failed_original(store: Store) -> None:
    """A duplicate of a failed file is requeued, and owns the content."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await folder.hash_file("a", "same")
    await folder.hash_file("b", "same")

    original = await folder.get_file("a")
    error = DecodeError(original.path, "no audio")
    await store.do(files.mark_failed, original.id, PhaseNumber.SEGMENT, error)

    assert await folder.statuses() == {"a": "FAILED", "b": "PENDING"}
    assert (await folder.hash_file("b", "same")).status is None


async def test_of_several_duplicates_the_lowest_path_takes_the_place(
    store: Store,
) -> None:
    """The order in which they were listed and hashed changes nothing."""
    folder = ScannedFolder(store)
    names = "ahgfedcb"
    await folder.scan(*names)
    for name in names:
        await folder.hash_file(name, "same")

    original = await folder.get_file("a")
    error = DecodeError(original.path, "no audio")
    await store.do(files.mark_failed, original.id, PhaseNumber.SEGMENT, error)

    statuses = await folder.statuses()
    assert [name for name in names if statuses[name] == "PENDING"] == ["b"]


async def test_a_duplicate_takes_the_place_of_a_missing_original(store: Store) -> None:
    """A duplicate of a missing file takes over its id, with all results."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await folder.hash_file("a", "same")
    await folder.finish("a")
    await folder.hash_file("b", "same")
    original = await folder.get_file("a")

    await folder.scan("b")
    assert await folder.statuses() == {"a": "MISSING", "b": "PENDING"}
    claim = await folder.hash_file("b", "same")

    assert claim.status is FileStatus.PENDING
    assert await folder.statuses() == {"b": "PENDING"}
    assert (await folder.get_file("b")).id == original.id


async def test_a_renamed_original_keeps_its_id_before_its_duplicates(
    store: Store,
) -> None:
    """A renamed file is recognized by its inode; its duplicate does not replace it."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await folder.hash_file("b", "same")
    await folder.finish("b")
    await folder.hash_file("a", "same")
    original, duplicate = await folder.get_file("b"), await folder.get_file("a")

    renamed = FileEntry(b"/music/c", file_entry("b").signature)
    await folder.scan("a", renamed)
    assert await folder.statuses() == {
        "a": "DUPLICATE HASH",
        "b": "MISSING",
        "c": "PENDING",
    }
    await folder.hash_file("c", "same")

    assert await folder.statuses() == {"a": "DUPLICATE HASH", "c": "PENDING"}
    assert (await folder.get_file("a")).id == duplicate.id
    assert (await folder.get_file("c")).id == original.id


async def test_duplicate_without_original_is_requeued(store: Store) -> None:
    """At start, a duplicate without an original is requeued, and imported."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await folder.hash_file("b", "same")
    await folder.hash_file("a", "same")
    original = await folder.get_file("b")
    await store.do(duplicates.release_content, original.id)
    await folder.finish("a", FileStatus.DUPLICATE)

    await store.do(requeue.reset_interrupted)

    assert (await folder.statuses())["a"] == "PENDING"


async def test_a_moved_file_keeps_its_id(store: Store) -> None:
    """A file moved to a new path keeps its id, and is requeued from its tag phase."""
    folder = ScannedFolder(store)
    await folder.scan("old")
    await folder.hash_file("old", "mine")
    await folder.finish("old")
    before = await folder.get_file("old")

    await folder.scan("new")
    claim = await folder.hash_file("new", "mine")

    assert claim.status is FileStatus.PENDING
    assert claim.other == before.id
    after = await folder.get_file("new")
    assert after.id == before.id
    assert after.signature == file_entry("new").signature
    assert await folder.statuses() == {"new": "PENDING"}


async def test_move_is_detected_before_the_scan_ends(store: Store) -> None:
    """A move is detected if the old path is gone, even if it is not yet MISSING."""
    folder = ScannedFolder(store)
    await folder.scan("old", "new")
    await folder.hash_file("old", "mine")
    await folder.finish("old")
    before = await folder.get_file("old")

    claim = await folder.hash_file("new", "mine", absent=((before.id, before.path),))

    assert claim.status is FileStatus.PENDING
    assert (await folder.get_file("new")).id == before.id


async def test_a_file_in_flight_is_not_taken_for_moved(store: Store) -> None:
    """A missing file that a worker processes is not taken for a moved one."""
    folder = ScannedFolder(store)
    await folder.scan("old", "new")
    await folder.hash_file("old", "mine")
    before = await folder.get_file("old")

    claim = await folder.hash_file("new", "mine", absent=((before.id, before.path),))

    assert claim.status is FileStatus.DUPLICATE


async def test_changed_original_hands_its_content_to_a_duplicate(
    store: Store,
) -> None:
    """The changed file loses its links, and its duplicate owns the content."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "c")
    await folder.hash_file("a", "same")
    await folder.finish("a")
    await folder.hash_file("b", "same")
    await folder.hash_file("c", "same")

    await folder.scan(file_entry("a", version=2), "b", "c")

    statuses = await folder.statuses()
    assert statuses["a"] == "PENDING"
    assert sorted((statuses["b"], statuses["c"])) == ["DUPLICATE HASH", "PENDING"]
    assert await folder.links() == {"a": set(), "b": {"c"}, "c": {"b"}}


async def test_links_name_only_files_that_exist(store: Store) -> None:
    """In both directions, when a copy goes and when it comes back."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "c")
    for name in ("a", "b", "c"):
        await folder.hash_file(name, "same")
    await folder.finish("a")
    assert await folder.links() == {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}

    await folder.scan("a", "c")
    assert await folder.links() == {"a": {"c"}, "b": set(), "c": {"a"}}

    await folder.scan("a", "b", "c")
    assert await folder.links() == {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}


async def test_a_renamed_copy_is_linked_again(store: Store) -> None:
    """Its row was MISSING in between."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    for name in ("a", "b"):
        await folder.hash_file(name, "same")
    await folder.finish("a")
    await folder.scan("a")

    await folder.scan("a", "d")
    await folder.hash_file("d", "same")

    assert await folder.links() == {"a": {"d"}, "d": {"a"}}


async def test_changed_content_leaves_no_link(store: Store) -> None:
    """Neither in the file nor in its former copies."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    for name in ("a", "b"):
        await folder.hash_file(name, "same")
    await folder.finish("a")

    await folder.scan("a", file_entry("b", version=2))

    assert await folder.links() == {"a": set(), "b": set()}


async def test_a_file_that_breaks_loses_the_passages_of_its_old_content(
    store: Store,
) -> None:
    """They describe audio that is not in the file any more."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")

    def add_passage() -> None:
        Passage.create(
            file=file.id,
            ordinal=1,
            start_ticks=0,
            end_ticks=9,
            status="INGEST COMPLETE",
        )

    await store.do(add_passage)
    await folder.finish("a")

    await folder.scan(file_entry("a", version=2))
    changed = await folder.get_file("a")
    await store.do(files.mark_processing, changed)
    error = DecodeError(changed.path, "no sound")
    await store.do(files.mark_failed, changed.id, PhaseNumber.HASH, error)

    assert await store.do(Passage.select().count) == 0
    assert await folder.statuses() == {"a": "FAILED"}


async def test_a_failure_of_unchanged_content_keeps_its_passages(store: Store) -> None:
    """The disk failed, not the file."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")

    def add_passage() -> None:
        Passage.create(
            file=file.id,
            ordinal=1,
            start_ticks=0,
            end_ticks=9,
            status="INGEST COMPLETE",
        )

    await store.do(add_passage)
    error = DecodeError(file.path, "Input/output error")
    await store.do(files.mark_failed, file.id, PhaseNumber.HASH, error)

    assert await store.do(Passage.select().count) == 1
