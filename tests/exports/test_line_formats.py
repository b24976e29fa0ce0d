"""M3U8, Liquidsoap and Audacity: lists of lines."""

import pytest

from segued.errors import ExportError
from segued.exports.audacity import write_audacity_labels
from segued.exports.export_track import ExportOptions
from segued.exports.liquidsoap import write_liquidsoap
from segued.exports.m3u8 import write_m3u8
from tests.exports.export_tracks import SECOND, make_track

PLAIN = ExportOptions()


def test_a_song_is_an_entry_with_names_and_cover() -> None:
    """Its length is rounded to seconds, as EXTINF wants."""
    track = make_track(end_ticks=round(199.6 * SECOND), cover_url="file:///c.jpg")

    text = "".join(write_m3u8([track], ExportOptions("My list\n#x")))

    assert text == (
        "#EXTM3U\n#PLAYLIST:My list #x\n#EXTINF:200,Bjork - Joga\n#EXTALB:Homogenic\n"
        "#EXTALBUMARTURL:file:///c.jpg\n/music/a/song.mp3\n"
    )


def test_a_side_is_one_entry_if_all_of_it_is_listed() -> None:
    """Players that know no cuts would play it once for each passage."""
    side = [
        make_track(
            b"/music/side.flac",
            ordinal=number,
            passages_in_file=3,
            start_ticks=100 * (number - 1) * SECOND,
            end_ticks=100 * number * SECOND,
            file_ticks=301 * SECOND,
        )
        for number in (1, 2, 3)
    ]

    whole = "".join(write_m3u8(side, PLAIN))
    part = "".join(write_m3u8(side[1:2], PLAIN))

    assert whole.count("/music/side.flac") == 1
    assert "#EXTINF:301,Bjork - Homogenic\n" in whole
    assert "start-time" not in whole
    assert "#EXTINF:100,Bjork - Joga\n" in part
    assert "#EXTVLCOPT:start-time=100.000\n#EXTVLCOPT:stop-time=200.000\n" in part


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (b"/music/a/song.mp3", "song.mp3"),
        (b"/music/b/song.mp3", "../b/song.mp3"),
        (b"/music/a/#1.mp3", "./#1.mp3"),
        (b"/music/a/Re: x.mp3", "./Re: x.mp3"),
        (b"/music/a/caf\xe9.mp3", "file:///music/a/caf%E9.mp3"),
        (b"/music/a/new\nline.mp3", "file:///music/a/new%0Aline.mp3"),
        ("/music/a/\u2028.mp3".encode(), "file:///music/a/%E2%80%A8.mp3"),
        (b"/music/a/blank ", "file:///music/a/blank%20"),
        (b'/music/a/quo"te.mp3', 'quo"te.mp3'),
    ],
)
def test_odd_names_stay_one_line(path: bytes, location: str) -> None:
    """A name that a line cannot hold is a URI, which players read as well."""
    lines = "".join(write_m3u8([make_track(path)], ExportOptions(base=b"/music/a")))

    assert lines.splitlines()[-1] == location
    assert len(lines.split("\n")) == 6


def test_liquidsoap_gets_cue_points_overlap_and_gain() -> None:
    """The overlap is the shorter one of lead-out and lead-in."""
    one = make_track(
        start_ticks=SECOND,
        end_ticks=181 * SECOND,
        lead_out_ticks=175 * SECOND,
        gain_db=-6.1,
        title='A "quote"\\ and\nline',
        recording_mbid="r1",
        artist_mbids=("a1", "a2"),
    )
    two = make_track(passage_id="p2", lead_in_ticks=4 * SECOND)

    first, second = "".join(write_liquidsoap([one, two], PLAIN)).splitlines()

    assert first == (
        r'annotate:title="A \"quote\"\\ and line",artist="Bjork",album="Homogenic",'
        'liq_cue_in="1.000000",liq_cue_out="181.000000",'
        'liq_cross_start_next="177.000000",liq_cross_duration="4.000000",'
        'replaygain_track_gain="-6.10 dB",musicbrainz_trackid="r1",'
        'musicbrainz_artistid="a1; a2",segued_passage="p1":/music/a/song.mp3'
    )
    assert "liq_cross" not in second  # its lead-out is not known


def test_liquidsoap_evaluates_no_title() -> None:
    """It would run what a tag has between "#{" and "}"."""
    (line,) = write_liquidsoap([make_track(title="#{exit(1)}")], PLAIN)

    assert 'title="# {exit(1)}"' in line


@pytest.mark.parametrize("path", [b"/music/caf\xe9.mp3", b"/music/new\nline.mp3"])
def test_a_name_that_liquidsoap_cannot_read_is_an_error(path: bytes) -> None:
    """It does not decode URIs of files; an address of the audio works."""
    with pytest.raises(ExportError, match="Liquidsoap cannot name"):
        list(write_liquidsoap([make_track(path)], PLAIN))
    (line,) = write_liquidsoap([make_track(path, url="http://h/audio")], PLAIN)
    assert line.endswith(":http://h/audio\n")


def test_labels_are_tabs_and_seconds() -> None:
    """A tab in a name is a blank."""
    track = make_track(start_ticks=SECOND // 2, end_ticks=2 * SECOND, title="a\tb")

    assert list(write_audacity_labels([track], PLAIN)) == [
        "0.500000\t2.000000\tBjork - a b\n"
    ]


def test_labels_are_for_one_file() -> None:
    """The error names both files."""
    tracks = [make_track(b"/a.mp3"), make_track(b"/b.mp3")]

    with pytest.raises(ExportError, match=r"/a\.mp3 and /b\.mp3"):
        list(write_audacity_labels(tracks, PLAIN))
