"""What scans passed over: `segued.store.passed_over`."""

from segued.model import FileEntry, FileStatus, FolderListing, PassedOver
from segued.store import passed_over
from segued.store.database import Store
from segued.store.files import mark_processing
from tests.store.scanned_folder import ROOT, ScannedFolder, file_entry

LINK, ENDING, HIDDEN = PassedOver.LINK, PassedOver.ENDING, PassedOver.HIDDEN


def listing(
    folder: bytes, *names: tuple[PassedOver, bytes], files: tuple[FileEntry, ...] = ()
) -> FolderListing:
    """Return a folder as a walk lists it."""
    return FolderListing(ROOT, folder, files, names)


async def test_counts_are_those_of_the_last_scan_of_each_folder(store: Store) -> None:
    """A scan of one folder replaces its names, and no others."""
    first = [
        listing(ROOT, (LINK, b"x"), (ENDING, b"a.jpg"), (ENDING, b"b.jpg")),
        listing(ROOT + b"/sub", (LINK, b"y"), (HIDDEN, b".z.mp3")),
        listing(b"/musical", (LINK, b"not below the music folder")),
    ]
    assert await store.do(passed_over.replace_names, first)
    assert await store.do(passed_over.count_passed_over, ROOT) == {
        "link": 2,
        "ending": 2,
        "hidden": 1,
    }

    again = [listing(ROOT + b"/sub", (LINK, b"y"), (LINK, b"w"))]
    assert await store.do(passed_over.replace_names, again)
    assert await store.do(passed_over.count_passed_over, ROOT) == {
        "link": 3,
        "ending": 2,
    }
    assert not await store.do(passed_over.replace_names, again), "nothing changed"


async def test_names_in_folders_that_are_gone_are_forgotten(store: Store) -> None:
    """Not those below a folder that could not be read this time."""
    folders = [ROOT, ROOT + b"/gone", ROOT + b"/closed/deep", ROOT + b"/stays"]
    await store.do(
        passed_over.replace_names, [listing(each, (LINK, b"x")) for each in folders]
    )

    seen = {ROOT, ROOT + b"/stays"}
    forget = passed_over.forget_vanished
    assert await store.do(forget, ROOT, seen, [ROOT + b"/closed"])
    assert not await store.do(forget, ROOT, seen, [ROOT + b"/closed"])

    assert await store.do(passed_over.count_passed_over, ROOT) == {"link": 3}


async def test_the_list_is_bounded_but_the_count_is_not(store: Store) -> None:
    """For each folder and reason."""
    names = [(ENDING, b"%06d.jpg" % number) for number in range(10_000)]
    await store.do(passed_over.replace_names, [listing(ROOT, *names)])

    assert await store.do(passed_over.count_passed_over, ROOT) == {"ending": 10_000}


async def test_a_file_that_was_passed_over_is_not_read_again(store: Store) -> None:
    """Until it changes; when it is gone, it is not counted any more."""
    folder = ScannedFolder(store)
    await folder.scan("video", "song")
    video = await folder.get_file("video")
    await store.do(mark_processing, video)

    assert await store.do(passed_over.pass_over_file, video, PassedOver.MOVING_PICTURE)
    count = passed_over.count_passed_over
    assert await store.do(count, ROOT) == {"moving-picture": 1}
    assert (await folder.scan("video", "song")).new == 0
    assert await folder.statuses() == {"song": "PENDING"}

    changed = file_entry("video", version=2)
    assert (await folder.scan(changed, "song")).new == 1
    assert await store.do(count, ROOT) == {}

    video = await folder.get_file("video")
    await store.do(mark_processing, video)
    await store.do(passed_over.pass_over_file, video, PassedOver.MOVING_PICTURE)
    await folder.scan("song")
    assert await store.do(count, ROOT) == {}
    assert await folder.statuses() == {"song": "PENDING"}


async def test_a_file_that_changed_meanwhile_is_not_passed_over(store: Store) -> None:
    """Its import starts again."""
    folder = ScannedFolder(store)
    await folder.scan("video")
    video = await folder.get_file("video")
    await store.do(mark_processing, video)
    await folder.scan(file_entry("video", version=2))

    assert not await store.do(
        passed_over.pass_over_file, video, PassedOver.MOVING_PICTURE
    )
    assert await folder.statuses() == {"video": FileStatus.PENDING}
