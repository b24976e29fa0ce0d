"""What a walk found against what is known: `segued.store.inventory`."""

from segued.model import FileStatus, Folder, Found, Signature, SongStatus
from segued.store import checkpoints, files, inventory, requeue, songs
from segued.store.checkpoints import Kept
from segued.store.database import Store
from segued.store.schema.files import File
from segued.store.schema.music import Song
from tests.store.shelf import ROOT, Shelf, found


async def test_an_unchanged_file_has_nothing_to_do(store: Store) -> None:
    """Finished ones are counted and left alone, failed ones included."""
    shelf = Shelf(store)
    first = await shelf.walk("a", "b", "c")
    await shelf.finish("a")
    await shelf.finish("b", FileStatus.FAILED)

    second = await shelf.walk("a", "b", "c")

    assert (first.new, first.to_do, first.total) == (3, 3, 3)
    assert (second.complete, second.failed, second.unfinished) == (1, 1, 1)
    assert second.total == 3


async def test_other_bytes_are_work(store: Store) -> None:
    """A finished file with another size, time or inode is PENDING again."""
    shelf = Shelf(store)
    await shelf.walk("a")
    await shelf.finish("a")

    seen = await shelf.walk(found("a", version=2))

    assert seen.changed == 1
    assert await shelf.look() == {"a": "PENDING"}


async def test_a_missing_file_comes_back_as_it_was(store: Store) -> None:
    """Nothing is purged, so nothing needs to be done again."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    await shelf.finish("a")

    await shelf.walk("b")
    away = await shelf.look()
    back = await shelf.walk("a", "b")

    assert away == {"a": "MISSING", "b": "PENDING"}
    assert back.complete == 1
    assert await shelf.look() == {"a": "INGEST COMPLETE", "b": "PENDING"}


async def test_a_duplicate_without_original_comes_back_as_work(store: Store) -> None:
    """What it was a duplicate of may be gone meanwhile."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    await shelf.hash("a", "same")
    await shelf.finish("a")
    await shelf.hash("b", "same")
    await shelf.walk("a")
    await shelf.walk()

    await shelf.walk("b")

    assert await shelf.look() == {"a": "MISSING", "b": "PENDING"}


async def test_backlog_is_a_window_in_path_order(store: Store) -> None:
    """Pages follow each other, and end at the root's border."""
    shelf = Shelf(store)
    await shelf.walk("c", "a", "b")
    other = Found(b"/music2/z", Signature(1, 1, 1))
    beside = Folder(b"/music2", b"/music2", (other,))
    await store.do(inventory.admit, [beside])
    await shelf.finish("b")

    first = await store.do(inventory.backlog, ROOT, root=ROOT, after=b"", limit=1)
    second = await store.do(
        inventory.backlog, ROOT, root=ROOT, after=first[-1].path, limit=5
    )

    assert [file.path for file in first + second] == [b"/music/a", b"/music/c"]


async def test_a_killed_process_leaves_no_file_behind(store: Store) -> None:
    """PROCESSING is PENDING after a crash."""
    shelf = Shelf(store)
    await shelf.walk("a")
    await store.do(files.begin, await shelf.file("a"))

    assert await store.do(requeue.recover) == 1
    assert await shelf.look() == {"a": "PENDING"}


async def test_a_new_recipe_reopens_what_was_made_by_the_old(store: Store) -> None:
    """Only complete files, and only those of the phase that changed."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    for name, recipe in (("a", "1:[60]"), ("b", "1:[50]")):
        file = await shelf.file(name)
        await store.do(checkpoints.put, file.id, Kept(4, recipe, "{}", None))
        await shelf.finish(name)

    stale = await store.do(requeue.stale, [(4, "1:[50]")])
    assert await store.do(requeue.reopen, [ROOT], stale) == 1
    assert await shelf.look() == {"a": "PENDING", "b": "INGEST COMPLETE"}


async def test_deferred_work_reopens_when_it_can_be_done(store: Store) -> None:
    """And not before."""
    shelf = Shelf(store)
    await shelf.walk("a")
    file = await shelf.file("a")
    await store.do(checkpoints.put, file.id, Kept(9, "1:[]", "{}", "essentia"))
    await shelf.finish("a")

    assert await store.do(requeue.deferred, ["chromaprint"]) == []
    waiting = await store.do(requeue.deferred, ["essentia"])
    assert await store.do(requeue.reopen, [ROOT], waiting) == 1
    assert await shelf.look() == {"a": "PENDING"}


async def test_a_checkpoint_deletes_the_later_ones(store: Store) -> None:
    """They were worked out from what it replaces."""
    shelf = Shelf(store)
    await shelf.walk("a")
    file = await shelf.file("a")
    for phase in (1, 2, 3, 4):
        await store.do(checkpoints.put, file.id, Kept(phase, "1:[]", "{}", None))

    await store.do(checkpoints.put, file.id, Kept(2, "2:[]", "{}", None))

    kept = await store.do(checkpoints.kept, file.id)
    assert [(each.phase, each.recipe) for each in kept] == [(1, "1:[]"), (2, "2:[]")]


async def test_a_song_is_one_row_however_often_it_is_recorded(store: Store) -> None:
    """By its id if it has one, else by its names."""

    def songs_of(*facts: songs.SongFacts) -> list[tuple[str | None, str | None]]:
        for each in facts:
            songs._entity(Song, each.song, "title")
        rows = Song.select().order_by(Song.mbid, Song.name_key)
        assert {row.status for row in rows} == {SongStatus.PENDING}
        return [(row.mbid, row.name_key) for row in rows]

    by_name = songs.SongFacts(songs.Credit("One", None, "artist\x1fone"))
    by_id = songs.SongFacts(songs.Credit("One", "some-mbid", "artist\x1fone"))

    found_rows = await store.do(songs_of, by_name, by_id, by_name, by_id)

    assert found_rows == [(None, "artist\x1fone"), ("some-mbid", None)]


async def test_ids_are_never_reused(store: Store) -> None:
    """Two files never share one."""
    shelf = Shelf(store)
    await shelf.walk(*(f"song {number}" for number in range(300)))

    assert await store.do(File.select(File.id).distinct().count) == 300
