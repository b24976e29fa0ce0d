"""The tags that a file holds, and those that it held: `segued.store.file_tags`."""

from segued.model import Cover, Tags
from segued.store import file_tags
from segued.store.database import Store
from segued.store.file_tags import RememberedValue, StoredTags
from tests.store.scanned_folder import ScannedFolder

OLD = StoredTags(Tags(title="Old", recording_mbid="wrong"), {}, "2026-01-02")


def test_a_removed_value_is_remembered() -> None:
    """With the date it was last read; a new value replaces the old one at once."""
    known = OLD.updated(Tags(title="New"), complete=True)

    assert known.tags == Tags(title="New")
    assert known.remembered == {"recording_mbid": RememberedValue("wrong", OLD.read_at)}


def test_a_value_that_comes_back_is_not_remembered() -> None:
    """Whatever it is now; the date of another stays."""
    known = OLD.updated(Tags(), complete=True).updated(Tags(title="x"), complete=True)

    assert known.tags == Tags(title="x")
    assert set(known.remembered) == {"recording_mbid"}
    assert known.remembered_tags == Tags(recording_mbid="wrong")


def test_an_incomplete_read_removes_nothing() -> None:
    """What could not be read may still be there."""
    known = OLD.updated(Tags(title="New"), complete=False)

    assert known.tags == Tags(title="New", recording_mbid="wrong")
    assert known.remembered == {}


async def test_all_kinds_of_values_are_stored(store: Store) -> None:
    """As JSON, in the form that the view shows."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")
    cover = Cover("image/png", 5, "hash")
    full = Tags(track=3, track_gain_db=-1.5, genres=("a", "b"), cover=cover)
    await store.do(file_tags.save, file.id, full, {}, complete=True)
    known = (await store.do(file_tags.load, file.id)).updated(Tags(), complete=True)

    await store.do(file_tags.save, file.id, known.tags, known.remembered, complete=True)

    stored = await store.do(file_tags.load, file.id)
    assert (stored.tags, stored.remembered_tags) == (Tags(), full)
    assert stored.remembered["track"].read_at == known.read_at
    assert await store.do(file_tags.forget, file.path) == 4
    assert (await store.do(file_tags.load, file.id)).remembered == {}
    assert await store.do(file_tags.forget, b"/music/none") is None
