"""Passage marks from chapters and embedded CUE sheets."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, CueSheet, CueSheetTrack, CueSheetTrackIndex
from mutagen.id3 import CHAP, TIT2

from segued.media.tags.reader import TagReading
from segued.model import PassageMark
from segued.units import TICKS_PER_SECOND, Ticks
from tests.media.encoded_files import VORBIS, encoded_tone
from tests.media.tags.tagged_files import id3_of, read_tags_of, rewritten

SECOND = TICKS_PER_SECOND
CHAPTERS = (
    PassageMark(Ticks(0), Ticks(SECOND), title="One"),
    PassageMark(Ticks(SECOND), Ticks(3 * SECOND // 2), title="Two"),
)


def chapter(name: str, start: int, end: int, title: str) -> CHAP:
    """Return an ID3 chapter."""
    return CHAP(
        element_id=name, start_time=start, end_time=end, sub_frames=[TIT2(text=[title])]
    )


def test_id3_chapters_are_marks(tmp_path: Path) -> None:
    """They are sorted by time, whatever order the tag has."""
    # mutagen writes short frames first.
    frames = chapter("b", 1_000, 1_500, "Two"), chapter("a-long-name", 0, 1_000, "One")

    found = read_tags_of(tmp_path, id3_of(*frames) + encoded_tone("mp3"))

    assert found.marks == CHAPTERS
    assert found.warnings == ()


def test_chapters_that_overlap_end_where_the_next_begins(tmp_path: Path) -> None:
    """An end after the next chapter's start is dropped."""
    frames = chapter("a", 0, 1_200, "One"), chapter("b", 1_000, 1_500, "Two")

    found = read_tags_of(tmp_path, id3_of(*frames) + encoded_tone("mp3"))

    assert found.marks == (PassageMark(Ticks(0), title="One"), CHAPTERS[1])


def test_one_chapter_divides_nothing(tmp_path: Path) -> None:
    """A single chapter gives no marks."""
    data = id3_of(chapter("a", 0, 1_000, "One")) + encoded_tone("mp3")

    assert read_tags_of(tmp_path, data) == TagReading()


def test_implausible_chapters_are_a_warning(tmp_path: Path) -> None:
    """Two chapters begin at the same time."""
    frames = chapter("b", 500, 1_500, "Two"), chapter("a", 500, 1_000, "One")

    found = read_tags_of(
        tmp_path, id3_of(TIT2(text=["t"]), *frames) + encoded_tone("mp3")
    )

    assert found.marks == ()
    assert [warning.code for warning in found.warnings] == ["chapters"]
    assert found.tags.title == "t"


def test_mp4_chapters_are_marks(tmp_path: Path) -> None:
    """The times of Nero's chapter list are in units of 100 ns."""

    def chapters(*starts: int) -> bytes:
        texts = [struct.pack(">QB", at, 2) + b"\xc3\xa9" for at in starts]
        body = bytes(8) + bytes((len(texts),)) + b"".join(texts)
        return struct.pack(">I4s", 8 + len(body), b"chpl") + body

    # A `moov` written by hand: that of an encoded file is hard to extend.
    mvhd = struct.pack(">I4s12xII", 108, b"mvhd", 1_000, 2_000) + bytes(80)
    listed = chapters(0, 12_345_678)
    udta = struct.pack(">I4s", 8 + len(listed), b"udta") + listed
    moov = struct.pack(">I4s", 8 + len(mvhd + udta), b"moov") + mvhd + udta
    data = struct.pack(">I4s4sI", 16, b"ftyp", b"M4A ", 0) + moov

    found = read_tags_of(tmp_path, data)

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

    return rewritten(encoded_tone(kind), change)


def test_vorbis_chapters_are_marks(tmp_path: Path) -> None:
    """CHAPTER001 is a time, CHAPTER001NAME a title; an invalid time is skipped."""
    data = with_comments(
        "ogg",
        CHAPTER002="01:00:01.5",
        CHAPTER001="00:00:00.000",
        CHAPTER002NAME="Two",
        CHAPTER003="soon",
    )

    assert read_tags_of(tmp_path, data).marks == (
        PassageMark(Ticks(0)),
        PassageMark(Ticks(3_601 * SECOND + SECOND // 2), title="Two"),
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


def test_an_embedded_sheet_takes_precedence_over_chapters(tmp_path: Path) -> None:
    """A CUE sheet is more exact."""
    data = with_comments("ogg", CUESHEET=SHEET, CHAPTER1="0:0:0", CHAPTER2="0:0:1")

    assert read_tags_of(tmp_path, data).marks == (
        PassageMark(Ticks(0), Ticks(SECOND), title="One"),
        PassageMark(Ticks(SECOND + 37 * SECOND // 75), title="Two"),
    )


def test_an_embedded_sheet_may_be_in_ape(tmp_path: Path) -> None:
    """WavPack and Monkey's Audio store it there."""

    def change(file: BytesIO) -> None:
        tag: Any = APEv2()
        tag["Cuesheet"] = SHEET
        tag.save(file)

    found = read_tags_of(tmp_path, rewritten(encoded_tone("wv"), change))

    assert [mark.title for mark in found.marks] == ["One", "Two"]


def test_flac_cuesheet_block_is_read(tmp_path: Path) -> None:
    """Positions are in samples; the lead-out is not a track."""

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

    found = read_tags_of(tmp_path, rewritten(encoded_tone("flac"), change))

    assert found.marks == (
        PassageMark(Ticks(0), Ticks(SECOND // 2), isrc="GBAYE9500123"),
        PassageMark(Ticks(3 * SECOND // 4), isrc="GBAYE9500123"),
    )
