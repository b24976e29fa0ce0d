"""Files that were moved and got new tags at once: `segued.store.moves`."""

import pytest

from segued.model import FileEntry, FileId, FileStatus
from segued.store.database import Store
from segued.store.schema.files import Passage
from tests.store.scanned_folder import ScannedFolder, file_entry

Absent = tuple[tuple[FileId, bytes], ...]


async def import_songs(store: Store, *names: str, audio: str = "") -> ScannedFolder:
    """Return a folder of complete files; all have the same audio, if one is given."""
    folder = ScannedFolder(store)
    await folder.scan(*names)
    for name in names:
        await folder.hash_file(name, name, audio_hash=audio or f"audio {name}")
        await folder.finish(name)
    return folder


async def gone(folder: ScannedFolder, *names: str) -> Absent:
    """Return files as phase 2 does that found nothing at their paths."""
    files = [await folder.get_file(name) for name in names]
    return tuple((file.id, file.path) for file in files)


@pytest.mark.parametrize("is_scanned_first", [False, True])
async def test_a_moved_and_retagged_file_keeps_its_id(
    store: Store,
    is_scanned_first: bool,  # noqa: FBT001
) -> None:
    """Whether or not the old path is MISSING yet; its passages stay."""
    folder = await import_songs(store, "old")
    before = await folder.get_file("old")

    def add_passage() -> None:
        Passage.create(file=before.id, ordinal=1, start_ticks=0, end_ticks=9)

    await store.do(add_passage)
    absent = await gone(folder, "old")
    if is_scanned_first:
        await folder.scan("new")
    else:
        await folder.scan("old", "new")

    claim = await folder.hash_file("new", "new tags", absent, "audio old")

    assert (claim.status, claim.other) == (FileStatus.PENDING, before.id)
    assert claim.other_path == b"/music/old"
    after = await folder.get_file("new")
    assert (after.id, after.signature) == (before.id, file_entry("new").signature)
    assert await folder.statuses() == {"new": "PENDING"}
    assert await store.do(Passage.select().count) == 1
    await folder.finish("new")
    await folder.scan("new")
    assert await folder.statuses() == {"new": "INGEST COMPLETE"}


async def test_a_retagged_copy_is_another_file(store: Store) -> None:
    """While the old file exists, also if it goes later."""
    folder = await import_songs(store, "old")
    before = await folder.get_file("old")
    await folder.scan("old", "copy")

    assert (await folder.hash_file("copy", "new", (), "audio old")).status is None
    await folder.finish("copy")
    await folder.scan("copy")

    assert await folder.statuses() == {"copy": "INGEST COMPLETE", "old": "MISSING"}
    assert (await folder.get_file("old")).id == before.id


async def test_of_several_missing_files_none_is_guessed(store: Store) -> None:
    """With the same audio; the inode tells which one was only renamed."""
    folder = await import_songs(store, "one", "two", audio="same")
    absent = await gone(folder, "one", "two")
    two = await folder.get_file("two")
    renamed = FileEntry(b"/music/renamed", file_entry("two", version=2).signature)
    await folder.scan("new", renamed)

    assert (await folder.hash_file("new", "new", absent, "same")).status is None
    await folder.finish("new")
    await folder.hash_file("renamed", "renamed", absent, "same")

    assert (await folder.get_file("renamed")).id == two.id
    assert await folder.statuses() == {
        "new": "INGEST COMPLETE",
        "one": "MISSING",
        "renamed": "PENDING",
    }


async def test_a_copy_of_a_missing_file_is_not_counted(store: Store) -> None:
    """The file is the one that was imported, not its duplicate."""
    folder = await import_songs(store, "a")
    original = await folder.get_file("a")
    await folder.scan("a", "b")
    await folder.hash_file("b", "a", (), "audio a")
    absent = await gone(folder, "a", "b")
    await folder.scan("a", "b", "new")

    await folder.hash_file("new", "new", absent, "audio a")

    assert (await folder.get_file("new")).id == original.id


async def test_a_file_retagged_in_place_stays_itself(store: Store) -> None:
    """Also if another file with its audio is missing."""
    folder = await import_songs(store, "gone", "here", audio="same")
    here = await folder.get_file("here")
    absent = await gone(folder, "gone")
    await folder.scan(file_entry("here", version=2))

    claim = await folder.hash_file("here", "new tags", absent, "same")

    assert claim.status is None
    assert (await folder.get_file("here")).id == here.id
    assert (await folder.statuses())["gone"] == "MISSING"


async def test_a_file_moved_while_it_was_in_progress_keeps_its_id(store: Store) -> None:
    """It is recognized when its import has ended."""
    folder = ScannedFolder(store)
    await folder.scan("old", "new")
    await folder.hash_file("old", "old", (), "same")
    before = await folder.get_file("old")
    absent = await gone(folder, "old")

    assert (await folder.hash_file("new", "new", absent, "same")).status is None
    await folder.scan("new")
    assert await folder.statuses() == {"new": "PENDING", "old": "MISSING"}
    await folder.hash_file("new", "new", absent, "same")

    assert await folder.statuses() == {"new": "PENDING"}
    assert (await folder.get_file("new")).id == before.id


async def test_renumbered_files_keep_their_ids(store: Store) -> None:
    """Each was moved to the path of the next one, with new tags."""
    folder = await import_songs(store, "1", "2", "3")
    ids = [(await folder.get_file(name)).id for name in "123"]
    entries = [file_entry(name, version=2) for name in "234"]
    await folder.scan(*entries)

    for name, audio in (("2", "1"), ("3", "2"), ("4", "3")):
        absent = [
            *await gone(folder, "1"),  # whichever file's row is there by then
        ]
        await folder.hash_file(name, f"new {audio}", tuple(absent), f"audio {audio}")

    assert [(await folder.get_file(name)).id for name in "234"] == ids
    assert set(await folder.statuses()) == {"2", "3", "4"}


async def test_duplicates_of_a_retagged_file_are_imported(store: Store) -> None:
    """One of them has the old content for itself."""
    folder = await import_songs(store, "old")
    before = await folder.get_file("old")
    await folder.scan("old", "copy")
    await folder.hash_file("copy", "old", (), "audio old")
    absent = await gone(folder, "old")
    await folder.scan("old", "copy", "new")

    await folder.hash_file("new", "new tags", absent, "audio old")

    assert (await folder.get_file("new")).id == before.id
    assert await folder.statuses() == {"copy": "PENDING", "new": "PENDING"}
