"""XSPF and JSPF, by their published specifications."""

import json
import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit
from xml.etree import ElementTree as ET

import pytest

from segued.exports.export_track import ExportOptions, ExportTrack
from segued.exports.jspf import PLAYLIST_EXTENSION, TRACK_EXTENSION, write_jspf
from segued.exports.xspf import write_xspf
from tests.exports.export_tracks import SECOND, make_track

XSPF: Final = "{http://xspf.org/ns/0/}"

PLAYLIST_ELEMENTS: Final = {
    "title": 1,
    "creator": 1,
    "annotation": 1,
    "info": 1,
    "location": 1,
    "identifier": 1,
    "image": 1,
    "date": 1,
    "license": 1,
    "attribution": 1,
    "link": 99,
    "meta": 99,
    "extension": 99,
    "trackList": 1,
}
TRACK_ELEMENTS: Final = {
    "location": 99,
    "identifier": 99,
    "title": 1,
    "creator": 1,
    "annotation": 1,
    "info": 1,
    "image": 1,
    "album": 1,
    "trackNum": 1,
    "duration": 1,
    "link": 99,
    "meta": 99,
    "extension": 99,
}
"""The elements that the schema of version 1 allows, and how often."""

URI_ELEMENTS: Final = ("location", "identifier", "info", "image")
URI: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")

ODD: Final = (
    make_track(
        "/m/caf\u00e9/100% #1?.mp3".encode(),
        title="<b>&\x1b]]>\ud800",
        recording_mbid="r1",
        release_mbid="l1",
        artist_mbids=("a1",),
        cover_url="file:///m/cover.jpg",
        track=3,
        gain_db=-3.0,
        added_at="2026-11-30T06:00:00.000+00:00",
    ),
    make_track(b"/m/caf\xe9\n.mp3", title=None, artist=None, album=None),
    make_track(
        b"/m/side.flac",
        ordinal=2,
        passages_in_file=3,
        start_ticks=10 * SECOND,
        end_ticks=25 * SECOND,
    ),
)


def check_xspf(text: str) -> ET.Element:
    """Check a playlist against the schema of XSPF 1, and return it."""
    playlist = ET.fromstring(text.encode())  # noqa: S314 - written by ourselves
    assert playlist.tag == f"{XSPF}playlist"
    assert playlist.attrib == {"version": "1"}
    _check_children(playlist, PLAYLIST_ELEMENTS)
    (tracks,) = playlist.findall(f"{XSPF}trackList")
    for track in tracks:
        assert track.tag == f"{XSPF}track"
        _check_children(track, TRACK_ELEMENTS)
    return playlist


def _check_children(parent: ET.Element, allowed: dict[str, int]) -> None:
    names = [child.tag.removeprefix(XSPF) for child in parent]
    for name in names:
        assert names.count(name) <= allowed[name]
    for child in parent:
        name, text = child.tag.removeprefix(XSPF), child.text or ""
        if name in URI_ELEMENTS:
            assert URI.fullmatch(text), text
        if name == "meta":
            assert urlsplit(child.attrib["rel"]).scheme
        if name in {"trackNum", "duration"}:
            assert text.isdecimal()


@pytest.mark.parametrize("base", [None, b"/m"])
def test_xspf_is_valid_for_any_name(base: bytes | None) -> None:
    """Names of any bytes, and titles with markup and control characters."""
    playlist = check_xspf("".join(write_xspf(ODD, ExportOptions("<t>", base))))

    tracks = playlist.findall(f".//{XSPF}track")
    places = [track.findtext(f"{XSPF}location") or "" for track in tracks]
    assert [unquote_to_bytes(place)[-9:] for place in places] == [
        b"0% #1?.mp3"[-9:],
        b"caf\xe9\n.mp3"[-9:],
        b"side.flac",
    ]
    assert all(place.startswith("file:///m/") == (base is None) for place in places)
    assert tracks[0].findtext(f"{XSPF}title") == "<b>&\ufffd]]>\ufffd"
    assert tracks[0].findtext(f"{XSPF}identifier") == (
        "https://musicbrainz.org/recording/r1"
    )
    assert tracks[2].findtext(f"{XSPF}duration") == "15000"
    metas = {each.attrib["rel"]: each.text for each in tracks[2].iter(f"{XSPF}meta")}
    assert metas["urn:segued:start-seconds"] == "10.000000"


def test_jspf_has_what_listenbrainz_reads() -> None:
    """Identifiers as lists of URIs, and MusicBrainz's extension."""
    playlist: dict[str, Any] = json.loads(
        "".join(write_jspf(ODD, ExportOptions("My list"))).encode("utf-8")
    )["playlist"]

    assert playlist["title"] == "My list"
    assert playlist["extension"][PLAYLIST_EXTENSION] == {"public": False}
    assert [len(each["location"]) for each in playlist["track"]] == [1, 1, 1]
    first = playlist["track"][0]
    assert first["identifier"] == ["https://musicbrainz.org/recording/r1"]
    assert first["extension"][TRACK_EXTENSION] == {
        "artist_identifiers": ["https://musicbrainz.org/artist/a1"],
        "release_identifier": "https://musicbrainz.org/release/l1",
        "added_at": "2026-11-30T06:00:00.000+00:00",
    }
    assert (first["duration"], first["trackNum"]) == (200_000, 3)


def test_jspf_and_xspf_say_the_same() -> None:
    """JSPF is XSPF as JSON: each track has the same values in both."""
    options = ExportOptions()
    tracks = json.loads("".join(write_jspf(ODD[1:], options)))["playlist"]["track"]
    playlist = check_xspf("".join(write_xspf(ODD[1:], options)))

    for one, other in zip(tracks, playlist.iter(f"{XSPF}track"), strict=True):
        for name in ("title", "creator", "album"):
            assert one.get(name) == other.findtext(f"{XSPF}{name}")
        assert one["location"] == [other.findtext(f"{XSPF}location")]
        assert str(one["duration"]) == other.findtext(f"{XSPF}duration")
        metas = {
            name: text for each in one.get("meta", ()) for name, text in each.items()
        }
        assert metas == {
            each.attrib["rel"]: each.text for each in other.iter(f"{XSPF}meta")
        }


def test_an_empty_list_is_valid() -> None:
    """A search may find nothing."""
    nothing: list[ExportTrack] = []

    check_xspf("".join(write_xspf(nothing, ExportOptions())))
    assert (
        json.loads("".join(write_jspf(nothing, ExportOptions())))["playlist"]["track"]
        == []
    )
