"""A passage that is assigned to another song: `segued.store.songs`."""

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
    """Return a song with an id."""
    return SongRecord(EntityRef(f"Song {mbid}", mbid))


async def library_with_songs(store: Store, *names: str) -> list[str]:
    """Store complete files with one passage of song x each, and return the passages."""
    folder = ScannedFolder(store)
    await folder.scan(*names)
    found = []
    for name in names:
        file = await folder.get_file(name)

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
    """Return each song's flavor state, flavor source and passage, by recording id."""
    return {
        row.mbid: (row.status, row.flavor_source, row.flavor_passage)
        for row in Song.select()
    }


def set_flavor_of_x(flavor: Flavor, source_passage: str | None) -> None:
    """Store the flavor of song x."""
    flavors.set_song_flavor(Song.get(Song.mbid == "x").id, flavor, source_passage)


async def test_local_flavor_follows_the_passage(store: Store) -> None:
    """A local flavor moves to the new song; the old one is requeued for another."""
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
    """A flavor of AcousticBrainz stays with the recording that it describes."""
    (passage,) = await library_with_songs(store, "one")
    await store.do(set_flavor_of_x, REMOTE_FLAVOR, None)

    await store.do(songs.link_passage, passage, song_id("y"), None)

    assert await store.do(song_flavors) == {
        "x": (SongStatus.FLAVOR_READY, "acousticbrainz", None),
        "y": (SongStatus.PENDING, None, None),
    }


async def test_same_song_again_keeps_the_flavor(store: Store) -> None:
    """Linking a passage to the same song again keeps the flavor."""
    (passage,) = await library_with_songs(store, "one")
    await store.do(set_flavor_of_x, LOCAL_FLAVOR, passage)

    await store.do(songs.link_passage, passage, song_id("x"), None)

    assert await store.do(song_flavors) == {
        "x": (SongStatus.FLAVOR_READY, "essentia", passage)
    }


async def test_passage_without_song_keeps_its_flavor(store: Store) -> None:
    """A passage gives its flavor to its song, unless that song has one."""
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
