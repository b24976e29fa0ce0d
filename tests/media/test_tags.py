"""Tags are read in every kind, and no file fails for them."""

import errno
import os
import pickle
import struct
import time
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC, CueSheet, CueSheetTrack, CueSheetTrackIndex
from mutagen.id3 import (
    APIC,
    CHAP,
    ID3,
    RVA2,
    TALB,
    TCON,
    TDRC,
    TIT2,
    TPE1,
    TPE2,
    TPOS,
    TRCK,
    TSRC,
    TXXX,
    UFID,
)
from mutagen.mp4 import MP4, MP4Cover
from mutagen.trueaudio import TrueAudio
from mutagen.wave import WAVE

from segued.errors import DiskReadError, FileError, FileVanishedError
from segued.media.reading import signature_of
from segued.media.tags import TagReading, read_tags
from segued.model import Cover, Mark, Signature, Tags, Warned
from segued.units import TICKS_PER_SECOND, Ticks
from tests.media.encoded import (
    PICTURE,
    RETAGGERS,
    VORBIS,
    encoded,
    flac_picture,
    saved,
)

MBID = "0a1b2c3d-0000-4000-8000-00000000000{}"
COVER = Cover("image/jpeg", len(PICTURE), blake3(PICTURE).hexdigest())

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
)
"""What every kind of tag below is made to say."""

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
"""As Picard names them in ID3 and MP4."""


def reading_of(folder: Path, data: bytes, name: str = "file") -> TagReading:
    """Return what a file of these bytes says of itself."""
    return read_tags(*saved(folder, data, name))


def changed(data: bytes, change: Callable[[BytesIO], object]) -> bytes:
    """Return the file after `change` has written to it."""
    file = BytesIO(data)
    change(file)
    return file.getvalue()


def fill_id3(tag: ID3) -> None:
    """Write what Picard writes."""
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
        UFID(owner="http://musicbrainz.org", data=MBID.format(1).encode()),
        TXXX(desc="Artists", text=["Björk", "Brodsky Quartet"]),
        APIC(mime="image/png", type=4, data=b"the back"),
        APIC(mime="image/jpeg", type=3, desc="front", data=PICTURE),
        *(TXXX(desc=name, text=texts) for name, texts in IDS.items()),
        *(TXXX(desc=name.lower(), text=[text]) for name, text in GAINS.items()),
    ):
        tag.add(frame)


def id3_bytes(tag: ID3, version: int = 4) -> bytes:
    """Return a tag on its own."""
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
    return id3_bytes(tag, version) + encoded("mp3")


def tagged_id3_inside(kind: str, read: Callable[[BytesIO], Any]) -> bytes:
    """Return a file with all fields in an ID3 chunk."""

    def change(file: BytesIO) -> None:
        opened = read(file)
        opened.add_tags()
        fill_id3(opened.tags)
        file.seek(0)
        opened.save(file)

    return changed(encoded(kind), change)


def comments() -> dict[str, list[str]]:
    """Return what Picard writes into Vorbis comments."""
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

    return changed(retag(encoded(kind), "x"), change)


def tagged_flac() -> bytes:
    """Return a FLAC file with all fields, and a picture."""

    def change(file: BytesIO) -> None:
        flac: Any = FLAC(file)
        flac.update(comments())
        flac.add_picture(flac_picture())
        file.seek(0)
        flac.save(file)

    return changed(encoded("flac"), change)


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
                "covr": [MP4Cover(PICTURE)],
            }
        )
        free = {
            "ARTISTS": ["Björk", "Brodsky Quartet"],
            "ISRC": ["GBAYE9500123"],
            "MusicBrainz Track Id": [MBID.format(1)],
            **IDS,
            **{name.lower(): [text] for name, text in GAINS.items()},
        }
        for name, texts in free.items():
            mp4[f"----:com.apple.iTunes:{name}"] = [text.encode() for text in texts]
        file.seek(0)
        mp4.save(file)

    return changed(encoded("m4a"), change)


def tagged_ape(kind: str) -> bytes:
    """Return a file with all fields in an APEv2 tag."""

    def change(file: BytesIO) -> None:
        tag: Any = APEv2()
        spelt = {"TRACKNUMBER": "Track", "DISCNUMBER": "Disc", "DATE": "Year"}
        spelt |= {"ALBUMARTIST": "Album Artist"}
        for name, texts in comments().items():
            if not name.endswith("TOTAL") and name != "TOTALTRACKS":
                tag[spelt.get(name, name)] = texts
        tag["Track"], tag["Disc"] = "3/12", "1/2"
        tag["Cover Art (Front)"] = b"front.jpg\0" + PICTURE
        tag.save(file)

    return changed(encoded(kind), change)


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
        asf["MusicBrainz/Track Id"] = MBID.format(1)
        for name, texts in IDS.items():
            asf[name.replace(" ", "/", 1)] = texts
        for name, text in GAINS.items():
            asf[name.lower()] = text
        asf["WM/Picture"] = picture
        file.seek(0)
        asf.save(file)

    return changed(encoded("asf"), change)


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


@pytest.mark.parametrize("kind", TAGGED)
def test_every_kind_of_tag_says_the_same(kind: str, tmp_path: Path) -> None:
    """One set of values, written as Picard writes it, comes back as one."""
    # The name is wrong on purpose: the content tells.
    found = reading_of(tmp_path, TAGGED[kind](), "file.jpg")

    assert found == TagReading(TAGS)


def test_old_id3_says_the_same(tmp_path: Path) -> None:
    """ID3v2.3 splits the date and joins several values with a slash."""
    found = reading_of(tmp_path, tagged_id3(3)).tags

    assert found.date == "1995-06-13"
    assert found.artist_mbids == TAGS.artist_mbids
    assert found.genres == ("Art Pop/Electronic",)  # "R&B/Soul" is one genre
    assert found.recording_mbid == TAGS.recording_mbid


def test_the_oldest_id3_is_read(tmp_path: Path) -> None:
    """ID3v2.2 has names of three letters."""

    def frame(name: bytes, text: bytes) -> bytes:
        return name + (1 + len(text)).to_bytes(3, "big") + b"\0" + text

    frames = frame(b"TT2", b"Title") + frame(b"TP1", b"Artist") + frame(b"TRK", b"7/9")
    frames += (
        frame(b"TYE", b"1999") + frame(b"TXX", b"ASIN\0B00") + frame(b"TCO", b"(17)")
    )
    frames += frame(b"PIC", b"JPG\x03\0" + PICTURE)
    sizes = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))

    found = reading_of(tmp_path, b"ID3\x02\0\0" + sizes + frames + encoded("mp3"))

    assert found == TagReading(
        Tags(
            title="Title",
            artist="Artist",
            artists=("Artist",),
            track=7,
            track_total=9,
            date="1999",
            genres=("Rock",),
            cover=COVER,
        )
    )


def id3v1(title: bytes, track: int) -> bytes:
    """Return an ID3v1.1 tag."""
    texts = title.ljust(30, b"\0") + b"Artist".ljust(30) + b"Album".ljust(30, b"\0")
    return b"TAG" + texts + b"1987" + bytes(29) + bytes((track,)) + b"\x11"


def test_id3v1_alone_is_read(tmp_path: Path) -> None:
    """A hundred and twenty-eight bytes at the end are a tag."""
    found = reading_of(tmp_path, encoded("mp3") + id3v1(b"Title", 5))

    assert found == TagReading(
        Tags(
            title="Title",
            artist="Artist",
            artists=("Artist",),
            album="Album",
            track=5,
            date="1987",
            genres=("Rock",),
        )
    )


def test_the_own_tag_of_a_format_wins(tmp_path: Path) -> None:
    """ID3v2 before APEv2 before ID3v1 in MP3; APEv2 first in WavPack."""

    def with_ape(data: bytes) -> bytes:
        def change(file: BytesIO) -> None:
            tag: Any = APEv2()
            tag["Title"], tag["Album"], tag["replaygain_track_gain"] = "ape", "ape", "1"
            tag.save(file)

        return changed(data, change)

    head = id3_of(TIT2(text=["id3"]), TPE1(text=["id3"]))
    mp3 = reading_of(tmp_path, head + with_ape(encoded("mp3")) + id3v1(b"v1", 9)).tags
    wavpack = reading_of(tmp_path, head + with_ape(encoded("wv"))).tags

    assert (mp3.title, mp3.artist, mp3.album, mp3.track) == ("id3", "id3", "ape", 9)
    assert mp3.track_gain_db == 1.0
    assert (wavpack.title, wavpack.artist) == ("ape", "id3")


def test_wav_has_text_chunks_of_its_own(tmp_path: Path) -> None:
    """RIFF INFO is read, and what ID3 says goes before it."""
    texts = [(b"INAM", b"info title\0"), (b"INAM", b"another"), (b"ITRK", b"4")]
    texts.append((b"IART", "Bj\xf6rk".encode("cp1252")))
    body = b"INFO" + b"".join(
        name + struct.pack("<I", len(text)) + text + bytes(len(text) % 2)
        for name, text in texts
    )
    chunk = b"LIST" + struct.pack("<I", len(body)) + body
    tag = id3_of(TIT2(text=["id3 title"]))
    id3 = b"id3 " + struct.pack("<I", len(tag)) + tag

    info = reading_of(tmp_path, encoded("wav") + chunk).tags
    both = reading_of(tmp_path, encoded("wav") + chunk + id3).tags

    assert (info.title, info.artist, info.track) == ("info title", "Björk", 4)
    assert (both.title, both.artist) == ("id3 title", "Björk")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"TRACKNUMBER": ["0/0"]}, Tags()),
        ({"TRACKNUMBER": ["A1"]}, Tags()),
        ({"TRACKNUMBER": ["07/00"]}, Tags(track=7)),
        (
            {"TRACKNUMBER": ["100000"], "TRACKTOTAL": ["99999"]},
            Tags(track_total=99_999),
        ),
        ({"TITLE": ["  \0x\0y "]}, Tags(title="x")),
        ({"TITLE": ["", " \ufeff", "z"]}, Tags(title="z")),
        ({"TITLE": ["BjÃ¶rk"]}, Tags(title="BjÃ¶rk")),
        ({"TITLE": ["x" * 5_000]}, Tags(title="x" * 4_096)),
        ({"ORIGINALDATE": ["1971"]}, Tags(date="1971")),
        ({"ARTIST": ["a", "b", "a"]}, Tags(artist="a; b", artists=("a", "b"))),
        ({"ALBUM ARTIST": ["a"]}, Tags(album_artist="a")),
        ({"MUSICBRAINZ_TRACKID": ["not an id"]}, Tags()),
        (
            {"MUSICBRAINZ_ARTISTID": [f"{MBID.format(1)}/{MBID.format(2)}"]},
            Tags(artist_mbids=(MBID.format(1), MBID.format(2))),
        ),
        (
            {"MUSICBRAINZ_ARTISTID": [f"{MBID.format(1)}; {MBID.format(1)}\0x"]},
            Tags(artist_mbids=(MBID.format(1),)),
        ),
        ({"ISRC": ["gbaye9500123;junk"]}, Tags(isrcs=("GBAYE9500123",))),
        ({"REPLAYGAIN_TRACK_GAIN": ["+3,5 db"]}, Tags(track_gain_db=3.5)),
        ({"REPLAYGAIN_TRACK_GAIN": ["1e9"]}, Tags()),
        ({"REPLAYGAIN_TRACK_GAIN": ["900"]}, Tags()),
        ({"REPLAYGAIN_TRACK_PEAK": ["-1"]}, Tags()),
        # R128 aims 5 dB lower, in steps of 1/256 dB.
        ({"R128_TRACK_GAIN": ["-512"]}, Tags(track_gain_db=3.0)),
        ({"R128_ALBUM_GAIN": ["40000"]}, Tags()),
        ({"METADATA_BLOCK_PICTURE": ["junk"], "TITLE": ["t"]}, Tags(title="t")),
    ],
)
def test_values_are_checked(
    written: dict[str, list[str]], read: Tags, tmp_path: Path
) -> None:
    """What is out of range is left out; text is kept as it is."""

    def change(file: BytesIO) -> None:
        ogg: Any = VORBIS["opus"](file)
        ogg.update(written)
        file.seek(0)
        ogg.save(file)

    found = reading_of(tmp_path, changed(encoded("opus"), change))

    assert found == TagReading(read)


def test_rva2_is_replay_gain(tmp_path: Path) -> None:
    """Old taggers wrote the gain in a frame of ID3's own."""
    data = id3_of(RVA2(desc="track", channel=1, gain=-3.5, peak=0.5)) + encoded("mp3")

    found = reading_of(tmp_path, data).tags

    assert found.track_gain_db == -3.5
    assert found.track_peak == pytest.approx(0.5, abs=1e-3)


def test_the_oldest_name_of_an_id_wins_over_free_text(tmp_path: Path) -> None:
    """UFID is the recording, whatever TXXX of a similar name says."""
    data = id3_of(
        TXXX(desc="MusicBrainz Track Id", text=[MBID.format(2)]),
        UFID(owner="http://musicbrainz.org", data=MBID.format(1).encode()),
    )

    assert reading_of(tmp_path, data + encoded("mp3")).tags == Tags(
        recording_mbid=MBID.format(1)
    )


@pytest.mark.parametrize("kind", ["mka", "caf", "au", "aac", "w64", "wav", "speex"])
def test_no_tags_are_no_warning(kind: str, tmp_path: Path) -> None:
    """A file that says nothing of itself is fine."""
    assert reading_of(tmp_path, encoded(kind)).warnings == ()


SECOND = TICKS_PER_SECOND
CHAPTERS = (
    Mark(Ticks(0), Ticks(SECOND), title="One"),
    Mark(Ticks(SECOND), Ticks(3 * SECOND // 2), title="Two"),
)


def chapter(name: str, start: int, end: int, title: str) -> CHAP:
    """Return an ID3 chapter."""
    return CHAP(
        element_id=name, start_time=start, end_time=end, sub_frames=[TIT2(text=[title])]
    )


def test_id3_chapters_are_marks(tmp_path: Path) -> None:
    """In the order of time, whatever order the tag has them in."""
    # Short frames are written first.
    frames = chapter("b", 1_000, 1_500, "Two"), chapter("a-long-name", 0, 1_000, "One")

    found = reading_of(tmp_path, id3_of(*frames) + encoded("mp3"))

    assert found.marks == CHAPTERS
    assert found.warnings == ()


def test_chapters_that_overlap_end_where_the_next_begins(tmp_path: Path) -> None:
    """An end after that says nothing."""
    frames = chapter("a", 0, 1_200, "One"), chapter("b", 1_000, 1_500, "Two")

    found = reading_of(tmp_path, id3_of(*frames) + encoded("mp3"))

    assert found.marks == (Mark(Ticks(0), title="One"), CHAPTERS[1])


def test_one_chapter_divides_nothing(tmp_path: Path) -> None:
    """A single mark is none."""
    data = id3_of(chapter("a", 0, 1_000, "One")) + encoded("mp3")

    assert reading_of(tmp_path, data) == TagReading()


def test_nonsense_chapters_are_a_warning(tmp_path: Path) -> None:
    """Two chapters cannot begin at the same time."""
    frames = chapter("b", 500, 1_500, "Two"), chapter("a", 500, 1_000, "One")

    found = reading_of(tmp_path, id3_of(TIT2(text=["t"]), *frames) + encoded("mp3"))

    assert found.marks == ()
    assert [warned.code for warned in found.warnings] == ["chapters"]
    assert found.tags.title == "t"


def test_mp4_chapters_are_marks(tmp_path: Path) -> None:
    """Nero's chapter list, in units of 100 ns."""

    def chapters(*starts: int) -> bytes:
        texts = [struct.pack(">QB", at, 2) + b"\xc3\xa9" for at in starts]
        body = bytes(8) + bytes((len(texts),)) + b"".join(texts)
        return struct.pack(">I4s", 8 + len(body), b"chpl") + body

    # A list in a `moov` of its own, as the file's is not easily made longer.
    mvhd = struct.pack(">I4s12xII", 108, b"mvhd", 1_000, 2_000) + bytes(80)
    listed = chapters(0, 12_345_678)
    udta = struct.pack(">I4s", 8 + len(listed), b"udta") + listed
    moov = struct.pack(">I4s", 8 + len(mvhd + udta), b"moov") + mvhd + udta
    data = struct.pack(">I4s4sI", 16, b"ftyp", b"M4A ", 0) + moov

    found = reading_of(tmp_path, data)

    exact = 12_345_678 * SECOND / 10_000_000
    assert found.warnings == ()
    assert [mark.title for mark in found.marks] == ["é", "é"]
    assert abs(found.marks[1].start - exact) <= 1


def with_comments(kind: str, **written: str) -> bytes:
    """Return an Ogg file with these comments."""

    def change(file: BytesIO) -> None:
        ogg: Any = VORBIS[kind](file)
        ogg.update(written)
        file.seek(0)
        ogg.save(file)

    return changed(encoded(kind), change)


def test_vorbis_chapters_are_marks(tmp_path: Path) -> None:
    """CHAPTER001 is a time and CHAPTER001NAME a title."""
    data = with_comments(
        "ogg",
        CHAPTER002="01:00:01.5",
        CHAPTER001="00:00:00.000",
        CHAPTER002NAME="Two",
        CHAPTER003="soon",
    )

    assert reading_of(tmp_path, data).marks == (
        Mark(Ticks(0)),
        Mark(Ticks(3_601 * SECOND + SECOND // 2), title="Two"),
    )


SHEET = """FILE "CDImage.wav" WAVE
TRACK 01 AUDIO
TITLE One
INDEX 01 00:00:00
TRACK 02 AUDIO
TITLE Two
INDEX 00 00:01:00
INDEX 01 00:01:37
"""


def test_an_embedded_sheet_goes_before_chapters(tmp_path: Path) -> None:
    """A CUE sheet is exact, and is believed first."""
    data = with_comments("ogg", CUESHEET=SHEET, CHAPTER1="0:0:0", CHAPTER2="0:0:1")

    assert reading_of(tmp_path, data).marks == (
        Mark(Ticks(0), Ticks(SECOND), title="One"),
        Mark(Ticks(SECOND + 37 * SECOND // 75), title="Two"),
    )


def test_an_embedded_sheet_may_be_in_ape(tmp_path: Path) -> None:
    """WavPack and Monkey's Audio keep it there."""

    def change(file: BytesIO) -> None:
        tag: Any = APEv2()
        tag["Cuesheet"] = SHEET
        tag.save(file)

    found = reading_of(tmp_path, changed(encoded("wv"), change))

    assert [mark.title for mark in found.marks] == ["One", "Two"]


def test_flac_has_a_block_for_it(tmp_path: Path) -> None:
    """Positions are in samples; the lead-out is no track."""

    def track(number: int, start: int, *indexes: tuple[int, int]) -> CueSheetTrack:
        made = CueSheetTrack(number, start, isrc=b"GBAYE9500123")
        made.indexes = [CueSheetTrackIndex(*index) for index in indexes]
        return made

    def change(file: BytesIO) -> None:
        flac: Any = FLAC(file)
        flac.cuesheet = CueSheet(None)
        flac.cuesheet.tracks = [
            track(1, 0, (1, 0)),
            track(2, 8_000, (0, 0), (1, 4_000)),
            track(170, 32_000),
        ]
        file.seek(0)
        flac.save(file)

    found = reading_of(tmp_path, changed(encoded("flac"), change))

    assert found.marks == (
        Mark(Ticks(0), Ticks(SECOND // 2), isrc="GBAYE9500123"),
        Mark(Ticks(3 * SECOND // 4), isrc="GBAYE9500123"),
    )


def compressed_id3() -> bytes:
    """Return a tag of 300 kB that unpacks to 250 MB."""
    packed = zlib.compress(bytes(250_000_000), 1)
    frame = b"TXXX" + struct.pack(">I", 4 + len(packed)) + b"\0\x80"
    frames = frame + struct.pack(">I", 250_000_000) + packed
    sizes = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + sizes + frames


def many_frames() -> bytes:
    """Return a tag with 200,000 frames."""
    frames = (b"TXXX" + struct.pack(">I", 4) + b"\0\0\0a\0b") * 200_000
    sizes = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\0" + sizes + frames


def huge_picture() -> bytes:
    """Return the beginning of a tag that is 200 MB long."""
    return b"ID3\x04\0\0" + bytes((0x5F, 0x5F, 0x5F, 0x5F))


def nested_chapters() -> bytes:
    """Return chapters in chapters, deeper than any stack."""
    frames = b""
    for _ in range(1_500):
        body = b"a\0" + bytes(16) + frames
        sizes = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
        frames = b"CHAP" + sizes + b"\0\0" + body
    sizes = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\0" + sizes + frames


@pytest.mark.parametrize(
    "bomb", [compressed_id3, many_frames, huge_picture, nested_chapters]
)
def test_a_bomb_is_a_warning(bomb: Callable[[], bytes], tmp_path: Path) -> None:
    """It costs neither seconds nor memory, and the other tags are read."""
    data = bomb() + encoded("mp3") + id3v1(b"Title", 5)
    path, signature = saved(tmp_path, data)

    started = time.process_time()
    found = read_tags(path, signature)

    assert time.process_time() - started < 2
    assert [warned.code for warned in found.warnings] == ["tags"]
    assert found.warnings[0].detail.startswith("tags could not be read: ")
    assert found.tags.title == "Title"


def test_a_length_that_lies_is_a_warning(tmp_path: Path) -> None:
    """A FLAC comment of four thousand million bytes is not read."""
    lie = b"fLaC" + b"\x04\0\0\x08" + b"\xff" * 8

    found = reading_of(tmp_path, lie + bytes(100))

    assert found.tags == Tags()
    assert len(found.warnings) == 1


def test_a_comment_of_a_hundred_megabytes_is_a_warning(tmp_path: Path) -> None:
    """The file being that long, the length is no lie; it is not read all the same."""
    flac = b"fLaC\x04\xff\xff\xff" + struct.pack("<I", 100 << 20)
    path, _ = saved(tmp_path, flac)
    os.truncate(path, 200 << 20)

    found = read_tags(path, signature_of(os.stat(path)))

    assert [warned.detail for warned in found.warnings] == [
        "tags could not be read: more to read than tags can be"
    ]


@pytest.mark.parametrize("kind", TAGGED)
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(chance=st.randoms(use_true_random=True))
def test_damage_is_never_a_failure(kind: str, chance: Random, tmp_path: Path) -> None:
    """Whatever bytes are wrong, or missing, there is a reading."""
    data = bytearray(DAMAGED.setdefault(kind, TAGGED[kind]()))
    if chance.random() < 0.3:
        del data[chance.randrange(1, len(data)) :]
    for _ in range(chance.randrange(1, 30)):
        reach = chance.choice((100, 2_000, len(data)))
        data[chance.randrange(min(reach, len(data)))] = chance.randrange(256)

    try:
        found = reading_of(tmp_path, bytes(data))
    except FileError as error:
        pytest.fail(f"a tag failed the file: {error}")

    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301
    assert all(warned.detail.isprintable() for warned in found.warnings)
    for text in (found.tags.title, found.tags.artist, *found.tags.genres):
        assert len((text or "").encode()) <= 4 * 4_096


DAMAGED: dict[str, bytes] = {}


def test_a_failing_disk_is_no_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What mutagen makes an error of its own is the disk's all the same."""
    path, signature = saved(tmp_path, tagged_mp4())
    reads = 0

    def broken(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal reads
        reads += 1
        if reads > 5:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, count, offset)

    real = os.pread
    monkeypatch.setattr(os, "pread", broken)

    with pytest.raises(DiskReadError):
        read_tags(path, signature)


def test_a_file_that_is_gone_is_no_warning(tmp_path: Path) -> None:
    """Then there is nothing to read."""
    with pytest.raises(FileVanishedError):
        read_tags(os.fsencode(tmp_path / "gone"), Signature(1, 1, 1))


def test_warnings_say_what_was_wrong(tmp_path: Path) -> None:
    """The reason is a clause that a person can read."""
    data = b"ID3\x04\0\0\0\0\x7f\x7f" + encoded("mp3")[:100]

    assert reading_of(tmp_path, data).warnings == (
        Warned("tags", "tags could not be read: an ID3 tag that claims 16393 bytes"),
    )
