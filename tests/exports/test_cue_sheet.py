"""CUE sheets."""

import pytest

from segued.errors import ExportError
from segued.exports.cue_sheet import write_cue_sheet
from segued.exports.export_track import ExportOptions
from tests.exports.export_tracks import SECOND, make_track

SHEET = """\
REM GENRE "Trip 'Hop'"
REM DATE 1997-09-22
REM MUSICBRAINZ_ALBUM_ID rel1
REM REPLAYGAIN_ALBUM_GAIN -7.50 dB
REM REPLAYGAIN_ALBUM_PEAK 1.000000
PERFORMER "Bjork"
TITLE "Homogenic"
FILE "side.flac" WAVE
  TRACK 01 AUDIO
    TITLE "One"
    PERFORMER "Bjork"
    REM MUSICBRAINZ_TRACK_ID rec1
    REM REPLAYGAIN_TRACK_GAIN -6.10 dB
    REM REPLAYGAIN_TRACK_PEAK 0.501187
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Joga"
    PERFORMER "Bjork"
    INDEX 00 03:20:37
    INDEX 01 103:22:74
"""


def test_a_side_is_cut_to_the_frame() -> None:
    """Quotes become single ones, gaps INDEX 00, and minutes may have three digits."""
    one = make_track(
        b"/m/side.flac",
        codec="flac",
        title="One",
        end_ticks=200 * SECOND + 37 * SECOND // 75,
        passages_in_file=2,
        genres=('Trip "Hop"',),
        date="1997-09-22",
        release_mbid="rel1",
        recording_mbid="rec1",
        gain_db=-6.1,
        peak_dbtp=-6.0,
        album_gain_db=-7.5,
        album_peak_dbtp=0.0,
    )
    two = make_track(
        b"/m/side.flac",
        codec="flac",
        ordinal=2,
        passages_in_file=2,
        start_ticks=(103 * 60 + 22) * SECOND + 74 * SECOND // 75,
        end_ticks=7_000 * SECOND,
    )

    assert "".join(write_cue_sheet([one, two], ExportOptions(base=b"/m"))) == SHEET


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (b'/m/quo"te.flac', "quotes"),
        (b"/m/new\nline.flac", "line breaks"),
        (b"/m/caf\xe9.flac", "not UTF-8"),
    ],
)
def test_a_name_that_it_cannot_hold_is_an_error(path: bytes, reason: str) -> None:
    """It has no way to escape."""
    with pytest.raises(ExportError, match=reason):
        list(write_cue_sheet([make_track(path)], ExportOptions()))


def test_a_sheet_has_99_tracks() -> None:
    """As on a CD."""
    tracks = [make_track(b"/m/%d.mp3" % number) for number in range(100)]

    assert "TRACK 99 AUDIO" in "".join(write_cue_sheet(tracks[:99], ExportOptions()))
    with pytest.raises(ExportError, match="99"):
        list(write_cue_sheet(tracks, ExportOptions()))


def test_a_cut_between_two_frames_goes_to_the_nearest() -> None:
    """A CD has no finer positions."""
    starts = (SECOND, SECOND + 6 * SECOND // 750, 2 * SECOND + 4 * SECOND // 750)
    tracks = [
        make_track(
            b"/m/side.wav",
            ordinal=number,
            passages_in_file=3,
            start_ticks=start,
            end_ticks=start + SECOND // 2,
        )
        for number, start in enumerate(starts, 1)
    ]

    text = "".join(write_cue_sheet(tracks, ExportOptions()))

    found = [line.split()[-1] for line in text.splitlines() if "INDEX 01" in line]
    assert found == ["00:01:00", "00:01:01", "00:02:00"]
