"""MusicBrainz: requests and searches, and parsing of the answers."""

import json

import pytest

from segued.clients.http import HttpSession
from segued.clients.musicbrainz import (
    MusicBrainz,
    parse_recording,
    parse_releases,
    parse_search,
)
from segued.clients.service_client import ServiceClient
from segued.errors import ServiceAnswerError
from segued.matching.evidence import MusicBrainzEntity
from tests.clients.conftest import LIMITS, FakeClock
from tests.fake_services import AnswersInMemory, FakeServices, StatusFault
from tests.fake_services.answers import musicbrainz_path
from tests.fake_services.client import CD, GROUP, LANTERNS, LOW_TIDE, NOT_THERE, VINYL


async def test_a_release_has_its_tracks(musicbrainz: MusicBrainz) -> None:
    """They have recordings, credits, works and lengths."""
    raw = await musicbrainz.release(CD.upper())

    assert raw is not None
    (release,) = parse_releases(raw)
    assert (release.mbid, release.group_mbid) == (CD, GROUP)
    assert (release.title, release.artist) == ("Harbour Lights", "Éva Marle")
    assert release.date == "2019-05-03"
    titles = [(each.disc, each.position, each.title) for each in release.tracks]
    assert titles == [(1, 1, "Low Tide"), (1, 2, "Lanterns"), (1, 3, "Homeward")]
    first = release.tracks[0].recording
    assert (first.mbid, first.seconds, first.note) == (LOW_TIDE, 201.0, "")
    assert [each.name for each in first.artists] == ["Éva Marle"]
    assert first.works == (
        MusicBrainzEntity("b0000000-0000-4000-8000-000000000001", "Low Tide"),
    )


async def test_a_release_group_has_its_releases(musicbrainz: MusicBrainz) -> None:
    """An unknown release group has none."""
    editions = parse_releases(await musicbrainz.release_group(GROUP))
    none = parse_releases(await musicbrainz.release_group(NOT_THERE))

    assert [(each.mbid, len(each.tracks)) for each in editions] == [
        (CD, 3),
        (VINYL, 2),
    ]
    assert none == ()


async def test_missing_entity_is_none(musicbrainz: MusicBrainz) -> None:
    """An unknown release is not an error."""
    assert await musicbrainz.release(NOT_THERE) is None


async def test_recordings_are_requested_together(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """Unknown ones are missing in the result; a hundred fit into a URL."""
    others = [f"c0000000-0000-4000-8000-0000000f{number:04}" for number in range(97)]
    requested = [LOW_TIDE, LANTERNS.upper(), NOT_THERE, *others]

    found = await musicbrainz.recordings(requested)

    assert list(found) == [LOW_TIDE, LANTERNS]
    raw = found[LANTERNS]
    assert isinstance(raw, bytes)
    recording = parse_recording(raw)
    assert (recording.title, recording.seconds) == ("Lanterns", 184.5)
    assert recording.isrcs == ("ZZX002600002",)
    assert len(fake_services.requests) == 1
    assert await musicbrainz.recordings([]) == {}
    with pytest.raises(ValueError, match="at most 100"):
        await musicbrainz.recordings([*requested, CD])


async def test_a_merged_recording_is_the_one_it_is_merged_into(
    session: HttpSession, fake_clock: FakeClock
) -> None:
    """A search by its old id does not find it; a lookup is redirected."""
    old, new = NOT_THERE, {"id": LOW_TIDE, "title": "Low Tide"}
    answers = {
        musicbrainz_path("recording", old): {"merged-into": LOW_TIDE},
        musicbrainz_path("recording", LOW_TIDE): new,
        musicbrainz_path("release", old): {"merged-into": CD},
        musicbrainz_path("release", CD): {"id": CD, "title": "Harbour Lights"},
    }
    tree = AnswersInMemory(
        {path: json.dumps(d).encode() for path, d in answers.items()}
    )
    async with FakeServices(tree, clock=lambda: fake_clock.now) as fake_services:
        service = ServiceClient(
            "musicbrainz",
            fake_services.musicbrainz_url,
            rate=LIMITS.musicbrainz_rate,
            session=session,
            clock=fake_clock.clock,
            limits=LIMITS,
        )
        musicbrainz = MusicBrainz(service)
        assert list(await musicbrainz.recordings([old, LOW_TIDE])) == [LOW_TIDE]
        recording, release = (
            await musicbrainz.recording(old),
            await musicbrainz.release(old),
        )

    assert recording is not None
    assert parse_recording(recording).mbid == LOW_TIDE
    assert release is not None
    assert parse_releases(release)[0].mbid == CD
    assert fake_services.rate_limited_requests == []


@pytest.mark.parametrize(
    "text", ["", "x", CD + "/..", CD + "\n", f"{{{CD}}}", "../" * 12]
)
async def test_only_valid_mbids_get_into_a_url(
    musicbrainz: MusicBrainz, fake_services: FakeServices, text: str
) -> None:
    """Tags can hold any text instead of an id."""
    with pytest.raises(ValueError, match="not a MusicBrainz id"):
        await musicbrainz.release(text)
    with pytest.raises(ValueError, match="not a MusicBrainz id"):
        await musicbrainz.release_group(text)
    with pytest.raises(ValueError, match="not a MusicBrainz id"):
        await musicbrainz.recordings([text])
    assert fake_services.requests == []


async def test_releases_are_searched_for(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """Artist and title can contain any characters."""
    found = parse_search(await musicbrainz.search("Éva Marle", "Harbour Lights", 3))
    await musicbrainz.search('A "B"\\', "c) OR\0 (d:*", None)

    assert set(found) == {CD, VINYL}
    assert fake_services.requests[0].query["query"] == (
        'release:"Harbour Lights" AND artist:"Éva Marle" AND tracks:3'
    )
    assert fake_services.requests[1].query["query"] == (
        'release:"c) OR (d:*" AND artist:"A \\"B\\"\\\\"'
    )
    with pytest.raises(ValueError, match="are empty"):
        await musicbrainz.search(" ", "\n", 3)


async def test_recordings_are_searched_for(musicbrainz: MusicBrainz) -> None:
    """By title and artist, or one of them; without both, nothing is asked."""
    by_both = await musicbrainz.search_recordings("éva marle", "Low Tide")
    by_title = await musicbrainz.search_recordings("", "low tide")
    none = await musicbrainz.search_recordings("Nobody", "Low Tide")

    assert [each.mbid for each in by_both] == [LOW_TIDE]
    assert (by_both[0].title, by_both[0].artist) == ("Low Tide", "Éva Marle")
    assert by_title == by_both
    assert none == ()
    with pytest.raises(ValueError, match="empty"):
        await musicbrainz.search_recordings("", " ")


def test_hits_are_ranked() -> None:
    """Best first, without results below the least score."""
    hits = [(LOW_TIDE, 79), (CD, 80), (VINYL, 100), (GROUP, 80)]
    raw = {"releases": [{"id": mbid, "score": score} for mbid, score in hits]}

    assert parse_search(json.dumps(raw).encode()) == (VINYL, CD, GROUP)


def test_null_fields_are_accepted() -> None:
    """MusicBrainz returns null for unknown values."""
    credit = [
        {"name": "A", "joinphrase": " & ", "artist": {"id": CD, "name": "a"}},
        {"name": "B", "joinphrase": "", "artist": {"id": VINYL, "name": "b"}},
    ]
    recording = {
        "id": LOW_TIDE,
        "title": "T",
        "length": None,
        "disambiguation": None,
        "artist-credit": credit,
        "relations": [
            {"target-type": "artist", "artist": {"id": CD, "name": "a"}},
            {"target-type": "work", "work": None},
        ],
    }
    track = {"position": 1, "title": "", "length": 0, "recording": recording}
    media = [{"position": 1}, {"position": 2, "tracks": [track]}, {"tracks": None}]
    raw = {"id": CD, "title": "R", "date": None, "release-group": None}

    (release,) = parse_releases(json.dumps({**raw, "media": media}).encode())
    (bare,) = parse_releases(json.dumps(raw).encode())

    assert (bare.tracks, bare.date, bare.group_mbid) == ((), None, None)
    (only,) = release.tracks
    assert (only.disc, only.title, only.seconds) == (2, "T", None)
    assert only.recording.artist == "A & B"
    assert only.recording.artists == (
        MusicBrainzEntity(CD, "a"),
        MusicBrainzEntity(VINYL, "b"),
    )
    assert only.recording.works == ()


async def test_an_odd_recording_costs_only_itself(
    musicbrainz: MusicBrainz, fake_services: FakeServices
) -> None:
    """Of a page of recordings, the others are used; one without an id is left out."""
    good = {"id": LOW_TIDE, "title": "Low Tide"}
    page = [None, {"title": "no id"}, {"id": LANTERNS, "title": None}, good]
    body = json.dumps({"recordings": page}).encode()
    fake_services.add_fault("musicbrainz", StatusFault(200, body=body), times=4)

    requested = [LOW_TIDE, LANTERNS, NOT_THERE]
    found = await musicbrainz.recordings(requested)
    for _ in range(3):
        assert list(await musicbrainz.recordings(requested)) == list(found)

    assert found[LOW_TIDE] == json.dumps(good).encode()
    assert isinstance(found[LANTERNS], ServiceAnswerError)
    assert NOT_THERE not in found
    assert musicbrainz.service.state == "up"


def test_odd_tracks_and_releases_are_left_out() -> None:
    """What is well-formed is used; if nothing is, it is an error."""
    recording = {"id": LOW_TIDE, "title": "T"}
    odd_tracks = [None, {"position": 1}, {"position": "2", "recording": recording}]
    good_track = {"position": 3, "recording": recording}
    release = {"id": CD, "title": "R", "media": [{"tracks": [*odd_tracks, good_track]}]}
    odd_release = {"id": VINYL, "title": "R", "media": [{"tracks": odd_tracks}]}
    page = {"releases": [None, odd_release, release]}
    hits = {"releases": [None, {"id": CD}, {"id": VINYL, "score": 100}]}

    (parsed,) = parse_releases(json.dumps(page).encode())

    assert [(parsed.mbid, each.position) for each in parsed.tracks] == [(CD, 3)]
    assert parse_search(json.dumps(hits).encode()) == (VINYL,)
    for nothing in (odd_release, {"releases": [None, odd_release]}):
        with pytest.raises(ServiceAnswerError):
            parse_releases(json.dumps(nothing).encode())


def test_hidden_and_data_tracks_videos_and_credits_are_read() -> None:
    """A medium's pregap and data tracks are tracks; a DVD's are videos."""

    def track(position: int, mbid: str, name: str, *, video: bool = False) -> object:
        credit = [{"name": name, "joinphrase": "", "artist": {"id": CD, "name": "a"}}]
        recording = {"id": mbid, "title": f"T{position}", "video": video}
        return {"position": position, "recording": recording, "artist-credit": credit}

    media = [
        {
            "position": 1,
            "format": "Enhanced CD",
            "pregap": track(0, CD, "A"),
            "tracks": [track(1, LANTERNS, "B & C")],
            "data-tracks": [track(2, VINYL, "A"), track(3, GROUP, "A", video=True)],
        },
        {"position": 2, "format": "DVD-Video", "tracks": [track(1, LOW_TIDE, "A")]},
        {"position": 3, "format": "DVD-Audio", "pregap": None, "tracks": []},
        {"position": 4, "format": "DualDisc (CD side)", "tracks": [track(1, CD, "A")]},
    ]
    raw = {"id": CD, "title": "R", "media": media}

    (release,) = parse_releases(json.dumps(raw).encode())

    places = [(each.disc, each.position, each.is_video) for each in release.tracks]
    assert places == [
        (1, 0, False),
        (1, 1, False),
        (1, 2, False),
        (1, 3, True),
        (2, 1, True),
        (4, 1, False),
    ]
    assert release.tracks[1].artist == "B & C"
    assert release.tracks[3].recording.is_video


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b'{"id": "x"}', b"\xff"])
def test_invalid_response_is_an_error(raw: bytes) -> None:
    """In every parser."""
    for parse in (parse_releases, parse_recording, parse_search):
        with pytest.raises(ServiceAnswerError):
            parse(raw)
