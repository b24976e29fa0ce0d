"""A passage that turns out to be another song: `segued.store.parting`."""

from peewee import fn

from segued.model import (
    AudioFile,
    Confidence,
    FileStatus,
    PhaseNumber,
    SongStatus,
    Span,
)
from segued.store import checkpoints, files, flavors, passages, songs
from segued.store.checkpoints import StoredCheckpoint
from segued.store.database import Store
from segued.store.flavors import Flavor
from segued.store.passages import PassageRecord
from segued.store.schema.files import File, Passage
from segued.store.schema.music import PassageSong, Song
from segued.store.songs import EntityRef, SongRecord
from segued.units import Ticks
from tests.store.scanned_folder import ScannedFolder

LOCAL_FLAVOR = Flavor('{"characteristics": {}}', "essentia", "1")
REMOTE_FLAVOR = Flavor('{"characteristics": {}}', "acousticbrainz", "1")


def song_id(mbid: str) -> SongRecord:
    """Return a song by its id."""
    return SongRecord(EntityRef(f"Song {mbid}", mbid))


async def library_with_songs(store: Store, *names: str) -> list[str]:
    """Return the passages of complete files, one of each, all of them song x."""
    shelf = ScannedFolder(store)
    await shelf.scan(*names)
    found = []
    for name in names:
        file = await shelf.get_file(name)

        def fill(file: AudioFile = file) -> str:
            span = Span(Ticks(0), Ticks(9))
            decided = PassageRecord(
                span,
                None,
                "Song",
                "Artist",
                "Album",
                Confidence.LOW,
                0.6,
                "",
                {},
                (),
            )
            (passage,) = passages.replace(file.id, [decided])
            songs.link_passage(passage, song_id("x"), None)
            for phase in (PhaseNumber.FLAVOR, PhaseNumber.FINALIZE):
                checkpoints.save(file.id, StoredCheckpoint(phase, "1", "{}", None))
            files.mark_finished(file.id, FileStatus.COMPLETE)
            return passage

        found.append(await store.do(fill))
    return found


def song_flavors() -> dict[str | None, tuple[str, str | None, str | None]]:
    """Return each song's state, who says how it sounds, and where that was heard."""
    return {
        row.mbid: (row.status, row.flavor_source, row.flavor_passage)
        for row in Song.select()
    }


def set_flavor_of_x(flavor: Flavor, heard_in: str | None) -> None:
    """Put on record how song x sounds."""
    flavors.set_song_flavor(Song.get(Song.mbid == "x").id, flavor, heard_in)


async def test_local_flavor_follows_the_passage(store: Store) -> None:
    """The song that it was not is heard in its other passages."""
    wrong, right = await library_with_songs(store, "wrong", "right")
    await store.do(set_flavor_of_x, LOCAL_FLAVOR, wrong)

    await store.do(songs.link_passage, wrong, song_id("y"), None)

    assert await store.do(song_flavors) == {
        "x": (SongStatus.PENDING, None, None),
        "y": (SongStatus.FLAVOR_READY, "essentia", wrong),
    }

    def pending() -> list[str]:
        return [
            row.id
            for row in Passage.select().join(File).where(File.status == "PENDING")
        ]

    assert await store.do(pending) == [right]


async def test_remote_flavor_stays_with_the_song(store: Store) -> None:
    """AcousticBrainz said it of the recording, whatever the passage is."""
    (passage,) = await library_with_songs(store, "one")
    await store.do(set_flavor_of_x, REMOTE_FLAVOR, None)

    await store.do(songs.link_passage, passage, song_id("y"), None)

    assert await store.do(song_flavors) == {
        "x": (SongStatus.FLAVOR_READY, "acousticbrainz", None),
        "y": (SongStatus.PENDING, None, None),
    }


async def test_same_song_again_keeps_the_flavor(store: Store) -> None:
    """As every retagging does."""
    (passage,) = await library_with_songs(store, "one")
    await store.do(set_flavor_of_x, LOCAL_FLAVOR, passage)

    await store.do(songs.link_passage, passage, song_id("x"), None)

    assert await store.do(song_flavors) == {
        "x": (SongStatus.FLAVOR_READY, "essentia", passage)
    }


async def test_passage_without_song_keeps_its_flavor(store: Store) -> None:
    """And lends it to the song that it turns out to be; but only where none is."""
    one, two = await library_with_songs(store, "one", "two")
    await store.do(set_flavor_of_x, LOCAL_FLAVOR, one)

    await store.do(songs.link_passage, one, None, None)

    def own() -> list[str | None]:
        return [row.flavor_source for row in Passage.select().where(Passage.id == one)]

    assert await store.do(own) == ["essentia"]
    await store.do(songs.link_passage, one, song_id("x"), None)
    assert await store.do(song_flavors) == {
        "x": (SongStatus.FLAVOR_READY, "essentia", one)
    }
    count = PassageSong.select(fn.COUNT(PassageSong.passage))
    assert await store.do(count.scalar) == len([one, two])
