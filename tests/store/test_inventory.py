"""What a walk found against what is known: `segued.store.inventory`."""

from segued.model import (
    FileEntry,
    FileStatus,
    FolderListing,
    Need,
    PhaseNumber,
    Signature,
    SongStatus,
)
from segued.store import checkpoints, files, inventory, requeue, songs
from segued.store.checkpoints import StoredCheckpoint
from segued.store.database import Store
from segued.store.schema.files import File
from segued.store.schema.music import Song
from tests.store.scanned_folder import ROOT, ScannedFolder, file_entry


async def test_unchanged_file_is_not_pending(store: Store) -> None:
    """Finished ones are counted and left alone, failed ones included."""
    shelf = ScannedFolder(store)
    first = await shelf.scan("a", "b", "c")
    await shelf.finish("a")
    await shelf.finish("b", FileStatus.FAILED)

    second = await shelf.scan("a", "b", "c")

    assert (first.new, first.pending, first.total) == (3, 3, 3)
    assert (second.complete, second.failed, second.unfinished) == (1, 1, 1)
    assert second.total == 3


async def test_changed_file_is_pending(store: Store) -> None:
    """A finished file with another size, time or inode is PENDING again."""
    shelf = ScannedFolder(store)
    await shelf.scan("a")
    await shelf.finish("a")

    seen = await shelf.scan(file_entry("a", version=2))

    assert seen.changed == 1
    assert await shelf.statuses() == {"a": "PENDING"}


async def test_a_missing_file_comes_back_as_it_was(store: Store) -> None:
    """Nothing is purged, so nothing needs to be done again."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    await shelf.finish("a")

    await shelf.scan("b")
    away = await shelf.statuses()
    back = await shelf.scan("a", "b")

    assert away == {"a": "MISSING", "b": "PENDING"}
    assert back.complete == 1
    assert await shelf.statuses() == {"a": "INGEST COMPLETE", "b": "PENDING"}


async def test_returning_duplicate_without_original_is_pending(store: Store) -> None:
    """What it was a duplicate of may be gone meanwhile."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    await shelf.hash_file("a", "same")
    await shelf.finish("a")
    await shelf.hash_file("b", "same")
    await shelf.scan("a")
    await shelf.scan()

    await shelf.scan("b")

    assert await shelf.statuses() == {"a": "MISSING", "b": "PENDING"}


async def test_pending_files_are_paged_in_path_order(store: Store) -> None:
    """Pages follow each other, and end at the root's border."""
    shelf = ScannedFolder(store)
    await shelf.scan("c", "a", "b")
    other = FileEntry(b"/music2/z", Signature(1, 1, 1))
    beside = FolderListing(b"/music2", b"/music2", (other,))
    await store.do(inventory.apply_listing, [beside])
    await shelf.finish("b")

    first = await store.do(inventory.pending_files, ROOT, root=ROOT, after=b"", limit=1)
    second = await store.do(
        inventory.pending_files, ROOT, root=ROOT, after=first[-1].path, limit=5
    )

    assert [file.path for file in first + second] == [b"/music/a", b"/music/c"]


async def test_processing_files_are_pending_after_a_crash(store: Store) -> None:
    """PROCESSING is PENDING after a crash."""
    shelf = ScannedFolder(store)
    await shelf.scan("a")
    await store.do(files.mark_processing, await shelf.get_file("a"))

    assert await store.do(requeue.reset_interrupted) == 1
    assert await shelf.statuses() == {"a": "PENDING"}


async def test_new_recipe_requeues_stale_files(store: Store) -> None:
    """Only complete files, and only those of the phase that changed."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    for name, recipe in (("a", "1:[60]"), ("b", "1:[50]")):
        file = await shelf.get_file(name)
        await store.do(
            checkpoints.save,
            file.id,
            StoredCheckpoint(PhaseNumber.SEGMENT, recipe, "{}", None),
        )
        await shelf.finish(name)

    stale = await store.do(
        requeue.files_with_stale_checkpoints, [(PhaseNumber.SEGMENT, "1:[50]")]
    )
    assert await store.do(requeue.requeue_finished, [ROOT], stale) == 1
    assert await shelf.statuses() == {"a": "PENDING", "b": "INGEST COMPLETE"}


async def test_deferred_files_are_requeued_when_possible(store: Store) -> None:
    """And not before."""
    shelf = ScannedFolder(store)
    await shelf.scan("a")
    file = await shelf.get_file("a")
    await store.do(
        checkpoints.save,
        file.id,
        StoredCheckpoint(PhaseNumber.FLAVOR, "1:[]", "{}", Need.FLAVOR_SOURCE),
    )
    await shelf.finish("a")

    assert await store.do(requeue.deferred_files, [Need.CHROMAPRINT]) == []
    waiting = await store.do(requeue.deferred_files, [Need.FLAVOR_SOURCE])
    assert await store.do(requeue.requeue_finished, [ROOT], waiting) == 1
    assert await shelf.statuses() == {"a": "PENDING"}


async def test_a_checkpoint_deletes_the_later_ones(store: Store) -> None:
    """They were worked out from what it replaces."""
    shelf = ScannedFolder(store)
    await shelf.scan("a")
    file = await shelf.get_file("a")
    for phase in list(PhaseNumber)[:4]:
        await store.do(
            checkpoints.save, file.id, StoredCheckpoint(phase, "1:[]", "{}", None)
        )

    await store.do(
        checkpoints.save,
        file.id,
        StoredCheckpoint(PhaseNumber.HASH, "2:[]", "{}", None),
    )

    kept = await store.do(checkpoints.for_file, file.id)
    assert [(each.phase, each.recipe) for each in kept] == [(1, "1:[]"), (2, "2:[]")]


async def test_linking_a_song_twice_makes_one_row(store: Store) -> None:
    """By its id if it has one, else by its names."""

    def songs_of(*facts: songs.SongRecord) -> list[tuple[str | None, str | None]]:
        for each in facts:
            songs._get_or_create(Song, each.song, "title")
        rows = Song.select().order_by(Song.mbid, Song.name_key)
        assert {row.status for row in rows} == {SongStatus.PENDING}
        return [(row.mbid, row.name_key) for row in rows]

    by_name = songs.SongRecord(songs.EntityRef("One", None, "artist\x1fone"))
    by_id = songs.SongRecord(songs.EntityRef("One", "some-mbid", "artist\x1fone"))

    found_rows = await store.do(songs_of, by_name, by_id, by_name, by_id)

    assert found_rows == [(None, "artist\x1fone"), ("some-mbid", None)]


async def test_ids_are_never_reused(store: Store) -> None:
    """Two files never share one."""
    shelf = ScannedFolder(store)
    await shelf.scan(*(f"song {number}" for number in range(300)))

    assert await store.do(File.select(File.id).distinct().count) == 300
