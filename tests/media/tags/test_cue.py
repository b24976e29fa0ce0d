"""Parsing CUE sheets: `segued.media.tags.cue`."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segued.media.tags.cue import parse_cue, parse_sheet
from segued.model import PassageMark
from segued.units import TICKS_PER_SECOND, Ticks

SECOND = TICKS_PER_SECOND
FRAME = TICKS_PER_SECOND // 75

SHEET = """\
REM GENRE Krautrock
REM COMMENT "ExactAudioCopy v0.99pb4"
PERFORMER "Can"
TITLE "Ege Bamyasi"
FILE "Ege Bamyasi.flac" WAVE
  TRACK 01 AUDIO
    TITLE "Pinch"
    PERFORMER "Can"
    ISRC GBAKW8901234
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Sing Swan Song"
    PERFORMER "Can & friends"
    PREGAP 00:02:00
    INDEX 00 09:28:50
    INDEX 01 09:30:74
  TRACK 03 AUDIO
    TITLE "One More Night"
    INDEX 01 100:00:01
    INDEX 02 101:00:00
"""

MARKS = (
    PassageMark(
        Ticks(0),
        Ticks(568 * SECOND + 50 * FRAME),
        title="Pinch",
        artist="Can",
        isrc="GBAKW8901234",
    ),
    PassageMark(
        Ticks(570 * SECOND + 74 * FRAME),
        title="Sing Swan Song",
        artist="Can & friends",
    ),
    PassageMark(Ticks(6_000 * SECOND + FRAME), title="One More Night", artist="Can"),
)


def test_a_sheet_is_exact() -> None:
    """1/75 s is a whole number of ticks; a gap ends a passage."""
    assert parse_cue(SHEET, "Ege Bamyasi.flac") == MARKS


@pytest.mark.parametrize(
    "sheet",
    [
        "\ufeff" + SHEET[SHEET.index("FILE") :],
        SHEET.replace("\n", "\r\n"),
        SHEET.replace("\n", "\r"),
        SHEET.replace("    ", "\t\t").replace(" 0", "\t0"),
        SHEET.replace('"', "").replace("FILE Ege Bamyasi", 'FILE "Ege Bamyasi"'),
        SHEET.lower().replace("title", "Title").replace("track", "Track"),
        SHEET.replace('night"', "night"),
        SHEET.replace("PREGAP", "garbage \x00\x01\nINDEX\nTRACK\nINDEX 01 99:99:99\n"),
        SHEET.replace("Ege Bamyasi.flac", r"C:\Rips\Ege Bamyasi.wav"),
        SHEET.replace("Ege Bamyasi.flac", "CDImage.ape"),
    ],
)
def test_sloppy_cue_sheets_are_parsed(sheet: str) -> None:
    """BOM, line ends, blanks, quotes, case, invalid lines and names may differ."""
    found = parse_cue(sheet, "EGE BAMYASI.mp3")

    assert [mark.start for mark in found] == [mark.start for mark in MARKS]
    assert [mark.end for mark in found] == [mark.end for mark in MARKS]
    titles = [(mark.title or "").lower() for mark in found]
    assert titles == ["pinch", "sing swan song", "one more night"]


TWO_SIDES = """\
FILE "Side A.flac" WAVE
TRACK 01 AUDIO
INDEX 01 00:00:00
TRACK 02 AUDIO
INDEX 01 03:00:00
FILE "Side B.flac" WAVE
TRACK 03 AUDIO
INDEX 01 00:00:00
TRACK 04 AUDIO
INDEX 00 03:58:00
INDEX 01 04:00:00
"""


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("01 1:02:00", 62.0),
        ("1 1:2:0", 62.0),
        ("01 01:02", 62.0),
        ("01 108:48:69", 6528.92),
        ("01 00:05.37", 5 + 37 / 75),
        ("01\t00:05:99", 5 + 74 / 75),
        ("01 00:05:00 ; a remark", 5.0),
    ],
)
def test_positions_as_people_write_them(written: str, seconds: float) -> None:
    """One digit, no frames, more than 99 minutes, more than 74 frames."""
    sheet = f"FILE x WAVE\nTRACK 1 AUDIO\nINDEX 1 0:0:0\nTRACK 2\nINDEX {written}"

    assert parse_cue(sheet, "x")[1].start == round(seconds * 75) * FRAME


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('FILE "My Album.wav" WAVE', "My Album.wav"),
        ("FILE My Album.wav WAVE", "My Album.wav"),
        ("FILE My Album.wav", "My Album.wav"),
        ('file "My Album.wav', "My Album.wav"),
        ('FILE "My Album.wav WAVE', "My Album.wav"),
        ('FILE "My Album.wav"', "My Album.wav"),
        ('FILE\t"D:\\Rips\\My Album.wav"\tWAVE', "My Album.wav"),
        ('FILE "./CD 1/My Album.wav" MP3', "My Album.wav"),
    ],
)
def test_file_lines_as_people_write_them(line: str, name: str) -> None:
    """Quotes, type and folders are optional."""
    assert parse_sheet(line).files == [name]


def test_a_track_that_has_only_index_00_begins_there() -> None:
    """Some programs write no INDEX 01."""
    sheet = "FILE x WAVE\nTRACK 1\nINDEX 00 00:00\nTRACK 2\nINDEX 00 01:00"

    assert [mark.start for mark in parse_cue(sheet, "x")] == [0, 60 * SECOND]


@pytest.mark.parametrize(
    ("remark", "seconds"),
    [
        ("REM LEAD-OUT 79:03:00", 4743),
        ("REM DISCID 720CEB03", 0x0CEB),
        ("REM DISCID 720CEB04", None),
        ("REM DATE 1972", None),
    ],
)
def test_a_sheet_may_declare_its_length(remark: str, seconds: int | None) -> None:
    """By its lead-out or disc id, unless the id counts a data track as well."""
    expected = None if seconds is None else seconds * SECOND

    assert parse_sheet(f"{remark}\n{SHEET}").length == expected


def test_only_the_tracks_of_this_file_are_used() -> None:
    """Each of two files has two marks, and other files none."""
    starts = [mark.start for mark in parse_cue(TWO_SIDES, "side b.FLAC")]

    assert starts == [0, 240 * SECOND]
    assert len(parse_cue("\ufeff" + TWO_SIDES, "Side A.flac")) == 2
    assert parse_cue(TWO_SIDES, "Side C.flac") == ()


def test_one_file_per_track_gives_no_marks() -> None:
    """No file has more than one passage then."""
    sheet = "".join(
        f'FILE "{n}.flac" WAVE\nTRACK {n} AUDIO\nINDEX 01 00:00:00\n' for n in (1, 2, 3)
    )

    assert parse_cue(sheet, "2.flac") == ()


def test_a_gap_in_the_previous_file_is_ignored() -> None:
    """EAC puts INDEX 00 into the file of the previous track."""
    sheet = """FILE "1.flac" WAVE
TRACK 01 AUDIO
INDEX 01 00:00:00
TRACK 02 AUDIO
INDEX 01 01:00:00
TRACK 03 AUDIO
INDEX 00 01:30:00
FILE "2.flac" WAVE
INDEX 01 02:00:00
TRACK 04 AUDIO
INDEX 01 03:00:00
"""
    first = parse_cue(sheet, "1.flac")

    assert first == (PassageMark(Ticks(0)), PassageMark(Ticks(60 * SECOND)))
    assert [mark.start for mark in parse_cue(sheet, "2.flac")] == [
        120 * SECOND,
        180 * SECOND,
    ]


def test_data_tracks_are_not_music() -> None:
    """An enhanced CD has a data track at its end."""
    sheet = SHEET.replace("TRACK 03 AUDIO", "TRACK 03 MODE1/2352")

    assert len(parse_cue(sheet, "x")) == 2


@pytest.mark.parametrize(
    "sheet",
    [
        "",
        "FILE x WAVE",
        SHEET.replace("09:30:74", "00:00:00"),
        SHEET.replace("INDEX 01 100", "INDEX 01 001"),
        "FILE x WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00",
        "FILE x WAVE\n"
        + "".join(
            f"TRACK 01 AUDIO\nINDEX 01 {n // 60}:{n % 60:02}:00\n" for n in range(1_000)
        ),
    ],
)
def test_unordered_cue_sheet_gives_no_marks(sheet: str) -> None:
    """One with fewer than two passages, or with a thousand, does not either."""
    assert parse_cue(sheet, "x") == ()


WORDS = st.sampled_from(
    (
        'FILE "a" WAVE\n',
        "TRACK 01 AUDIO\n",
        "INDEX 01 ",
        "INDEX 00 ",
        "TITLE ",
        '"',
        "\n",
        "\t",
        "\ufeff",
        "REM\r\n",
        "00:00:00\n",
        "00:01:00\n",
        "99:59:74\n",
    )
)


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(WORDS | st.text(max_size=10), max_size=40))
@example(parts=["TITLE x", " " * 1_000_000, "x"])
@example(parts=['FILE "', " " * 1_000_000, "x"])
@example(parts=["TRACK 1", " " * 1_000_000])
def test_any_text_gives_ordered_marks_or_none(parts: list[str]) -> None:
    """No text raises or takes long, and marks are in order."""
    marks = parse_cue("".join(parts), "a")

    assert len(marks) != 1
    for mark, following in pairwise(marks):
        assert 0 <= mark.start < (mark.end or following.start) <= following.start
