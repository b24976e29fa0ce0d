"""Reading tags of every format: `segued.media.tags.reader`."""

import os
import struct
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import RVA2, TALB, TEXT, TIT2, TPE1, TSRC, TXXX, UFID

from segued.errors import FileVanishedError
from segued.media.tags.formats import from_ffmpeg
from segued.media.tags.reader import TagReading, read_tags
from segued.model import FileWarning, Signature, Tags
from tests.media.encoded_files import PICTURE, VORBIS, encoded_tone
from tests.media.tags.tagged_files import (
    COVER,
    MBID,
    TAGGED,
    TAGS,
    id3_of,
    id3v1,
    read_tags_of,
    rewritten,
    tagged_id3,
)


@pytest.mark.parametrize("kind", TAGGED)
def test_all_tag_formats_read_the_same(kind: str, tmp_path: Path) -> None:
    """The same values, written like Picard does, are read from every format."""
    # The wrong name must not matter.
    found = read_tags_of(tmp_path, TAGGED[kind](), "file.jpg")

    assert replace(found, length=None) == TagReading(TAGS)


def test_id3v2_3_is_read(tmp_path: Path) -> None:
    """ID3v2.3 splits the date, and joins several values with a slash."""
    found = read_tags_of(tmp_path, tagged_id3(3)).tags

    assert found.date == "1995-06-13"
    assert found.artist_mbids == TAGS.artist_mbids
    assert found.genres == ("Art Pop/Electronic",)  # "R&B/Soul" is one genre
    assert found.recording_mbid == TAGS.recording_mbid


def test_id3v2_2_is_read(tmp_path: Path) -> None:
    """ID3v2.2 has frame names of three letters."""

    def frame(name: bytes, text: bytes) -> bytes:
        return name + (1 + len(text)).to_bytes(3, "big") + b"\0" + text

    frames = frame(b"TT2", b"Title") + frame(b"TP1", b"Artist") + frame(b"TRK", b"7/9")
    frames += (
        frame(b"TYE", b"1999") + frame(b"TXX", b"ASIN\0B00") + frame(b"TCO", b"(17)")
    )
    frames += frame(b"PIC", b"JPG\x03\0" + PICTURE)
    sizes = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))

    found = read_tags_of(
        tmp_path, b"ID3\x02\0\0" + sizes + frames + encoded_tone("mp3")
    )

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


def test_id3v1_alone_is_read(tmp_path: Path) -> None:
    """The last 128 bytes of the file are the tag."""
    found = read_tags_of(tmp_path, encoded_tone("mp3") + id3v1(b"Title", 5))

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


def test_the_native_tag_of_a_format_takes_precedence(tmp_path: Path) -> None:
    """The order is ID3v2, APEv2, ID3v1 in MP3, and APEv2 first in WavPack."""

    def with_ape(data: bytes) -> bytes:
        def change(file: BytesIO) -> None:
            tag: Any = APEv2()
            tag["Title"], tag["Album"], tag["replaygain_track_gain"] = "ape", "ape", "1"
            tag.save(file)

        return rewritten(data, change)

    head = id3_of(TIT2(text=["id3"]), TPE1(text=["id3"]))
    mp3 = read_tags_of(
        tmp_path, head + with_ape(encoded_tone("mp3")) + id3v1(b"v1", 9)
    ).tags
    wavpack = read_tags_of(tmp_path, head + with_ape(encoded_tone("wv"))).tags

    assert (mp3.title, mp3.artist, mp3.album, mp3.track) == ("id3", "id3", "ape", 9)
    assert mp3.track_gain_db == 1.0
    assert (wavpack.title, wavpack.artist) == ("ape", "id3")


@pytest.mark.parametrize("kind", [kind for kind in TAGGED if "ID3 " not in kind])
def test_id3_in_front_of_another_format_is_read_too(kind: str, tmp_path: Path) -> None:
    """The format's own tag takes precedence, and the first ID3 tag over the next."""
    first = id3_of(TIT2(text=["first"]), TXXX(desc="acoustid id", text=["none"]))
    second = id3_of(
        TIT2(text=["second"]), TEXT(text=["x"]), TSRC(text=["DEA123456789"])
    )

    found = read_tags_of(tmp_path, first + second + TAGGED[kind]())

    assert found.warnings == ()
    if kind in {"ID3v2.4", "APEv2 after MP3"}:
        assert found.tags == replace(TAGS, title="first", isrcs=("DEA123456789",))
    else:
        assert found.tags == TAGS


@pytest.mark.parametrize(
    "kind", ["mka", "caf", "au", "w64", "aac", "m4a", "ogg", "asf"]
)
def test_id3_in_front_of_a_format_without_a_tag(kind: str, tmp_path: Path) -> None:
    """Its fields are used."""
    data = id3_of(TIT2(text=["Title"])) + encoded_tone(kind)

    assert read_tags_of(tmp_path, data) == TagReading(Tags(title="Title"))


def test_flac_with_junk_in_front(tmp_path: Path) -> None:
    """Its own tag is read where the file begins."""
    found = read_tags_of(tmp_path, b"HTTP/1.1 200 OK\r\n\r\n" + TAGGED["FLAC"]())

    assert replace(found, length=None) == TagReading(TAGS)


def test_dsf_with_id3_in_front(tmp_path: Path) -> None:
    """The position of its own tag counts from the start of the DSF file."""
    own = id3_of(TIT2(text=["own"]))
    dsf = b"DSD " + struct.pack("<QQQ", 28, 28 + len(own), 28) + own
    front = id3_of(TIT2(text=["front"]), TPE1(text=["Artist"]))

    found = read_tags_of(tmp_path, front + dsf).tags

    assert (found.title, found.artist) == ("own", "Artist")


def test_wav_text_chunks_are_read(tmp_path: Path) -> None:
    """ID3 takes precedence over RIFF INFO."""
    texts = [(b"INAM", b"info title\0"), (b"INAM", b"another"), (b"ITRK", b"4")]
    texts.append((b"IART", "Bj\xf6rk".encode("cp1252")))
    body = b"INFO" + b"".join(
        name + struct.pack("<I", len(text)) + text + bytes(len(text) % 2)
        for name, text in texts
    )
    chunk = b"LIST" + struct.pack("<I", len(body)) + body
    tag = id3_of(TIT2(text=["id3 title"]))
    id3 = b"id3 " + struct.pack("<I", len(tag)) + tag

    info = read_tags_of(tmp_path, encoded_tone("wav") + chunk).tags
    both = read_tags_of(tmp_path, encoded_tone("wav") + chunk + id3).tags

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
        ({"ORIGINALDATE": ["1971"]}, Tags(date="1971", original_date="1971")),
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
        # R128 targets a level 5 dB lower, in steps of 1/256 dB.
        ({"R128_TRACK_GAIN": ["-512"]}, Tags(track_gain_db=3.0)),
        ({"R128_ALBUM_GAIN": ["40000"]}, Tags()),
        ({"METADATA_BLOCK_PICTURE": ["junk"], "TITLE": ["t"]}, Tags(title="t")),
    ],
)
def test_values_are_validated(
    written: dict[str, list[str]], read: Tags, tmp_path: Path
) -> None:
    """Values out of range are dropped; text is unchanged."""

    def change(file: BytesIO) -> None:
        ogg: Any = VORBIS["opus"](file)
        ogg.update(written)
        file.seek(0)
        ogg.save(file)

    found = read_tags_of(tmp_path, rewritten(encoded_tone("opus"), change))

    assert found == TagReading(read)


def test_rva2_is_replay_gain(tmp_path: Path) -> None:
    """Old taggers wrote the gain to ID3's RVA2 frame."""
    data = id3_of(RVA2(desc="track", channel=1, gain=-3.5, peak=0.5)) + encoded_tone(
        "mp3"
    )

    found = read_tags_of(tmp_path, data).tags

    assert found.track_gain_db == -3.5
    assert found.track_peak == pytest.approx(0.5, abs=1e-3)


def test_ufid_takes_precedence_over_txxx(tmp_path: Path) -> None:
    """UFID is the recording's id, even if TXXX has another one."""
    data = id3_of(
        TXXX(desc="MusicBrainz Track Id", text=[MBID.format(2)]),
        UFID(owner="http://musicbrainz.org", data=MBID.format(1).encode()),
    )

    assert read_tags_of(tmp_path, data + encoded_tone("mp3")).tags == Tags(
        recording_mbid=MBID.format(1)
    )


@pytest.mark.parametrize("kind", ["mka", "caf", "au", "aac", "w64", "wav", "speex"])
def test_a_file_without_tags_has_no_warning(kind: str, tmp_path: Path) -> None:
    """Missing tags are normal."""
    assert read_tags_of(tmp_path, encoded_tone(kind)).warnings == ()


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """Not a warning."""
    with pytest.raises(FileVanishedError):
        read_tags(os.fsencode(tmp_path / "missing"), Signature(1, 1, 1))


def test_warnings_have_a_readable_reason(tmp_path: Path) -> None:
    """The reason is plain text."""
    data = b"ID3\x04\0\0\0\0\x7f\x7f" + encoded_tone("mp3")[:100]

    assert read_tags_of(tmp_path, data).warnings == (
        FileWarning(
            "tags",
            "tags could not be read: ID3 tag with a declared size of 16393 bytes",
        ),
    )


def comment_block(*comments: bytes) -> bytes:
    """Return the body of a FLAC block of comments."""
    parts = (struct.pack("<I", len(each)) + each for each in comments)
    return struct.pack("<I", 0) + struct.pack("<I", len(comments)) + b"".join(parts)


@pytest.mark.parametrize("empty_first", [True, False])
def test_all_comment_blocks_of_a_flac_are_read(
    *, empty_first: bool, tmp_path: Path
) -> None:
    """The first value wins, field by field."""
    first = () if empty_first else (b"TITLE=first", b"ARTIST=A")
    blocks = (comment_block(*first), comment_block(b"TITLE=second", b"ALBUM=B"))
    tone = encoded_tone("flac")
    at = 4
    parts: list[bytes] = []
    while at == 4 or not parts[-1][0] & 0x80:
        length = 4 + int.from_bytes(tone[at + 1 : at + 4], "big")
        parts.append(tone[at : at + length])
        at += length
    added = [
        b"\x04" + len(block).to_bytes(3, "big") + block
        for block in (*blocks, comment_block(b"ALBUM=C"))
    ]
    kept = [part for part in parts if part[0] & 0x7F != 4]
    kept[-1] = bytes((kept[-1][0] & 0x7F,)) + kept[-1][1:]
    added[-1] = bytes((0x84,)) + added[-1][1:]
    data = b"fLaC" + b"".join((*kept, *added)) + tone[at:]

    found = read_tags_of(tmp_path, data)

    assert found.warnings == ()
    assert (found.tags.title, found.tags.album) == (
        "second" if empty_first else "first",
        "B",
    )


def appended_id3(*frames: Any) -> bytes:  # noqa: ANN401
    """Return a tag that is found from its end, by its footer."""
    tag = id3_of(*frames)
    head = tag[:5] + b"\x10" + tag[6:10]
    return head + tag[10:] + b"3DI" + head[3:]


@pytest.mark.parametrize("kind", ["mp3", "aac", "wv", "flac", "m4a", "ogg"])
def test_tags_behind_the_sound_are_read(kind: str, tmp_path: Path) -> None:
    """In any order: ID3v2 with a footer, APEv2 and ID3v1; the first of a kind wins."""

    def ape(**texts: str) -> bytes:
        tag: Any = APEv2()
        tag.update(texts)
        file = BytesIO()
        tag.save(file)
        return file.getvalue()

    data = encoded_tone(kind)
    data += appended_id3(TALB(text=["1"])) + id3v1(b"Title", 5) + ape(Year="1999")
    data += appended_id3(TALB(text=["2"]), TSRC(text=["DEA123456789"]))

    found = read_tags_of(tmp_path, data)

    assert found.warnings == ()
    assert found.tags == Tags(
        title="Title",
        artist="Artist",
        artists=("Artist",),
        album="1",
        track=5,
        date="1999",
        genres=("Rock",),
        isrcs=("DEA123456789",),
    )


@pytest.mark.parametrize("kind", ["mka", "caf", "au", "mov"])
def test_what_only_ffmpeg_reads_is_read(kind: str, tmp_path: Path) -> None:
    """Containers for which mutagen has no reader; UTF-8 or not."""
    path = tmp_path / f"file.{kind}"
    names = {"title": "Jóga", "artist": "Björk", "album": "Homogenic", "genre": "Pop"}
    written = [each for k, v in names.items() for each in ("-metadata", f"{k}={v}")]
    tone = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=0.2"]
    subprocess.run([*tone, *written, path], check=True)

    found = read_tags_of(tmp_path, path.read_bytes())

    assert found == TagReading(
        Tags(
            title="Jóga",
            artist="Björk",
            artists=("Björk",),
            album="Homogenic",
            genres=("Pop",),
        )
    )


def test_w64_lists_are_read(tmp_path: Path) -> None:
    """Sony Wave64 has the names of RIFF INFO in a list of its own."""
    body = struct.pack("<I", 1) + b"INAM" + struct.pack("<I", 10)
    body += "Jóga".encode("utf-16-le") + b"\0\0"
    guid = bytes.fromhex("bc945f925a52d21186dc00c04f8edb8a")
    chunk = guid + struct.pack("<Q", 24 + len(body)) + body

    found = read_tags_of(tmp_path, encoded_tone("w64") + chunk)

    assert found == TagReading(Tags(title="Jóga"))


@pytest.mark.parametrize("version", [2, 3, 4])
def test_utf8_in_latin1_frames(version: int, tmp_path: Path) -> None:
    """Valid UTF-8 is UTF-8, in names, free names and chapters; the rest Latin-1."""

    def frame(name: str, data: bytes) -> bytes:
        if version == 2:
            return name.encode() + len(data).to_bytes(3, "big") + data
        return name.encode() + struct.pack(">IH", len(data), 0) + data

    title, artist, free = ("TIT2", "TPE1", "TXXX")
    if version == 2:
        title, artist, free = ("TT2", "TP1", "TXX")
    frames = frame(title, b"\0" + "Жизнь".encode())
    frames += frame(artist, b"\0" + "Björk".encode("latin-1"))
    frames += frame(free, b"\0ALBUMARTIST\0" + "Цой".encode())
    sizes = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    tag = b"ID3" + bytes((version, 0, 0)) + sizes + frames

    found = read_tags_of(tmp_path, tag + encoded_tone("mp3")).tags

    assert (found.title, found.artist) == ("Жизнь", "Björk")
    assert found.album_artist == "Цой"


def test_utf8_in_id3v1(tmp_path: Path) -> None:
    """A character that the end of the field cuts is dropped."""
    for title, read in (
        ("Björk".encode(), "Björk"),
        ("Björk".encode("latin-1"), "Björk"),
        (b"x" + ("ж" * 15).encode()[:29], "x" + "ж" * 14),
    ):
        data = encoded_tone("mp3") + id3v1(title, 5)

        assert read_tags_of(tmp_path, data).tags.title == read


def test_latin1_that_is_declared_as_utf8(tmp_path: Path) -> None:
    """The other frames are read as well."""
    data = b"\3" + "Björk".encode("latin-1")
    frame = b"TPE1" + struct.pack(">IH", len(data), 0) + data
    tag = b"ID3\x04\0\0" + bytes((0, 0, 0, len(frame))) + frame

    assert read_tags_of(tmp_path, tag + encoded_tone("mp3")).tags.artist == "Björk"


def test_matroska_names_the_album_as_it_names_the_song() -> None:
    """The level in front of a name tells them apart; the first value of each wins."""
    found = from_ffmpeg(
        [
            ("ALBUM/TITLE", b"Album"),
            ("ALBUM/ARTIST", b"Band"),
            ("ALBUM/TOTAL_PARTS", b"9"),
            ("TRACK/TITLE", b"Song"),
            ("TRACK/PART_NUMBER", b"3"),
            ("ARTIST", "Björk".encode("cp1252")),
            ("title", b"another"),
        ]
    ).tags

    assert (found.title, found.album) == ("Song", "Album")
    assert (found.artist, found.album_artist) == ("Björk", "Band")
    assert (found.track, found.track_total) == (3, 9)
