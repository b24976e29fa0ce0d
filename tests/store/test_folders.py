"""The files of a folder, which are matched together: `segued.store.folders`."""

from segued.model import (
    FileId,
    FileStatus,
    PhaseNumber,
)
from segued.store import checkpoints, files, folders, inventory
from segued.store.checkpoints import StoredCheckpoint
from segued.store.database import Store
from tests.store.scanned_folder import ROOT, ScannedFolder


async def match_file(
    shelf: ScannedFolder,
    name: str,
    given: str,
    others: dict[str, str] | None = None,
    *,
    done: bool = True,
) -> None:
    """Match a file as something, and say what it takes the others for."""
    file = await shelf.get_file(name)
    by_id = {
        (await shelf.get_file(each)).id: what for each, what in (others or {}).items()
    }

    def work() -> None:
        files.mark_processing(file)
        folders.requeue_reassigned(file.id, ROOT, by_id)
        checkpoints.save(file.id, StoredCheckpoint(PhaseNumber.MATCH, "1", "{}", None))
        files.set_assignment(file.id, given)
        if done:
            files.mark_finished(file.id, FileStatus.COMPLETE)

    await shelf.store.do(work)


async def pending_names(shelf: ScannedFolder) -> str:
    """Return the names of what is to be done."""
    there = await shelf.statuses()
    return "".join(name for name, status in there.items() if status == "PENDING")


async def test_reassigned_files_are_requeued(store: Store) -> None:
    """Another track or another release; not who is what he was, nor strangers."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b", "c", "d", "e")
    await match_file(shelf, "a", "r 1")
    await match_file(shelf, "b", "r 2")
    await match_file(shelf, "c", "")
    await match_file(shelf, "d", "r 4")

    await match_file(shelf, "e", "r 2", {"a": "r 1", "b": "r -", "c": "r 3"})

    assert await pending_names(shelf) == "bc"


async def test_requeueing_terminates(store: Store) -> None:
    """Those taken up say the same as who took them up, and leave each other be."""
    shelf = ScannedFolder(store)
    same = {"a": "r 1", "b": "r -", "c": "r 2"}
    await shelf.scan(*same)
    for name in same:
        await match_file(shelf, name, "r 7")
    turns = 0

    await match_file(shelf, "c", same["c"], same)
    while left := await pending_names(shelf):
        await match_file(shelf, left[0], same[left[0]], same)
        turns += 1

    assert turns == len(same) - 1


async def test_reassigned_file_in_flight_is_requeued_when_done(store: Store) -> None:
    """He may be past his matching already, and must not be matched as before."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    await match_file(shelf, "a", "r 2", done=False)

    await match_file(shelf, "b", "r 2", {"a": "r 1", "b": "r 2"})
    during = await shelf.statuses()
    await shelf.finish("a")
    for name in ("a", "b"):
        file = await shelf.get_file(name)
        heard = StoredCheckpoint(PhaseNumber.FINGERPRINT, "1", "{}", None)
        await store.do(_reset_before_matching, file.id, heard)
    await store.do(folders.requeue_waiting, ROOT + b"/a", acoustid_available=True)

    assert during["a"] == "PROCESSING"
    assert await pending_names(shelf) == "a"


def _reset_before_matching(file: FileId, checkpoint: StoredCheckpoint) -> None:
    """Put an earlier checkpoint on record, and the later ones back."""
    later = [
        kept for kept in checkpoints.for_file(file) if kept.phase > checkpoint.phase
    ]
    for each in (checkpoint, *later):
        checkpoints.save(file, each)


async def test_one_file_is_requeued_when_others_left(store: Store) -> None:
    """Of a folder that is a release, and only there."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b", "c", "d")
    await match_file(shelf, "a", "")
    for name in ("b", "c", "d"):
        await match_file(shelf, name, "r 1")

    await shelf.scan("a", "b", "c")
    assert await pending_names(shelf) == "b"

    await match_file(shelf, "b", "r 1")
    back = await shelf.scan("a", "b", "c", "d")
    assert back.complete == 4
    assert await pending_names(shelf) == "b"


async def test_folder_without_release_is_not_requeued(store: Store) -> None:
    """Where nobody was given a track, nobody has another one without the rest."""
    shelf = ScannedFolder(store)
    await shelf.scan("a", "b")
    for name in ("a", "b"):
        await match_file(shelf, name, "")

    await store.do(
        inventory.mark_missing, [((await shelf.get_file("b")).id, ROOT + b"/b")]
    )

    assert await pending_names(shelf) == ""
