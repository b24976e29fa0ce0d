"""The names of the fields of `Tags` in every tag format.

Free-form names are compared without case, blanks and punctuation, because programs
agree only on the words: `MusicBrainz Album Id`, `MUSICBRAINZ_ALBUMID` and
`MusicBrainz/Album Id` are one name.

Source: MusicBrainz Picard, "Appendix B: Tag Mapping".
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = [
    "ID3_FRAMES",
    "INFO_CHUNKS",
    "MP4_ATOMS",
    "TagField",
    "field_for_name",
    "normalize_key",
]


class TagField(StrEnum):
    """A field of a tag, independent of the tag format."""

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
    COMPILATION = "compilation"
    COMPOSER = "composer"
    WORK = "work title"
    LYRICS = "lyrics"
    CUE_SHEET = "cue sheet"


def normalize_key(name: str) -> str:
    """Return a free-form name without case, blanks and punctuation."""
    return name.casefold().translate(IGNORED_CHARACTERS)


def field_for_name(name: str) -> TagField | None:
    """Return the field that a free-form name stands for; None if it is not used."""
    return FIELD_OF_NAME.get(normalize_key(name))


IGNORED_CHARACTERS: Final = str.maketrans("", "", " _-/:.")

# "Track id" is the recording's id for historical reasons; the id of the track on the
# release was added later as "release track id".
FIELD_OF_NAME: Final = MappingProxyType(
    {
        name: field
        for field, names in (
            (TagField.TITLE, "title wmtitle"),
            (TagField.ARTIST, "artist author wmauthor"),
            (TagField.ARTISTS, "artists wmartists"),
            (TagField.ALBUM, "album albumtitle wmalbumtitle"),
            (TagField.ALBUM_ARTIST, "albumartist wmalbumartist"),
            (TagField.TRACK, "track tracknumber tracknum wmtracknumber partnumber"),
            (TagField.TRACK_TOTAL, "tracktotal totaltracks trackc totalparts"),
            (TagField.DISC, "disc disk discnumber disknumber wmpartofset"),
            (TagField.DISC_TOTAL, "disctotal totaldiscs discc"),
            (TagField.DATE, "date year wmyear releasedate datereleased"),
            (TagField.ORIGINAL_DATE, "originaldate originalyear originalreleasedate"),
            (TagField.ORIGINAL_DATE, "wmoriginalreleaseyear wmoriginalreleasetime"),
            (TagField.ORIGINAL_DATE, "daterecorded"),
            (TagField.GENRE, "genre wmgenre"),
            (TagField.ISRC, "isrc wmisrc"),
            (TagField.RECORDING_MBID, "musicbrainztrackid musicbrainzrecordingid"),
            (TagField.TRACK_MBID, "musicbrainzreleasetrackid"),
            (TagField.RELEASE_MBID, "musicbrainzalbumid musicbrainzreleaseid"),
            (TagField.RELEASE_GROUP_MBID, "musicbrainzreleasegroupid"),
            (TagField.WORK_MBID, "musicbrainzworkid"),
            (TagField.ARTIST_MBID, "musicbrainzartistid"),
            (
                TagField.ALBUM_ARTIST_MBID,
                "musicbrainzalbumartistid musicbrainzreleaseartistid",
            ),
            (TagField.ACOUSTID, "acoustidid"),
            (TagField.TRACK_GAIN, "replaygaintrackgain"),
            (TagField.TRACK_PEAK, "replaygaintrackpeak"),
            (TagField.ALBUM_GAIN, "replaygainalbumgain"),
            (TagField.ALBUM_PEAK, "replaygainalbumpeak"),
            (TagField.R128_TRACK_GAIN, "r128trackgain"),
            (TagField.R128_ALBUM_GAIN, "r128albumgain"),
            (TagField.COMPILATION, "compilation itunescompilation wmiscompilation"),
            (TagField.COMPOSER, "composer wmcomposer"),
            (TagField.WORK, "work worktitle wmwork"),
            (TagField.LYRICS, "lyrics wmlyrics unsyncedlyrics unsynchronisedlyrics"),
            (TagField.LYRICS, "syncedlyrics wmlyricssynchronised"),
            (TagField.CUE_SHEET, "cuesheet"),
        )
        for name in names.split()
    }
)

ID3_FRAMES: Final = MappingProxyType(
    {
        "TIT2": TagField.TITLE,
        "TPE1": TagField.ARTIST,
        "TALB": TagField.ALBUM,
        "TPE2": TagField.ALBUM_ARTIST,
        "TRCK": TagField.TRACK,
        "TPOS": TagField.DISC,
        "TDRC": TagField.DATE,
        "TDRL": TagField.DATE,
        "TDOR": TagField.ORIGINAL_DATE,
        "TCON": TagField.GENRE,
        "TSRC": TagField.ISRC,
        "TCMP": TagField.COMPILATION,
        "TCOM": TagField.COMPOSER,
    }
)
"""Frames of ID3v2.4; mutagen converts older versions to it."""

MP4_ATOMS: Final = MappingProxyType(
    {
        "\xa9nam": TagField.TITLE,
        "\xa9ART": TagField.ARTIST,
        "\xa9alb": TagField.ALBUM,
        "aART": TagField.ALBUM_ARTIST,
        "trkn": TagField.TRACK,
        "disk": TagField.DISC,
        "\xa9day": TagField.DATE,
        "\xa9gen": TagField.GENRE,
        "\xa9wrt": TagField.COMPOSER,
        "\xa9wrk": TagField.WORK,
        "cpil": TagField.COMPILATION,
        "\xa9lyr": TagField.LYRICS,
    }
)

INFO_CHUNKS: Final = MappingProxyType(
    {
        b"INAM": TagField.TITLE,
        b"IART": TagField.ARTIST,
        b"IPRD": TagField.ALBUM,
        b"ITRK": TagField.TRACK,
        b"IPRT": TagField.TRACK,
        b"ICRD": TagField.DATE,
        b"IGNR": TagField.GENRE,
        b"NAME": TagField.TITLE,
        b"AUTH": TagField.ARTIST,
    }
)
"""RIFF INFO chunks, and AIFF's two text chunks."""
