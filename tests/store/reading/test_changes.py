"""What changed since a number, and albums and artists that follow the passages."""

from collections.abc import Callable
from typing import Any

import pytest

from segued.errors import NotFoundError
from segued.model import Confidence, FileId, FileStatus, Span, Tags
from segued.store import file_tags, files, passages, songs
from segued.store.database import Store
from segued.store.passages import PassageRecord
from segued.store.reading import albums
from segued.store.reading.music_rows import PageAfter
from segued.store.schema.files import Passage
from segued.units import TICKS_PER_SECOND, Ticks
from tests.store.follower import Follower
from tests.store.scanned_folder import ScannedFolder


def record(number: int, **fields: Any) -> PassageRecord:  # noqa: ANN401
    """Return a passage of ten seconds."""
    start = 10 * TICKS_PER_SECOND * (number - 1)
    span = Span(Ticks(start), Ticks(start + 10 * TICKS_PER_SECOND))
    named = {"title": f"Song {number}", "artist": "Björk", "album": "Post"} | fields
    return PassageRecord(
        span,
        None,
        named["title"],
        named["artist"],
        named["album"],
        named.get("confidence", Confidence.LOW),
        0.6,
        "",
        {},
        (),
    )


def store_song(
    file: FileId,
    track: int,
    album: str | None = "Post",
    artist: str = "Björk",
    **tags: Any,  # noqa: ANN401
) -> Callable[[], None]:
    """Return the work that stores a file with one passage, as the phases do."""

    def work() -> None:
        known = Tags(track=track, artist=artist, **tags)
        file_tags.save(file, known, {}, complete=True)
        (passage,) = passages.replace(file, [record(1, artist=artist, album=album)])
        song = songs.EntityRef(f"Song {track}", None, f"song {track}")
        ref = songs.EntityRef(album, None, f"album {album}") if album else None
        songs.link_passage(passage, songs.SongRecord(song), ref)
        Passage.update(loudness_lufs=-10.0 - track, true_peak_dbtp=-1.0).where(
            Passage.id == passage
        ).execute()
        files.mark_finished(file, FileStatus.COMPLETE)

    return work


async def test_a_follower_has_what_a_full_read_gives(store: Store) -> None:
    """After new, changed, moved and missing files; unchanged rows do not come again."""
    folder = ScannedFolder(store)
    follower = Follower(store.path)
    await folder.scan("a", "b", "c")
    one, two, three = [(await folder.get_file(name)).id for name in "abc"]
    await store.do(store_song(one, 1, date="1995"))
    follower.catch_up()
    follower.assert_up_to_date()
    await store.do(store_song(two, 2, date="1995"))
    await store.do(store_song(three, 1, album="Debut"))
    follower.catch_up()
    follower.assert_up_to_date()
    assert follower.catch_up() == 0
    assert len(follower.rows["album"]) == 2

    # Another song on the album changes the gain of all its songs.
    before = {
        row["title"]: row["album_gain_db"] for row in follower.rows["passage"].values()
    }
    await store.do(store_song(three, 3))
    follower.catch_up()
    follower.assert_up_to_date()
    (album,) = follower.rows["album"].values()
    assert (album["tracks"], album["date"]) == (3, "1995")
    after = {row["album_gain_db"] for row in follower.rows["passage"].values()}
    assert after == {album["gain_db"]}
    assert before["Song 1"] not in after

    await folder.scan("a")  # two files are gone
    follower.catch_up()
    follower.assert_up_to_date()
    await store.do(lambda: Passage.delete().where(Passage.file == one).execute())
    follower.catch_up()
    follower.assert_up_to_date()
    assert follower.rows["album"] == {}


async def test_album_gain_is_of_the_mean_energy(store: Store) -> None:
    """Equally long tracks of -10 and -20 LUFS are -12.6 LUFS together."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    one, two = [(await folder.get_file(name)).id for name in "ab"]
    for file, track in ((one, 0), (two, 10)):
        await store.do(store_song(file, track))

    (row,) = albums.albums(store.path, "", "artist", PageAfter()).albums

    assert row.loudness_lufs == pytest.approx(-12.6, abs=0.01)


async def test_albums_are_paged_in_every_order(store: Store) -> None:
    """Page by page, each album once, in the order of all; the search filters."""
    folder = ScannedFolder(store)
    names = [f"{number:02}" for number in range(12)]
    await folder.scan(*names)
    for number, name in enumerate(names):
        file = (await folder.get_file(name)).id
        artist = f"Artist {number % 3}"
        year = str(2000 - number % 4)
        await store.do(store_song(file, 1, f"Album {number}", artist, date=year))

    for order in ("artist", "title", "year", "new"):
        whole = albums.albums(store.path, "", order, PageAfter(limit=50))
        assert (whole.total, len(whole.albums), whole.last) == (12, 12, None)
        paged, place = [], None
        while True:
            page = albums.albums(store.path, "", order, PageAfter(place, 5))
            paged += page.albums
            place = page.last
            if place is None:
                break
        assert paged == whole.albums
    years = [
        row.year for row in albums.albums(store.path, "", "year", PageAfter()).albums
    ]
    assert years == sorted(years, reverse=True)
    found = albums.albums(store.path, "ARTIST 2 album 5", "artist", PageAfter())
    assert [row.title for row in found.albums] == ["Album 5"]
    hits = albums.search(store.path, "artist 2")
    assert (hits.songs_total, hits.albums_total, hits.artists_total) == (4, 4, 1)
    listed = albums.artists(store.path, "", PageAfter())
    assert [(row.name, row.songs, row.albums) for row in listed.artists] == [
        (f"Artist {number}", 4, 4) for number in range(3)
    ]
    detail = albums.artist(store.path, listed.artists[1].artist_key)
    assert len(detail.albums) == len(detail.songs) == 4


async def test_an_album_lists_missing_and_doubled_tracks(store: Store) -> None:
    """In running order over its media; tracks that the tags count are missing."""
    folder = ScannedFolder(store)
    names = list("abcde")
    await folder.scan(*names)
    tracks = (5, 2, 3, 3, 1)
    for name, track in zip(names, tracks, strict=True):
        file = (await folder.get_file(name)).id
        await store.do(store_song(file, track, track_total=6))

    (row,) = albums.albums(store.path, "", "artist", PageAfter()).albums
    detail = albums.album(store.path, row.album_id)

    assert [each.track for each in detail.tracks] == [1, 2, 3, 3, 5]
    assert [each.is_double for each in detail.tracks] == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert detail.missing == [(1, 4), (1, 6)]
    with pytest.raises(NotFoundError):
        albums.album(store.path, "other")


async def test_an_album_of_several_artists(store: Store) -> None:
    """It is by its album artist if the tags name one, else by Various Artists."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    one, two = [(await folder.get_file(name)).id for name in "ab"]

    def artist_of_album() -> str:
        (row,) = albums.albums(store.path, "", "artist", PageAfter()).albums
        return row.artist

    await store.do(store_song(one, 1, artist="X"))
    alone = artist_of_album()
    await store.do(store_song(two, 2, artist="Y"))
    several = artist_of_album()
    await store.do(store_song(two, 2, artist="Y", album_artist="X and Y"))

    assert (alone, several) == ("X", "Various Artists")
    assert artist_of_album() == "X and Y"
