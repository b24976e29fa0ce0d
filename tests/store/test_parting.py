"""A passage that turns out to be another song: `segued.store.parting`."""

from peewee import fn

from segued.model import AudioFile, Confidence, FileStatus, SongStatus, Span
from segued.store import checkpoints, files, flavors, passages, songs
from segued.store.checkpoints import Kept
from segued.store.database import Store
from segued.store.flavors import Flavor
from segued.store.passages import Decided
from segued.store.schema.files import File, Passage
from segued.store.schema.music import PassageSong, Song
from segued.store.songs import Credit, SongFacts
from segued.units import Ticks
from tests.store.shelf import Shelf

HEARD = Flavor('{"characteristics": {}}', "essentia", "1")
TOLD = Flavor('{"characteristics": {}}', "acousticbrainz", "1")


def song(mbid: str) -> SongFacts:
    """Return a song by its id."""
    return SongFacts(Credit(f"Song {mbid}", mbid))


async def shelf_of(store: Store, *names: str) -> list[str]:
    """Return the passages of complete files, one of each, all of them song x."""
    shelf = Shelf(store)
    await shelf.walk(*names)
    found = []
    for name in names:
        file = await shelf.file(name)

        def fill(file: AudioFile = file) -> str:
            span = Span(Ticks(0), Ticks(9))
            decided = Decided(
                *(span, None, "Song", "Artist", "Album", Confidence.LOW, 0.6, ""),
                *({}, ()),
            )
            (passage,) = passages.replace(file.id, [decided])
            songs.record(passage, song("x"), None)
            for phase in (9, 10):
                checkpoints.put(file.id, Kept(phase, "1", "{}", None))
            files.finish(file.id, FileStatus.COMPLETE)
            return passage

        found.append(await store.do(fill))
    return found


def song_flavors() -> dict[str | None, tuple[str, str | None, str | None]]:
    """Return each song's state, who says how it sounds, and where that was heard."""
    return {
        row.mbid: (row.status, row.flavor_source, row.flavor_passage)
        for row in Song.select()
    }


def set_x(flavor: Flavor, heard_in: str | None) -> None:
    """Put on record how song x sounds."""
    flavors.set_song(Song.get(Song.mbid == "x").id, flavor, heard_in)


async def test_what_was_heard_goes_with_the_passage(store: Store) -> None:
    """The song that it was not is heard in its other passages."""
    wrong, right = await shelf_of(store, "wrong", "right")
    await store.do(set_x, HEARD, wrong)

    await store.do(songs.record, wrong, song("y"), None)

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


async def test_what_was_told_stays_with_the_song(store: Store) -> None:
    """AcousticBrainz said it of the recording, whatever the passage is."""
    (passage,) = await shelf_of(store, "one")
    await store.do(set_x, TOLD, None)

    await store.do(songs.record, passage, song("y"), None)

    assert await store.do(song_flavors) == {
        "x": (SongStatus.FLAVOR_READY, "acousticbrainz", None),
        "y": (SongStatus.PENDING, None, None),
    }


async def test_the_same_song_again_changes_nothing(store: Store) -> None:
    """As every retagging does."""
    (passage,) = await shelf_of(store, "one")
    await store.do(set_x, HEARD, passage)

    await store.do(songs.record, passage, song("x"), None)

    assert await store.do(song_flavors) == {
        "x": (SongStatus.FLAVOR_READY, "essentia", passage)
    }


async def test_no_song_keeps_its_sound(store: Store) -> None:
    """And lends it to the song that it turns out to be; but only where none is."""
    one, two = await shelf_of(store, "one", "two")
    await store.do(set_x, HEARD, one)

    await store.do(songs.record, one, None, None)

    def own() -> list[str | None]:
        return [row.flavor_source for row in Passage.select().where(Passage.id == one)]

    assert await store.do(own) == ["essentia"]
    await store.do(songs.record, one, song("x"), None)
    assert await store.do(song_flavors) == {
        "x": (SongStatus.FLAVOR_READY, "essentia", one)
    }
    count = PassageSong.select(fn.COUNT(PassageSong.passage))
    assert await store.do(count.scalar) == len([one, two])
