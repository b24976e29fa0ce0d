"""Files with the same tags in every tag format, written like Picard does."""

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from blake3 import blake3
from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.id3 import (
    APIC,
    ID3,
    TALB,
    TCMP,
    TCOM,
    TCON,
    TDOR,
    TDRC,
    TIT2,
    TPE1,
    TPE2,
    TPOS,
    TRCK,
    TSRC,
    TXXX,
    UFID,
    USLT,
)
from mutagen.mp4 import MP4, MP4Cover
from mutagen.trueaudio import TrueAudio
from mutagen.wave import WAVE

from segued.media.tags.reader import TagReading, read_tags
from segued.model import Cover, Tags
from tests.media.encoded_files import (
    PICTURE,
    RETAGGERS,
    VORBIS,
    encoded_tone,
    flac_picture,
    write_file,
)

MBID = "0a1b2c3d-0000-4000-8000-00000000000{}"
COVER = Cover("image/jpeg", len(PICTURE), blake3(PICTURE).hexdigest())

LYRICS = "Low tide turns\nbefore you wake up"

TAGS = Tags(
    title="Hyperballad",
    artist="Björk",
    artists=("Björk", "Brodsky Quartet"),
    album="Post",
    album_artist="Björk Guðmundsdóttir",
    track=3,
    track_total=12,
    disc=1,
    disc_total=2,
    date="1995-06-13",
    genres=("Art Pop", "Electronic"),
    isrcs=("GBAYE9500123",),
    recording_mbid=MBID.format(1),
    track_mbid=MBID.format(2),
    release_mbid=MBID.format(3),
    release_group_mbid=MBID.format(4),
    work_mbid=MBID.format(5),
    artist_mbids=(MBID.format(6), MBID.format(7)),
    album_artist_mbids=(MBID.format(8),),
    acoustid=MBID.format(9),
    track_gain_db=-6.52,
    track_peak=0.987654,
    album_gain_db=-7.1,
    album_peak=1.000001,
    cover=COVER,
    original_date="1994",
    compilation=True,
    composers=("Björk", "Nellee Hooper"),
    work="Hyper-Ballad",
    lyrics=LYRICS,
)
"""The tags that every file has."""

GAINS = {
    "REPLAYGAIN_TRACK_GAIN": "-6.52 dB",
    "REPLAYGAIN_TRACK_PEAK": "0.987654",
    "REPLAYGAIN_ALBUM_GAIN": "-7.10 dB",
    "REPLAYGAIN_ALBUM_PEAK": "1.000001",
}

IDS = {
    "MusicBrainz Release Track Id": [MBID.format(2)],
    "MusicBrainz Album Id": [MBID.format(3).upper()],
    "MusicBrainz Release Group Id": [MBID.format(4)],
    "MusicBrainz Work Id": [MBID.format(5)],
    "MusicBrainz Artist Id": [MBID.format(6), MBID.format(7)],
    "MusicBrainz Album Artist Id": [MBID.format(8)],
    "Acoustid Id": [MBID.format(9)],
}
"""Picard's names for them in ID3 and MP4."""


def read_tags_of(folder: Path, data: bytes, name: str = "file") -> TagReading:
    """Write a file and read its tags."""
    return read_tags(*write_file(folder, data, name))


def rewritten(data: bytes, change: Callable[[BytesIO], object]) -> bytes:
    """Return the file after `change` has written to it."""
    file = BytesIO(data)
    change(file)
    return file.getvalue()


def fill_id3(tag: ID3) -> None:
    """Add the frames that Picard writes."""
    for frame in (
        TIT2(text=["Hyperballad"]),
        TPE1(text=["Björk"]),
        TPE2(text=["Björk Guðmundsdóttir"]),
        TALB(text=["Post"]),
        TRCK(text=["3/12"]),
        TPOS(text=["1/2"]),
        TDRC(text=["1995-06-13"]),
        TCON(text=["Art Pop", "Electronic"]),
        TSRC(text=["GBAYE9500123"]),
        TDOR(text=["1994"]),
        TCMP(text=["1"]),
        TCOM(text=["Björk", "Nellee Hooper"]),
        TXXX(desc="WORK", text=["Hyper-Ballad"]),
        USLT(lang="eng", desc="", text=LYRICS),
        UFID(owner="http://musicbrainz.org", data=MBID.format(1).encode()),
        TXXX(desc="Artists", text=["Björk", "Brodsky Quartet"]),
        APIC(mime="image/png", type=4, data=b"the back"),
        APIC(mime="image/jpeg", type=3, desc="front", data=PICTURE),
        *(TXXX(desc=name, text=texts) for name, texts in IDS.items()),
        *(TXXX(desc=name.lower(), text=[text]) for name, text in GAINS.items()),
    ):
        tag.add(frame)


def id3_bytes(tag: ID3, version: int = 4) -> bytes:
    """Return a serialized tag."""
    file = BytesIO()
    tag.save(file, v2_version=version)
    return file.getvalue()


def id3_of(*frames: Any) -> bytes:  # noqa: ANN401
    """Return an ID3v2.4 tag of these frames."""
    tag = ID3()
    for frame in frames:
        tag.add(frame)
    return id3_bytes(tag)


def tagged_id3(version: int) -> bytes:
    """Return an MP3 with all fields in ID3."""
    tag = ID3()
    fill_id3(tag)
    return id3_bytes(tag, version) + encoded_tone("mp3")


def tagged_id3_inside(kind: str, read: Callable[[BytesIO], Any]) -> bytes:
    """Return a file with all fields in an ID3 chunk."""

    def change(file: BytesIO) -> None:
        opened = read(file)
        opened.add_tags()
        fill_id3(opened.tags)
        file.seek(0)
        opened.save(file)

    return rewritten(encoded_tone(kind), change)


def comments() -> dict[str, list[str]]:
    """Return the Vorbis comments that Picard writes."""
    return {
        "TITLE": ["Hyperballad"],
        "ARTIST": ["Björk"],
        "ARTISTS": ["Björk", "Brodsky Quartet"],
        "ALBUM": ["Post"],
        "ALBUMARTIST": ["Björk Guðmundsdóttir"],
        "TRACKNUMBER": ["3"],
        "TRACKTOTAL": ["12"],
        "TOTALTRACKS": ["12"],
        "DISCNUMBER": ["1"],
        "DISCTOTAL": ["2"],
        "DATE": ["1995-06-13"],
        "ORIGINALDATE": ["1994"],
        "COMPILATION": ["1"],
        "COMPOSER": ["Björk", "Nellee Hooper"],
        "WORK": ["Hyper-Ballad"],
        "LYRICS": [LYRICS],
        "GENRE": ["Art Pop", "Electronic"],
        "ISRC": ["GB-AYE-95-00123"],
        "MUSICBRAINZ_TRACKID": [MBID.format(1)],
        "MUSICBRAINZ_RELEASETRACKID": [MBID.format(2)],
        "MUSICBRAINZ_ALBUMID": [MBID.format(3)],
        "MUSICBRAINZ_RELEASEGROUPID": [MBID.format(4)],
        "MUSICBRAINZ_WORKID": [MBID.format(5)],
        "MUSICBRAINZ_ARTISTID": [MBID.format(6), MBID.format(7)],
        "MUSICBRAINZ_ALBUMARTISTID": [MBID.format(8)],
        "ACOUSTID_ID": [MBID.format(9)],
        **{name: [text] for name, text in GAINS.items()},
    }


def tagged_comments(kind: str) -> bytes:
    """Return an Ogg file with all fields, and a picture."""
    _, retag = RETAGGERS[kind]

    def change(file: BytesIO) -> None:
        ogg = VORBIS[kind](file)
        del ogg["title"], ogg["comment"]
        ogg.update(comments())
        file.seek(0)
        ogg.save(file)

    return rewritten(retag(encoded_tone(kind), "x"), change)


def tagged_flac() -> bytes:
    """Return a FLAC file with all fields, and a picture."""

    def change(file: BytesIO) -> None:
        flac: Any = FLAC(file)
        flac.update(comments())
        flac.add_picture(flac_picture())
        file.seek(0)
        flac.save(file)

    return rewritten(encoded_tone("flac"), change)


def tagged_mp4() -> bytes:
    """Return an M4A file with all fields, as Picard writes them."""

    def change(file: BytesIO) -> None:
        mp4: Any = MP4(file)
        if mp4.tags is None:
            mp4.add_tags()
        mp4.update(
            {
                "\xa9nam": "Hyperballad",
                "\xa9ART": "Björk",
                "aART": "Björk Guðmundsdóttir",
                "\xa9alb": "Post",
                "trkn": [(3, 12)],
                "disk": [(1, 2)],
                "\xa9day": "1995-06-13",
                "\xa9gen": ["Art Pop", "Electronic"],
                "\xa9wrt": ["Björk", "Nellee Hooper"],
                "\xa9wrk": ["Hyper-Ballad"],
                "cpil": True,
                "\xa9lyr": LYRICS,
                "covr": [MP4Cover(PICTURE)],
            }
        )
        free = {
            "ARTISTS": ["Björk", "Brodsky Quartet"],
            "ISRC": ["GBAYE9500123"],
            "ORIGINALDATE": ["1994"],
            "MusicBrainz Track Id": [MBID.format(1)],
            **IDS,
            **{name.lower(): [text] for name, text in GAINS.items()},
        }
        for name, texts in free.items():
            mp4[f"----:com.apple.iTunes:{name}"] = [text.encode() for text in texts]
        file.seek(0)
        mp4.save(file)

    return rewritten(encoded_tone("m4a"), change)


def tagged_ape(kind: str) -> bytes:
    """Return a file with all fields in an APEv2 tag."""

    def change(file: BytesIO) -> None:
        tag: Any = APEv2()
        ape_names = {
            "TRACKNUMBER": "Track",
            "DISCNUMBER": "Disc",
            "DATE": "Year",
            "ALBUMARTIST": "Album Artist",
        }
        for name, texts in comments().items():
            if not name.endswith("TOTAL") and name != "TOTALTRACKS":
                tag[ape_names.get(name, name)] = texts
        tag["Track"], tag["Disc"] = "3/12", "1/2"
        tag["Cover Art (Front)"] = b"front.jpg\0" + PICTURE
        tag.save(file)

    return rewritten(encoded_tone(kind), change)


def tagged_asf() -> bytes:
    """Return a WMA file with all fields, as Picard writes them."""
    picture = struct.pack("<BI", 3, len(PICTURE))
    picture += "image/jpeg\0\0".encode("utf-16-le") + PICTURE

    def change(file: BytesIO) -> None:
        asf: Any = ASF(file)
        asf["Title"], asf["Author"] = "Hyperballad", "Björk"
        asf["WM/ARTISTS"] = ["Björk", "Brodsky Quartet"]
        asf["WM/AlbumTitle"], asf["WM/AlbumArtist"] = "Post", "Björk Guðmundsdóttir"
        asf["WM/TrackNumber"], asf["TotalTracks"] = 3, "12"
        asf["WM/PartOfSet"] = "1/2"
        asf["WM/Year"], asf["WM/ISRC"] = "1995-06-13", "GBAYE9500123"
        asf["WM/Genre"] = ["Art Pop", "Electronic"]
        asf["WM/OriginalReleaseTime"], asf["WM/IsCompilation"] = "1994", "1"
        asf["WM/Composer"], asf["WM/Work"] = ["Björk", "Nellee Hooper"], "Hyper-Ballad"
        asf["WM/Lyrics"] = LYRICS
        asf["MusicBrainz/Track Id"] = MBID.format(1)
        for name, texts in IDS.items():
            asf[name.replace(" ", "/", 1)] = texts
        for name, text in GAINS.items():
            asf[name.lower()] = text
        asf["WM/Picture"] = picture
        file.seek(0)
        asf.save(file)

    return rewritten(encoded_tone("asf"), change)


TAGGED: dict[str, Callable[[], bytes]] = {
    "ID3v2.4": lambda: tagged_id3(4),
    "APEv2 after WavPack": lambda: tagged_ape("wv"),
    "APEv2 after MP3": lambda: tagged_ape("mp3"),
    "ID3 before TTA": lambda: tagged_id3_inside("tta", TrueAudio),
    "ID3 in WAV": lambda: tagged_id3_inside("wav", WAVE),
    "ID3 in AIFF": lambda: tagged_id3_inside("aiff", AIFF),
    "FLAC": tagged_flac,
    "MP4": tagged_mp4,
    "ASF": tagged_asf,
    "Vorbis": lambda: tagged_comments("ogg"),
    "Opus": lambda: tagged_comments("opus"),
    "Speex": lambda: tagged_comments("speex"),
    "FLAC in Ogg": lambda: tagged_comments("ogg-flac"),
}


def id3v1(title: bytes, track: int) -> bytes:
    """Return an ID3v1.1 tag."""
    texts = title.ljust(30, b"\0") + b"Artist".ljust(30) + b"Album".ljust(30, b"\0")
    return b"TAG" + texts + b"1987" + bytes(29) + bytes((track,)) + b"\x11"
