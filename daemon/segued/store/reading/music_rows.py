"""Types of albums and artists that the browsing queries return."""

from dataclasses import dataclass

from segued.store.reading.rows import PassageRow

__all__ = [
    "AlbumDetail",
    "AlbumPage",
    "AlbumRow",
    "ArtistDetail",
    "ArtistPage",
    "ArtistRow",
    "CoverSource",
    "Hits",
    "PageAfter",
    "Place",
    "TrackRow",
]

Place = tuple[str | int, ...]
"""The values by which a listing is ordered, of the last row of a page."""


@dataclass(frozen=True, slots=True)
class PageAfter:
    """The requested page of a listing: some rows after a place, or the first ones."""

    place: Place | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class CoverSource:
    """Where the cover of an album may be.

    Attributes:
        path: A file of the album, as the file system's bytes.
        root: Its music folder.
        embedded: The hash of the picture in the file; None: there is none.
        release_mbid: The release that the album is; None if that is not known.
    """

    path: bytes
    root: bytes
    embedded: str | None
    release_mbid: str | None


@dataclass(frozen=True, slots=True)
class AlbumRow:
    """An album in a listing.

    Attributes:
        artist_key: The id of its artist in the list of artists.
        year: 0 if it is not known.
        uncertain: How many of its tracks are Low or None.
        cover: The hash of an embedded picture; None if no track has one.
    """

    album_id: str
    release_mbid: str | None
    title: str
    artist: str
    artist_key: str
    date: str | None
    year: int
    compilation: int
    disc_total: int | None
    track_total: int | None
    tracks: int
    uncertain: int
    length_ticks: int
    loudness_lufs: float | None
    added_at: str
    cover: str | None


@dataclass(frozen=True, slots=True)
class AlbumPage:
    """A page of albums.

    Attributes:
        total: Number of albums that match.
        last: The place of the last row; None if no row follows.
    """

    albums: list[AlbumRow]
    total: int
    last: Place | None


@dataclass(frozen=True, slots=True)
class TrackRow(PassageRow):
    """A passage on an album.

    Attributes:
        disc: The medium, from 1.
        track: Its number there; 0 if it is not known.
        is_double: Whether the album has this disc and track, or recording, twice.
    """

    disc: int
    track: int
    is_double: bool


@dataclass(frozen=True, slots=True)
class AlbumDetail:
    """An album with its tracks in running order.

    Attributes:
        missing: Numbers of tracks that it lacks, each with its disc, as far as the tags
            tell how many there are.
        chosen_release: The release that a person chose for its files; None: matching
            found it.
        matched_again: How many of its tracks are about to be matched again.
    """

    album: AlbumRow
    tracks: list[TrackRow]
    missing: list[tuple[int, int]]
    chosen_release: str | None
    matched_again: int


@dataclass(frozen=True, slots=True)
class ArtistRow:
    """An artist in a listing; `artist_key` is its id."""

    artist_key: str
    name: str
    songs: int
    albums: int


@dataclass(frozen=True, slots=True)
class ArtistPage:
    """A page of artists.

    Attributes:
        total: Number of artists that match.
        last: The place of the last row; None if no row follows.
    """

    artists: list[ArtistRow]
    total: int
    last: Place | None


@dataclass(frozen=True, slots=True)
class ArtistDetail:
    """An artist with albums and songs.

    Attributes:
        albums: The artist's own albums, and those with a song by the artist.
        songs: The artist's first songs, by album.
    """

    artist: ArtistRow
    albums: list[AlbumRow]
    songs: list[PassageRow]


@dataclass(frozen=True, slots=True)
class Hits:
    """The first songs, albums and artists that a search finds, and the totals.

    Attributes:
        songs_more: Whether more songs match than are counted.
    """

    songs: list[PassageRow]
    songs_total: int
    albums: list[AlbumRow]
    albums_total: int
    artists: list[ArtistRow]
    artists_total: int
    songs_more: bool = False
