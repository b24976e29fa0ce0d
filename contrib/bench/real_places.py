"""Which tracks of real releases are in a folder together."""

from collections.abc import Iterator

from bench.real_facts import MusicBrainzFacts, new_id
from bench.real_tags import FEW, Place
from bench.synthetic_names import Rng, pick

from segued.matching.evidence import Release

__all__ = [
    "audio_places",
    "boxes",
    "each_album",
    "few_favorites",
    "half_albums",
    "loose_songs",
    "noted_albums",
    "single_files",
    "two_albums",
    "with_bonus_file",
    "with_live_disc",
]


def audio_places(facts: MusicBrainzFacts, release: Release) -> list[Place]:
    """Return the tracks of a release that a music file may have."""
    raw = facts.releases[release.mbid]
    sound = {
        medium["position"]
        for medium in raw["media"]
        if "DVD" not in (medium["format"] or "")
    }
    return [
        (release, track)
        for track in release.tracks
        if track.disc in sound
        and not facts.recordings[track.recording.mbid]["video"]
        and "data track" not in track.title
        and track.position > 0
    ]


def noted_albums(_rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield albums whose recordings MusicBrainz tells apart by a note."""
    notes = ("original studio stereo mix", "live, 1976-11-25: Winterland", "UK mix")
    for nth, release in enumerate(facts.recorded):
        if not any(track.recording.note for track in release.tracks):
            noted = _with_notes(facts, release, notes[nth % len(notes)])
            yield audio_places(facts, noted)


def each_album(_rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield a folder for each disc of each release."""
    for release in facts.recorded:
        places = audio_places(facts, release)
        for disc in sorted({track.disc for _, track in places}):
            yield [each for each in places if each[1].disc == disc]


def boxes(_rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield a folder for each release of several discs."""
    for release in facts.recorded:
        places = audio_places(facts, release)
        if len({track.disc for _, track in places}) > 1:
            yield places


def half_albums(rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield folders with half of the tracks."""
    for places in each_album(rng, facts):
        chosen = [each for each in places if rng.random() < 1 / 2]
        if chosen:
            yield chosen


def two_albums(rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield folders with two discs of different albums."""
    albums = list(each_album(rng, facts))
    for one, other in zip(albums, albums[1:] + albums[:1], strict=True):
        if one[0][0].group_mbid != other[0][0].group_mbid:
            yield [*one, *other]


def with_bonus_file(rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield albums with one song of another album."""
    albums = list(each_album(rng, facts))
    for nth, places in enumerate(albums):
        other = albums[(nth + 7) % len(albums)]
        yield [*places, pick(rng, other)]


def with_live_disc(_rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield releases whose second disc is the same songs, recorded live."""
    for release in facts.recorded:
        places = audio_places(facts, release)
        if len(release.tracks) == len(places) and {t.disc for _, t in places} == {1}:
            yield audio_places(facts, _with_live_disc(facts, release))


def loose_songs(rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield folders of fourteen songs of any releases."""
    every = [p for each in facts.recorded for p in audio_places(facts, each)]
    for _ in range(20):
        chosen = {
            place[1].recording.mbid: place
            for place in (pick(rng, every) for _ in range(14))
        }
        yield list(chosen.values())


def single_files(rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield folders of one song."""
    for places in each_album(rng, facts):
        for _ in range(3):
            yield [pick(rng, places)]


def few_favorites(rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[Place]]:
    """Yield folders of three songs, two of one album and one of another release."""
    albums = [each for each in each_album(rng, facts) if len(each) >= FEW]
    for nth, places in enumerate(albums):
        alike = [
            each
            for other in albums
            if other[0][0].mbid != places[0][0].mbid
            for each in other
            if each[0].artist == places[0][0].artist
        ]
        third = pick(rng, alike or albums[(nth + 5) % len(albums)])
        yield [*places[:2], third]


def _with_notes(facts: MusicBrainzFacts, release: Release, note: str) -> Release:
    mbid = new_id(release.mbid, note)
    raw = facts.releases[release.mbid]
    media = []
    for medium in raw["media"]:
        tracks = []
        for track in medium["tracks"]:
            recording = track["recording"] | {"disambiguation": note}
            recording["id"] = new_id(recording["id"], note)
            tracks.append(track | {"recording": recording})
        media.append(medium | {"tracks": tracks})
    changes = {
        "id": mbid,
        "title": f"{raw['title']}: Chronicles",
        "release-group": {"id": new_id(mbid, "group")},
        "media": media,
    }
    return facts.add_release(raw | changes)


def _with_live_disc(facts: MusicBrainzFacts, release: Release) -> Release:
    mbid = new_id(release.mbid, "with a live disc")
    if mbid in facts.albums:
        return facts.albums[mbid]
    raw = facts.releases[release.mbid]
    (first,) = raw["media"]
    live = []
    for track in first["tracks"]:
        recording = track["recording"]
        copy = recording | {
            "id": new_id(recording["id"], "live"),
            "disambiguation": "live, 1998-05-02: Paradiso, Amsterdam, Netherlands",
            "length": (recording["length"] or 180_000) + 6_000,
        }
        length = copy["length"]
        live.append(track | {"recording": copy, "length": length})
    second = first | {"position": 2, "tracks": live}
    return facts.add_release(
        raw
        | {
            "id": mbid,
            "title": f"{raw['title']}: Studio and Live",
            "release-group": {"id": new_id(mbid, "group")},
            "media": [first, second],
        }
    )
