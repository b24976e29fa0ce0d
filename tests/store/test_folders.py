"""The files of a folder, which are matched together: `segued.store.folders`."""

from segued.model import FileId, FileStatus
from segued.store import checkpoints, codec, files, folders, inventory
from segued.store.checkpoints import Kept
from segued.store.database import Store
from segued.store.requeue import FINGERPRINTING, MATCHING
from tests.store.shelf import ROOT, Shelf


async def match(
    shelf: Shelf,
    name: str,
    given: str,
    others: dict[str, str] | None = None,
    *,
    done: bool = True,
) -> None:
    """Match a file as something, and say what it takes the others for."""
    file = await shelf.file(name)
    by_id = {(await shelf.file(each)).id: what for each, what in (others or {}).items()}
    payload = codec.encode({"given": given})

    def work() -> None:
        files.begin(file)
        folders.rematch_others(file.id, ROOT, by_id)
        checkpoints.put(file.id, Kept(MATCHING, "1", payload, None))
        if done:
            files.finish(file.id, FileStatus.COMPLETE)

    await shelf.store.do(work)


async def pending(shelf: Shelf) -> str:
    """Return the names of what is to be done."""
    there = await shelf.look()
    return "".join(name for name, status in there.items() if status == "PENDING")


async def test_whoever_is_something_else_now_is_taken_up(store: Store) -> None:
    """Another track or another release; not who is what he was, nor strangers."""
    shelf = Shelf(store)
    await shelf.walk("a", "b", "c", "d", "e")
    await match(shelf, "a", "r 1")
    await match(shelf, "b", "r 2")
    await match(shelf, "c", "")
    await match(shelf, "d", "r 4")

    await match(shelf, "e", "r 2", {"a": "r 1", "b": "r -", "c": "r 3"})

    assert await pending(shelf) == "bc"


async def test_it_ends(store: Store) -> None:
    """Those taken up say the same as who took them up, and leave each other be."""
    shelf = Shelf(store)
    same = {"a": "r 1", "b": "r -", "c": "r 2"}
    await shelf.walk(*same)
    for name in same:
        await match(shelf, name, "r 7")
    turns = 0

    await match(shelf, "c", same["c"], same)
    while left := await pending(shelf):
        await match(shelf, left[0], same[left[0]], same)
        turns += 1

    assert turns == len(same) - 1


async def test_who_is_in_flight_is_taken_up_at_his_end(store: Store) -> None:
    """He may be past his matching already, and must not be matched as before."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    await match(shelf, "a", "r 2", done=False)

    await match(shelf, "b", "r 2", {"a": "r 1", "b": "r 2"})
    during = await shelf.look()
    await shelf.finish("a")
    for name in ("a", "b"):
        file = await shelf.file(name)
        heard = Kept(FINGERPRINTING, "1", "{}", None)
        await store.do(_put_before_matching, file.id, heard)
    await store.do(folders.settle, ROOT + b"/a", asking=True)

    assert during["a"] == "PROCESSING"
    assert await pending(shelf) == "a"


def _put_before_matching(file: FileId, checkpoint: Kept) -> None:
    """Put an earlier checkpoint on record, and the later ones back."""
    later = [kept for kept in checkpoints.kept(file) if kept.phase > checkpoint.phase]
    for each in (checkpoint, *later):
        checkpoints.put(file, each)


async def test_one_file_looks_again_when_others_left(store: Store) -> None:
    """Of a folder that is a release, and only there."""
    shelf = Shelf(store)
    await shelf.walk("a", "b", "c", "d")
    await match(shelf, "a", "")
    for name in ("b", "c", "d"):
        await match(shelf, name, "r 1")

    await shelf.walk("a", "b", "c")
    assert await pending(shelf) == "b"

    await match(shelf, "b", "r 1")
    back = await shelf.walk("a", "b", "c", "d")
    assert back.complete == 4
    assert await pending(shelf) == "b"


async def test_a_folder_that_is_no_release_is_left_alone(store: Store) -> None:
    """Where nobody was given a track, nobody has another one without the rest."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    for name in ("a", "b"):
        await match(shelf, name, "")

    await store.do(inventory.forsake, [((await shelf.file("b")).id, ROOT + b"/b")])

    assert await pending(shelf) == ""
