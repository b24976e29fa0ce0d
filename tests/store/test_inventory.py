"""Compare a scan with the stored files: `segued.store.inventory`."""

from dataclasses import replace

from segued.model import (
    FileEntry,
    FileStatus,
    FolderListing,
    Need,
    PhaseNumber,
    Signature,
    SongStatus,
)
from segued.store import (
    beside_files,
    checkpoints,
    files,
    inventory,
    requeue,
    songs,
    waiting_files,
)
from segued.store.checkpoints import StoredCheckpoint
from segued.store.database import Store
from segued.store.schema.files import File
from segued.store.schema.music import Song
from tests.store.scanned_folder import ROOT, ScannedFolder, file_entry


async def test_unchanged_file_is_not_pending(store: Store) -> None:
    """Unchanged finished files are counted and stay, including failed ones."""
    folder = ScannedFolder(store)
    first = await folder.scan("a", "b", "c")
    await folder.finish("a")
    await folder.finish("b", FileStatus.FAILED)

    second = await folder.scan("a", "b", "c")

    assert (first.new, first.pending, first.total) == (3, 3, 3)
    assert (second.complete, second.failed, second.unfinished) == (1, 1, 1)
    assert second.total == 3


async def test_changed_file_is_pending(store: Store) -> None:
    """A finished file with another size, time or inode is PENDING again."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    await folder.finish("a")

    seen = await folder.scan(file_entry("a", version=2))

    assert seen.changed == 1
    assert await folder.statuses() == {"a": "PENDING"}


async def test_a_missing_file_comes_back_as_it_was(store: Store) -> None:
    """A missing file that returns has its earlier status and results."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await folder.finish("a")

    await folder.scan("b")
    away = await folder.statuses()
    back = await folder.scan("a", "b")

    assert away == {"a": "MISSING", "b": "PENDING"}
    assert back.complete == 1
    assert await folder.statuses() == {"a": "INGEST COMPLETE", "b": "PENDING"}


async def test_returning_duplicate_without_original_is_pending(store: Store) -> None:
    """A duplicate that returns after its original is gone is requeued."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await folder.hash_file("a", "same")
    await folder.finish("a")
    await folder.hash_file("b", "same")
    await folder.scan("a")
    await folder.scan()

    await folder.scan("b")

    assert await folder.statuses() == {"a": "MISSING", "b": "PENDING"}


async def test_other_sheets_requeue_their_folder_from_the_tags_on(
    store: Store,
) -> None:
    """Added, changed or removed; with the same sheets nothing is written."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await folder.finish("a")
    await folder.finish("b", FileStatus.FAILED)
    file = await folder.get_file("a")
    for phase in (PhaseNumber.HASH, PhaseNumber.TAGS, PhaseNumber.FINALIZE):
        stored = StoredCheckpoint(phase, "1:[]", "{}", None)
        await store.do(checkpoints.save, file.id, stored)

    for sheets in ("one", "other", None):
        counts = await folder.scan("a", "b", sheets=sheets)
        assert (counts.unfinished, counts.complete, counts.failed) == (1, 0, 1)
        assert await folder.statuses() == {"a": "PENDING", "b": "FAILED"}
        assert await store.do(beside_files.sheets_of, file.id) == sheets
        left = await store.do(checkpoints.for_file, file.id)
        assert [each.phase for each in left] == [PhaseNumber.HASH]
        await folder.finish("a")
        again = await folder.scan("a", "b", sheets=sheets)
        assert (again.unfinished, again.complete) == (0, 1)


async def test_a_sheet_that_is_being_written_is_waited_for(store: Store) -> None:
    """Half of a sheet would divide the file wrongly."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    await folder.finish("a")

    early = await folder.scan("a", sheets="half", settled=False)
    assert await folder.statuses() == {"a": "INGEST COMPLETE"}
    done = await folder.scan("a", sheets="whole")

    assert [each.path for each in early.sheets_being_written] == [b"/music/x.cue"]
    assert early.complete == 1
    assert done.sheets_being_written == ()
    assert await folder.statuses() == {"a": "PENDING"}


async def test_lyrics_requeue_the_file_that_they_are_of(store: Store) -> None:
    """From the tags on, when they are completely written; its folder stays."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", sheets="one")
    await folder.finish("a")
    await folder.finish("b")
    file = await folder.get_file("a")

    half = await folder.scan("a", "b", sheets="one", lyrics=1, settled=False)
    assert [each.path for each in half.sheets_being_written] == [
        b"/music/x.cue",
        b"/music/a.lrc",
    ]
    for version in (1, 2, None):
        seen = await folder.scan("a", "b", sheets="one", lyrics=version)
        assert (seen.unfinished, seen.complete) == (1, 1)
        assert await folder.statuses() == {"a": "PENDING", "b": "INGEST COMPLETE"}
        assert await store.do(beside_files.sheets_of, file.id) == "one"
        await folder.finish("a")
        again = await folder.scan("a", "b", sheets="one", lyrics=version)
        assert (again.unfinished, again.complete) == (0, 2)


async def test_a_new_file_has_the_sheets_of_its_folder(store: Store) -> None:
    """So does one that changed; neither is counted twice."""
    folder = ScannedFolder(store)
    await folder.scan("a", sheets="one")
    await folder.finish("a")
    file = await folder.get_file("a")
    assert await store.do(beside_files.sheets_of, file.id) == "one"

    counts = await folder.scan(file_entry("a", version=2), sheets="two")

    assert (counts.changed, counts.pending, counts.complete) == (1, 1, 0)
    assert await store.do(beside_files.sheets_of, file.id) == "two"


async def test_pending_files_are_paged_in_path_order(store: Store) -> None:
    """Pages of pending files are in path order, and only have files below the root."""
    folder = ScannedFolder(store)
    await folder.scan("c", "a", "b")
    other = FileEntry(b"/music2/z", Signature(1, 1, 1))
    beside = FolderListing(b"/music2", b"/music2", (other,))
    await store.do(inventory.apply_listing, [beside])
    await folder.finish("b")

    first = await store.do(
        waiting_files.pending_files, ROOT, root=ROOT, after=b"", limit=1
    )
    second = await store.do(
        waiting_files.pending_files, ROOT, root=ROOT, after=first[-1].path, limit=5
    )

    assert [file.path for file in first + second] == [b"/music/a", b"/music/c"]


async def test_another_ctime_is_looked_at_but_not_adopted_twice(store: Store) -> None:
    """A file of an older library has none, and is not read again; later it is."""
    folder = ScannedFolder(store)
    entry = file_entry("a")
    await folder.scan(entry)
    await folder.finish("a")

    def touched(ctime: int) -> FileEntry:
        return replace(entry, signature=replace(entry.signature, ctime_ns=ctime))

    adopted = await folder.scan(touched(5))
    same = await folder.scan(touched(5))

    assert (adopted.complete, same.complete) == (1, 1)
    later = await folder.scan(touched(6))
    assert (later.unfinished, later.changed) == (1, 0)
    assert await folder.statuses() == {"a": "PENDING"}


async def test_processing_files_are_pending_after_a_crash(store: Store) -> None:
    """Files that were PROCESSING at a crash are PENDING after it."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    await store.do(files.mark_processing, await folder.get_file("a"))

    assert await store.do(requeue.reset_interrupted) == 1
    assert await folder.statuses() == {"a": "PENDING"}


async def test_new_recipe_requeues_stale_files(store: Store) -> None:
    """A new recipe of a phase requeues only complete files with its old recipe."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    for name, recipe in (("a", "1:[60]"), ("b", "1:[50]")):
        file = await folder.get_file(name)
        await store.do(
            checkpoints.save,
            file.id,
            StoredCheckpoint(PhaseNumber.SEGMENT, recipe, "{}", None),
        )
        await folder.finish(name)

    stale = await store.do(
        requeue.files_with_stale_checkpoints, [(PhaseNumber.SEGMENT, "1:[50]")]
    )
    assert await store.do(requeue.requeue_finished, [ROOT], stale) == 1
    assert await folder.statuses() == {"a": "PENDING", "b": "INGEST COMPLETE"}


async def test_deferred_files_are_requeued_when_possible(store: Store) -> None:
    """A deferred file is requeued when what it needs is available, and not before."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")
    await store.do(
        checkpoints.save,
        file.id,
        StoredCheckpoint(PhaseNumber.FLAVOR, "1:[]", "{}", Need.FLAVOR_SOURCE),
    )
    await folder.finish("a")

    assert await store.do(requeue.deferred_files, [Need.CHROMAPRINT]) == []
    waiting = await store.do(requeue.deferred_files, [Need.FLAVOR_SOURCE])
    assert await store.do(requeue.requeue_finished, [ROOT], waiting) == 1
    assert await folder.statuses() == {"a": "PENDING"}


async def test_a_checkpoint_deletes_the_later_ones(store: Store) -> None:
    """Saving a checkpoint deletes the later ones, which depend on it."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")
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
    """A song is identified by its id if it has one, else by its names."""

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
    """The id of a deleted row is not used again."""
    folder = ScannedFolder(store)
    await folder.scan(*(f"song {number}" for number in range(300)))

    assert await store.do(File.select(File.id).distinct().count) == 300
