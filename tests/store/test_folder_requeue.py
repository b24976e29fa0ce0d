"""The files of a folder, which are matched together: `segued.store.folders`."""

from dataclasses import replace

from segued.model import (
    FileId,
    FileStatus,
    Need,
    PhaseNumber,
)
from segued.store import checkpoints, files, folder_requeue, folders, inventory
from segued.store.checkpoints import StoredCheckpoint
from segued.store.database import Store
from segued.store.requeue import OUTDATED_RECIPE
from tests.store.scanned_folder import ROOT, ScannedFolder


async def match_file(
    folder: ScannedFolder,
    name: str,
    given: str,
    others: dict[str, str] | None = None,
    *,
    done: bool = True,
) -> None:
    """Store the assignment of a file, and its assignments of other files."""
    file = await folder.get_file(name)
    by_id = {
        (await folder.get_file(each)).id: what for each, what in (others or {}).items()
    }

    def work() -> None:
        files.mark_processing(file)
        folder_requeue.requeue_reassigned(file.id, ROOT, by_id)
        checkpoints.save(file.id, StoredCheckpoint(PhaseNumber.MATCH, "1", "{}", None))
        files.set_assignment(file.id, given)
        if done:
            files.mark_finished(file.id, FileStatus.COMPLETE)

    await folder.store.do(work)


async def pending_names(folder: ScannedFolder) -> str:
    """Return the names of the pending files, joined."""
    statuses = await folder.statuses()
    return "".join(name for name, status in statuses.items() if status == "PENDING")


async def test_files_of_a_release_are_an_album_in_a_larger_folder(store: Store) -> None:
    """By the id in their tags; a larger release is none."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "c", "d")
    named = {"a": '"box"', "b": "null", "c": '"box"', "d": '"other"'}
    for name, mbid in named.items():
        file = (await folder.get_file(name)).id
        payload = f'{{"tags":{{"release_mbid":{mbid}}}}}'
        stored = StoredCheckpoint(PhaseNumber.TAGS, "1", payload, None)
        await store.do(checkpoints.save, file, stored)

    found = await store.do(folders.files_of_release, ROOT, "box", 2)

    assert [each.path[-1:] for each in found] == [b"a", b"c"]
    assert await store.do(folders.files_of_release, ROOT, "box", 1) == []
    assert await store.do(folders.files_in, ROOT, 3) == []


async def test_reassigned_files_are_requeued(store: Store) -> None:
    """Files assigned to another track or release are requeued, others are not."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "c", "d", "e")
    await match_file(folder, "a", "r 1")
    await match_file(folder, "b", "r 2")
    await match_file(folder, "c", "")
    await match_file(folder, "d", "r 4")

    await match_file(folder, "e", "r 2", {"a": "r 1", "b": "r -", "c": "r 3"})

    assert await pending_names(folder) == "bc"


async def test_requeueing_terminates(store: Store) -> None:
    """A requeued file that confirms the assignments requeues no other file."""
    folder = ScannedFolder(store)
    same = {"a": "r 1", "b": "r -", "c": "r 2"}
    await folder.scan(*same)
    for name in same:
        await match_file(folder, name, "r 7")
    turns = 0

    await match_file(folder, "c", same["c"], same)
    while left := await pending_names(folder):
        await match_file(folder, left[0], same[left[0]], same)
        turns += 1

    assert turns == len(same) - 1


async def test_file_in_flight_keeps_its_checkpoints(store: Store) -> None:
    """It is past phase 6: without them it would end complete, but not matched."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await match_file(folder, "a", "", done=False)
    in_flight = await folder.get_file("a")
    waits = [
        StoredCheckpoint(PhaseNumber.FINGERPRINT, "1", "{}", None),
        StoredCheckpoint(PhaseNumber.MATCH, "1", "{}", Need.FOLDER),
        StoredCheckpoint(PhaseNumber.RECORD, "1", "{}", None),
    ]
    for checkpoint in waits:
        await store.do(checkpoints.save, in_flight.id, checkpoint)
    other = await folder.get_file("b")
    await store.do(checkpoints.save, other.id, waits[0])

    await store.do(
        folder_requeue.requeue_waiting_near,
        other.id,
        other.path,
        acoustid_available=True,
    )

    assert await store.do(checkpoints.for_file, in_flight.id) == waits
    await folder.finish("a")
    assert await store.do(
        folder_requeue.requeue_waiting_near,
        other.id,
        other.path,
        acoustid_available=True,
    )
    stored = await store.do(checkpoints.for_file, in_flight.id)
    assert stored == [
        waits[0],
        replace(waits[1], recipe=OUTDATED_RECIPE, needs=None),
        waits[2],
    ]


async def test_reassigned_file_in_flight_is_requeued_when_done(store: Store) -> None:
    """A file that is being processed is requeued when done, if it is reassigned."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    await match_file(folder, "a", "r 2", done=False)

    await match_file(folder, "b", "r 2", {"a": "r 1", "b": "r 2"})
    during = await folder.statuses()
    await folder.finish("a")
    for name in ("a", "b"):
        file = await folder.get_file(name)
        checkpoint = StoredCheckpoint(PhaseNumber.FINGERPRINT, "1", "{}", None)
        await store.do(_reset_before_matching, file.id, checkpoint)
    waiting = await folder.get_file("a")
    await store.do(
        folder_requeue.requeue_waiting_near,
        waiting.id,
        waiting.path,
        acoustid_available=True,
    )

    assert during["a"] == "PROCESSING"
    assert await pending_names(folder) == "a"


def _reset_before_matching(file: FileId, checkpoint: StoredCheckpoint) -> None:
    """Store an earlier checkpoint, then the later ones again."""
    later = [
        each for each in checkpoints.for_file(file) if each.phase > checkpoint.phase
    ]
    for each in (checkpoint, *later):
        checkpoints.save(file, each)


async def test_one_file_is_requeued_when_others_left(store: Store) -> None:
    """If a file leaves a folder with a release, one remaining file is requeued."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "c", "d")
    await match_file(folder, "a", "")
    for name in ("b", "c", "d"):
        await match_file(folder, name, "r 1")

    await folder.scan("a", "b", "c")
    assert await pending_names(folder) == "b"

    await match_file(folder, "b", "r 1")
    back = await folder.scan("a", "b", "c", "d")
    assert back.complete == 4
    assert await pending_names(folder) == "b"


async def test_folder_without_release_is_not_requeued(store: Store) -> None:
    """If a file leaves a folder without a release, no file is requeued."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    for name in ("a", "b"):
        await match_file(folder, name, "")

    await store.do(
        inventory.mark_missing, [((await folder.get_file("b")).id, ROOT + b"/b")]
    )

    assert await pending_names(folder) == ""
