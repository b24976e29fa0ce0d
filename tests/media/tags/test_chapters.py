"""Passage marks from chapters and embedded CUE sheets."""

import struct
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, CueSheet, CueSheetTrack, CueSheetTrackIndex
from mutagen.id3 import CHAP, TIT2, TRCK, TXXX

from segued.media.tags.passage_marks import doubt_about
from segued.media.tags.reader import TagReading
from segued.model import FileWarning, PassageMark, Tags
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
        CHAPTER002="00:00:01.5",
        CHAPTER001="00:00:00.000",
        CHAPTER002NAME="Two",
        CHAPTER003="soon",
    )

    assert read_tags_of(tmp_path, data).marks == (
        PassageMark(Ticks(0)),
        PassageMark(Ticks(SECOND + SECOND // 2), title="Two"),
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


def with_lead_out(at: int) -> bytes:
    """Return a FLAC file of 2 s with two tracks and a lead-out at a sample."""

    def change(file: BytesIO) -> None:
        flac: Any = FLAC(file)
        flac.cuesheet = CueSheet(None)
        for number, start in ((1, 0), (2, 16_000), (170, at)):
            track = CueSheetTrack(number, start)
            track.indexes = [CueSheetTrackIndex(1, 0)] if number < 170 else []
            flac.cuesheet.tracks.append(track)
        file.seek(0)
        flac.save(file)

    return rewritten(encoded_tone("flac"), change)


def test_a_block_of_another_length_is_not_used(tmp_path: Path) -> None:
    """Some rippers write the contents of the whole disc into each track."""
    far = read_tags_of(tmp_path, with_lead_out(45 * 16_000))

    assert len(read_tags_of(tmp_path, with_lead_out(3 * 16_000)).marks) == 2
    assert far.marks == ()
    assert far.warnings == (
        FileWarning(
            "cue",
            "CUESHEET block not used: made for 0:45 of sound, and the file has 0:02",
        ),
    )


DISC = SHEET.replace("00:01:00", "03:00:00").replace("00:01:37", "03:02:00")


@pytest.mark.parametrize("kind", ["ogg", "flac", "mp3", "wv"])
def test_the_sheet_of_the_disc_is_not_used_for_a_track(
    kind: str, tmp_path: Path
) -> None:
    """It stays in the tags of the tracks when an image is split."""
    found = read_tags_of(tmp_path, with_sheet(kind, DISC))

    assert found.marks == ()
    assert [warning.detail for warning in found.warnings] == [
        (
            "embedded CUE sheet not used: 1 of 2 passages begin after the end of the"
            " file at 0:02"
        )
    ]


def test_a_sheet_that_names_the_file_is_used_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    """The file may be cut off: phase 4 says what is missing."""
    data = with_sheet("flac", DISC)

    assert len(read_tags_of(tmp_path, data, "CDImage.flac").marks) == 2


def with_sheet(kind: str, sheet: str) -> bytes:
    """Return a file of two seconds with an embedded CUE sheet."""
    if kind == "ogg":
        return with_comments("ogg", CUESHEET=sheet)
    if kind == "mp3":
        return id3_of(TXXX(desc="CUESHEET", text=[sheet])) + encoded_tone("mp3")

    def change(file: BytesIO) -> None:
        if kind == "wv":
            ape: Any = APEv2()
            ape["Cuesheet"] = sheet
            ape.save(file)
        else:
            flac: Any = FLAC(file)
            flac["cuesheet"] = sheet
            file.seek(0)
            flac.save(file)

    return rewritten(encoded_tone(kind), change)


def test_tags_of_one_track_outweigh_the_sheet_of_the_disc(tmp_path: Path) -> None:
    """A last track may be as long as all others together."""
    sheet = TXXX(desc="CUESHEET", text=[SHEET])
    frames = TRCK(text=["2/2"]), TIT2(text=["Two"])

    one = read_tags_of(tmp_path, id3_of(sheet, *frames) + encoded_tone("mp3"))
    all_of_it = read_tags_of(tmp_path, id3_of(sheet) + encoded_tone("mp3"))

    assert one.marks == ()
    assert [warning.detail for warning in one.warnings] == [
        (
            "embedded CUE sheet not used: by its tags, the file is track 2 of 2, not"
            " all of them"
        )
    ]
    assert len(all_of_it.marks) == 2


@pytest.mark.parametrize(
    ("tags", "length", "declared", "is_doubtful"),
    [
        (Tags(), None, None, False),
        (Tags(), 100, 101, False),
        (Tags(), 3_000, 3_050, False),
        (Tags(), 3_000, 3_200, True),
        (Tags(), 50, None, True),
        (Tags(title="Album", track=1, track_total=1), 100, None, False),
        (Tags(title="One", track=2), 100, None, False),
        (Tags(title="two", track=2), 100, None, True),
    ],
)
def test_marks_are_evidence_and_no_order(
    tags: Tags, length: int | None, declared: int | None, *, is_doubtful: bool
) -> None:
    """Lengths and tags can say that a list is of something else."""
    seconds = [
        None if each is None else Ticks(each * SECOND) for each in (length, declared)
    ]
    marks = (
        PassageMark(Ticks(0), title="One"),
        PassageMark(Ticks(60 * SECOND), title="Two"),
    )

    assert (doubt_about(marks, tags, *seconds) is not None) == is_doubtful


def with_container_chapters(path: Path, *options: str) -> bytes:
    """Return a file of two seconds with two chapters, written by FFmpeg."""
    lines = [";FFMETADATA1"]
    for start, title in ((0, "One"), (1_000, "Two")):
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}"]
        lines += [f"END={start + 1_000}", f"title={title}"]
    listed = path.with_name("chapters.txt")
    listed.write_text("\n".join(lines) + "\n")
    tone = ["-f", "lavfi", "-i", "sine=duration=2:sample_rate=16000", "-i", str(listed)]
    command = ["ffmpeg", "-v", "error", *tone, "-map_chapters", "1", *options]
    subprocess.run([*command, str(path)], check=True)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("x.m4b", "-f ipod -movflags +disable_chpl"),
        ("x.m4b", "-f ipod"),
        ("x.mka", ""),
        ("x.wma", ""),
    ],
    ids=["QuickTime", "Nero", "Matroska", "ASF"],
)
def test_chapters_of_containers_are_marks(
    name: str, options: str, tmp_path: Path
) -> None:
    """A chapter track, as iTunes writes it, is read as a Nero list is."""
    found = read_tags_of(
        tmp_path, with_container_chapters(tmp_path / name, *options.split())
    )

    assert [mark.title for mark in found.marks] == ["One", "Two"]
    assert abs(found.marks[1].start - SECOND) < SECOND // 100
    assert found.warnings == ()
