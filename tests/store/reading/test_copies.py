"""Tests of the groups of files with the same sound, which the library keeps."""

import random
from collections import defaultdict

from segued.model import FileStatus
from segued.store.database import Store
from segued.store.reading.copies import copies_of_file, copy_groups
from segued.store.reading.rows import PageRequest
from segued.store.schema.files import File
from segued.store.schema.sounds import SameSound

SOUNDS = tuple("abcdefgh")


def add_file(number: int, sound: str | None) -> None:
    """Store a file with a sound."""
    path = f"/music/{number:04}.ogg"
    File.create(
        path=path.encode(),
        folder=b"/music",
        root=b"/music",
        path_text=path,
        size_bytes=1_000 + number,
        mtime_ns=1,
        inode=number,
        status=FileStatus.COMPLETE,
        audio_hash=sound,
        codec="flac" if number % 3 else "mp3",
        duration_ticks=28_224_000,
    )


def add_pair(one: str, other: str) -> None:
    """Store that two sounds are encodings of one recording."""
    for sound, same in ((one, other), (other, one)):
        SameSound.insert(
            audio_hash=sound, other_hash=same, offset_ticks=0, error=0, spread_db=0
        ).on_conflict_replace().execute()


def change(rng: random.Random, number: int) -> None:
    """Change a file or a pair, or add one."""
    file = File.select().order_by(File.path).offset(rng.randrange(5)).first()
    match rng.randrange(7):
        case 0 | 1:
            add_file(number, rng.choice((*SOUNDS, None)))
        case 2:
            File.update(audio_hash=rng.choice((*SOUNDS, None))).where(
                File.id == file
            ).execute()
        case 3:
            status = rng.choice((FileStatus.MISSING, FileStatus.COMPLETE))
            File.update(status=status).where(File.id == file).execute()
        case 4:
            File.delete().where(File.id == file).execute()
        case 5:
            add_pair(*sorted(rng.sample(SOUNDS, 2)))
        case 6:
            sound = rng.choice(SOUNDS)
            SameSound.delete().where(
                (SameSound.audio_hash == sound) | (SameSound.other_hash == sound)
            ).execute()


def expected_groups() -> set[frozenset[str]]:
    """Return the paths of each group, from the files and pairs alone."""
    files = [each for each in File.select() if each.status != FileStatus.MISSING]
    present = {each.audio_hash for each in files if each.audio_hash is not None}
    first = {
        sound: min(
            [
                sound,
                *(
                    each.other_hash
                    for each in SameSound.select().where(SameSound.audio_hash == sound)
                    if each.other_hash in present
                ),
            ]
        )
        for sound in present
    }
    groups: dict[str, set[str]] = defaultdict(set)
    for each in files:
        if each.audio_hash is not None:
            groups[first[each.audio_hash]].add(each.path_text)
    return {frozenset(each) for each in groups.values() if len(each) > 1}


async def test_groups_follow_all_changes(store: Store) -> None:
    """Each group is listed, the largest first, with what its other files take."""
    rng = random.Random(3)  # noqa: S311
    for number in range(12):
        await store.do(add_file, number, rng.choice(SOUNDS))
    page = copy_groups(store.path, PageRequest(1, 100))
    for number in range(100, 220):
        await store.do(change, rng, number)
        page = copy_groups(store.path, PageRequest(1, 100))
        found = [frozenset(each.path for each in group.files) for group in page.groups]
        expected = await store.do(expected_groups)
        assert len(found) == page.total
        assert set(found) == expected
        sizes = [group.more_bytes for group in page.groups]
        assert sizes == sorted(sizes, reverse=True)
        assert page.more_bytes == sum(sizes)
    assert page.total > 1
    last = copy_groups(store.path, PageRequest(9, 1))
    assert last.groups == page.groups[-1:]
    one = page.groups[0].files
    assert copies_of_file(store.path, one[-1].path.encode()) == one
