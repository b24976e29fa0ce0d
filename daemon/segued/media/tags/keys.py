"""What the fields of `Tags` are called in every kind of tag.

Free-form names are compared without case, blanks and punctuation, as programs
agree on the words only: `MusicBrainz Album Id`, `MUSICBRAINZ_ALBUMID` and
`MusicBrainz/Album Id` are one name.

Source: MusicBrainz Picard, "Appendix B: Tag Mapping".
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = ["ID3_FRAMES", "INFO_CHUNKS", "MP4_ATOMS", "Field", "field_named", "plain"]


class Field(StrEnum):
    """Something that a tag can say, whatever the tag calls it."""

    TITLE = "title"
    ARTIST = "artist"
    ARTISTS = "artists"
    ALBUM = "album"
    ALBUM_ARTIST = "album artist"
    TRACK = "track"  # `3` or `3/12`
    TRACK_TOTAL = "track total"
    DISC = "disc"  # `1` or `1/2`
    DISC_TOTAL = "disc total"
    DATE = "date"
    ORIGINAL_DATE = "original date"
    GENRE = "genre"
    ISRC = "isrc"
    RECORDING_MBID = "recording"
    TRACK_MBID = "release track"
    RELEASE_MBID = "release"
    RELEASE_GROUP_MBID = "release group"
    WORK_MBID = "work"
    ARTIST_MBID = "artist id"
    ALBUM_ARTIST_MBID = "album artist id"
    ACOUSTID = "acoustid"
    TRACK_GAIN = "track gain"
    TRACK_PEAK = "track peak"
    ALBUM_GAIN = "album gain"
    ALBUM_PEAK = "album peak"
    R128_TRACK_GAIN = "r128 track gain"
    R128_ALBUM_GAIN = "r128 album gain"
    CUE_SHEET = "cue sheet"


def plain(name: str) -> str:
    """Return a free-form name without case, blanks and punctuation."""
    return name.casefold().translate(IGNORED)


def field_named(name: str) -> Field | None:
    """Return the field that a free-form name stands for, if it is wanted."""
    return NAMES.get(plain(name))


IGNORED: Final = str.maketrans("", "", " _-/:.")

# "Track id" is the recording for historical reasons; the id of the track on
# the release came later and is called "release track id".
NAMES: Final = MappingProxyType(
    {
        name: field
        for field, names in (
            (Field.TITLE, "title wmtitle"),
            (Field.ARTIST, "artist author wmauthor"),
            (Field.ARTISTS, "artists wmartists"),
            (Field.ALBUM, "album albumtitle wmalbumtitle"),
            (Field.ALBUM_ARTIST, "albumartist wmalbumartist"),
            (Field.TRACK, "track tracknumber tracknum wmtracknumber"),
            (Field.TRACK_TOTAL, "tracktotal totaltracks trackc"),
            (Field.DISC, "disc disk discnumber disknumber wmpartofset"),
            (Field.DISC_TOTAL, "disctotal totaldiscs discc"),
            (Field.DATE, "date year wmyear releasedate"),
            (Field.ORIGINAL_DATE, "originaldate originalyear originalreleasedate"),
            (Field.ORIGINAL_DATE, "wmoriginalreleaseyear wmoriginalreleasetime"),
            (Field.GENRE, "genre wmgenre"),
            (Field.ISRC, "isrc wmisrc"),
            (Field.RECORDING_MBID, "musicbrainztrackid musicbrainzrecordingid"),
            (Field.TRACK_MBID, "musicbrainzreleasetrackid"),
            (Field.RELEASE_MBID, "musicbrainzalbumid musicbrainzreleaseid"),
            (Field.RELEASE_GROUP_MBID, "musicbrainzreleasegroupid"),
            (Field.WORK_MBID, "musicbrainzworkid"),
            (Field.ARTIST_MBID, "musicbrainzartistid"),
            (
                Field.ALBUM_ARTIST_MBID,
                "musicbrainzalbumartistid musicbrainzreleaseartistid",
            ),
            (Field.ACOUSTID, "acoustidid"),
            (Field.TRACK_GAIN, "replaygaintrackgain"),
            (Field.TRACK_PEAK, "replaygaintrackpeak"),
            (Field.ALBUM_GAIN, "replaygainalbumgain"),
            (Field.ALBUM_PEAK, "replaygainalbumpeak"),
            (Field.R128_TRACK_GAIN, "r128trackgain"),
            (Field.R128_ALBUM_GAIN, "r128albumgain"),
            (Field.CUE_SHEET, "cuesheet"),
        )
        for name in names.split()
    }
)

ID3_FRAMES: Final = MappingProxyType(
    {
        "TIT2": Field.TITLE,
        "TPE1": Field.ARTIST,
        "TALB": Field.ALBUM,
        "TPE2": Field.ALBUM_ARTIST,
        "TRCK": Field.TRACK,
        "TPOS": Field.DISC,
        "TDRC": Field.DATE,
        "TDRL": Field.DATE,
        "TDOR": Field.ORIGINAL_DATE,
        "TCON": Field.GENRE,
        "TSRC": Field.ISRC,
    }
)
"""ID3v2.4; mutagen turns the older versions into it."""

MP4_ATOMS: Final = MappingProxyType(
    {
        "\xa9nam": Field.TITLE,
        "\xa9ART": Field.ARTIST,
        "\xa9alb": Field.ALBUM,
        "aART": Field.ALBUM_ARTIST,
        "trkn": Field.TRACK,
        "disk": Field.DISC,
        "\xa9day": Field.DATE,
        "\xa9gen": Field.GENRE,
    }
)

INFO_CHUNKS: Final = MappingProxyType(
    {
        b"INAM": Field.TITLE,
        b"IART": Field.ARTIST,
        b"IPRD": Field.ALBUM,
        b"ITRK": Field.TRACK,
        b"IPRT": Field.TRACK,
        b"ICRD": Field.DATE,
        b"IGNR": Field.GENRE,
        b"NAME": Field.TITLE,
        b"AUTH": Field.ARTIST,
    }
)
"""RIFF INFO, and the two text chunks that AIFF has of its own."""
