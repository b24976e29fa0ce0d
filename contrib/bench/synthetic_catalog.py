"""A synthetic catalog: artists, albums, and AcoustID's candidates for each song.

It has the difficulties of real catalogs: live recordings and remixes of a song; albums
that are issued twice; compilations with a recording of an album, or with the same
recording under another id; fingerprints that also belong to other songs.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from bench.synthetic_names import FIRST, LAST, Rng, pick, random_artist, random_title

from segued.matching.evidence import Candidate, Recording, Release, Track
from segued.units import Seconds

__all__ = [
    "SyntheticCatalog",
    "acoustid_candidates",
    "acoustid_candidates_with_collision",
    "make_catalog",
    "random_mbid",
]

PLACES: Final = ("Leeds", "Montreux", "Budokan", "Red Rocks", "Paradiso", "Köln")

ARTISTS: Final = 24
TRACKS: Final = (8, 14)
SONG_S: Final = (95.0, 420.0)
SAME_S: Final = 1.5
"""Largest difference in length, in seconds, of one recording under two ids."""

SCORE: Final = (0.88, 1.0)
NEAR_SCORE: Final = (0.80, 0.97)
NEAR_SHARE: Final = 0.35
"""Share of live and remixed recordings that AcoustID confuses with the original."""

COLLISION_SHARE: Final = 0.05
OTHER_IDS_EVERY: Final = 12
"""One of so many albums is also issued under other ids."""

SOURCES_MEAN: Final = 2.2
"""Mean of ln(sources), which is normally distributed: median 9, maximum about 100."""


@dataclass(slots=True)
class SyntheticCatalog:
    """All releases and recordings, and their relations.

    Attributes:
        same_sound: By recording, other ids of the same sound.
        similar_sound: By recording, other versions that AcoustID confuses with it.
        collisions: By recording, another song that AcoustID returns as well.
        sources: By recording, the number of submissions of its fingerprint.
    """

    releases: dict[str, Release] = field(default_factory=dict)
    recordings: dict[str, Recording] = field(default_factory=dict)
    groups: defaultdict[str, list[Release]] = field(
        default_factory=lambda: defaultdict(list)
    )
    groups_of: defaultdict[str, list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    same_sound: defaultdict[str, list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    similar_sound: defaultdict[str, list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    collisions: dict[str, str] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    studio: list[Release] = field(default_factory=list)
    reissues: list[Release] = field(default_factory=list)
    live: list[Release] = field(default_factory=list)
    remixes: list[Release] = field(default_factory=list)
    compilations: list[Release] = field(default_factory=list)

    def add(self, release: Release) -> Release:
        """Add a release and its recordings."""
        self.releases[release.mbid] = release
        group = release.group_mbid or release.mbid
        self.groups[group].append(release)
        for track in release.tracks:
            self.recordings[track.recording.mbid] = track.recording
            if group not in self.groups_of[track.recording.mbid]:
                self.groups_of[track.recording.mbid].append(group)
        return release


def random_mbid(rng: Rng) -> str:
    """Return a random MusicBrainz id."""
    digits = rng.bytes(16).hex()
    return "-".join(
        digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    )


def make_catalog(rng: Rng) -> SyntheticCatalog:
    """Return a random catalog."""
    catalog = SyntheticCatalog()
    for nth in range(ARTISTS):
        artist = random_artist(rng)
        album = catalog.add(_studio(rng, artist))
        catalog.studio.append(album)
        if rng.random() < 1 / 2:
            catalog.add(_reissue(rng, album))
        if nth % OTHER_IDS_EVERY == 0:
            catalog.reissues.append(
                catalog.add(_reissue_with_other_ids(rng, catalog, album))
            )
        catalog.live.append(catalog.add(_live(rng, catalog, album)))
        catalog.remixes.append(catalog.add(_remixed(rng, catalog, album)))
    for year in range(1990, 1998):
        catalog.compilations.append(catalog.add(_compilation(rng, catalog, str(year))))
    for each in list(catalog.recordings):
        catalog.sources[each] = 1 + int(np.exp(rng.normal(SOURCES_MEAN, 1.2)))
        if rng.random() < COLLISION_SHARE:
            catalog.collisions[each] = pick(rng, list(catalog.recordings))
    return catalog


def acoustid_candidates(
    rng: Rng, catalog: SyntheticCatalog, truth: str
) -> tuple[Candidate, ...]:
    """Return the candidates of AcoustID for a recording, the best first."""
    score = rng.uniform(*SCORE)
    found = [(truth, score)]
    found += [(each, score) for each in catalog.same_sound[truth]]
    found += [(each, rng.uniform(*NEAR_SCORE)) for each in catalog.similar_sound[truth]]
    if truth in catalog.collisions:
        found.append((catalog.collisions[truth], score))
    return _candidates(rng, catalog, dict(reversed(found)))


def acoustid_candidates_with_collision(
    rng: Rng, catalog: SyntheticCatalog, truth: str, *, kept: bool
) -> tuple[Candidate, ...]:
    """Return candidates with another song, in a quarter of cases by the same artist.

    Args:
        rng: The random generator.
        catalog: The catalog.
        truth: The true recording.
        kept: Whether the true recording is a candidate as well.
    """
    score = rng.uniform(*SCORE)
    artist = catalog.recordings[truth].artist
    near = rng.random() < 1 / 4
    others = [
        each.mbid
        for each in catalog.recordings.values()
        if each.mbid != truth and (each.artist == artist or not near)
    ]
    other = pick(rng, others)
    found = {other: score, **({truth: score - rng.uniform(0, 0.05)} if kept else {})}
    answer = _candidates(rng, catalog, found)
    many = int(rng.integers(1, 400))
    return tuple(
        replace(each, sources=many) if each.recording_mbid == other else each
        for each in answer
    )


def _candidates(
    rng: Rng, catalog: SyntheticCatalog, found: dict[str, float]
) -> tuple[Candidate, ...]:
    answer = []
    for each, score in found.items():
        nameless, recording = rng.random() < 1 / 50, catalog.recordings[each]
        answer.append(
            Candidate(
                recording_mbid=each,
                score=round(float(score), 4),
                sources=catalog.sources[each],
                title=None if nameless else recording.title,
                artist=None if nameless else recording.artist,
                seconds=recording.seconds,
                release_groups=tuple(catalog.groups_of[each]),
            )
        )
    return tuple(sorted(answer, key=lambda each: (-each.score, -each.sources)))


def _recording(
    rng: Rng, title: str, artist: str, seconds: float, note: str = ""
) -> Recording:
    return Recording(random_mbid(rng), title, artist, Seconds(round(seconds, 1)), note)


def _release(
    rng: Rng,
    names: tuple[str, str],
    recordings: Sequence[Recording],
    *,
    group: str | None = None,
    date: str | None = None,
) -> Release:
    tracks = tuple(
        Track(1, nth, each.title, each, each.seconds)
        for nth, each in enumerate(recordings, 1)
    )
    return Release(random_mbid(rng), *names, group or random_mbid(rng), date, tracks)


def _studio(rng: Rng, artist: str) -> Release:
    titles: list[str] = []
    while len(titles) < TRACKS[0] or rng.random() < 1 - 1 / 6:
        title = random_title(rng)
        if title not in titles:
            titles.append(title)
        if len(titles) == TRACKS[1]:
            break
    tracks = [_recording(rng, each, artist, rng.uniform(*SONG_S)) for each in titles]
    name = random_title(rng)
    return _release(rng, (name, artist), tracks, date=f"{rng.integers(1967, 2015)}")


def _reissue(rng: Rng, album: Release) -> Release:
    """Return a reissue of an album, with additional songs."""
    kept = [track.recording for track in album.tracks]
    added = [
        _recording(rng, f"{each.title} (Demo)", album.artist, rng.uniform(*SONG_S))
        for each in kept[:3]
    ]
    title = f"{album.title} (Deluxe Edition)"
    names = (title, album.artist)
    return _release(rng, names, kept + added, group=album.group_mbid, date="2016")


def _reissue_with_other_ids(
    rng: Rng, catalog: SyntheticCatalog, album: Release
) -> Release:
    """Return a reissue of an album, with other ids for all recordings."""
    twins = [
        _same_recording_with_other_id(rng, catalog, track.recording)
        for track in album.tracks
    ]
    names = (album.title, album.artist)
    year = f"{rng.integers(1960, 2020)}"
    return _release(rng, names, twins, group=album.group_mbid, date=year)


def _same_recording_with_other_id(
    rng: Rng, catalog: SyntheticCatalog, of: Recording
) -> Recording:
    """Return the same recording under another id."""
    length = (of.seconds or 0) + rng.uniform(-SAME_S, SAME_S)
    again = _recording(rng, of.title, of.artist, length)
    catalog.same_sound[again.mbid] = [of.mbid, *catalog.same_sound[of.mbid]]
    for each in catalog.same_sound[again.mbid]:
        catalog.same_sound[each].append(again.mbid)
    return again


def _live(rng: Rng, catalog: SyntheticCatalog, album: Release) -> Release:
    place, day = pick(rng, PLACES), f"19{rng.integers(70, 99)}-05-01"
    played = []
    order = rng.permutation(len(album.tracks))[: max(8, len(album.tracks) - 2)]
    for nth in order:
        of = album.tracks[int(nth)].recording
        # One in three live versions has nearly the length of the studio version.
        longer = rng.uniform(-4, 4) if rng.random() < 1 / 3 else rng.uniform(8, 90)
        length = (of.seconds or 0) + longer
        note = f"live, {day}: {place}" if rng.random() < 9 / 10 else ""
        played.append(_recording(rng, of.title, of.artist, length, note))
        _maybe_link_similar(rng, catalog, of, played[-1])
    return _release(rng, (f"Live at {place}", album.artist), played, date=day)


def _remixed(rng: Rng, catalog: SyntheticCatalog, album: Release) -> Release:
    done = []
    for track in album.tracks[:4]:
        of, by = track.recording, f"{pick(rng, FIRST)} {pick(rng, LAST)}"
        title = f"{of.title} ({by} Remix)"
        length = (of.seconds or 0) + rng.uniform(-30, 90)
        done.append(_recording(rng, title, of.artist, length))
        _maybe_link_similar(rng, catalog, of, done[-1])
    return _release(rng, (f"{album.title} Remixed", album.artist), done, date="2005")


def _maybe_link_similar(
    rng: Rng, catalog: SyntheticCatalog, a: Recording, b: Recording
) -> None:
    if rng.random() < NEAR_SHARE:
        catalog.similar_sound[a.mbid].append(b.mbid)
        catalog.similar_sound[b.mbid].append(a.mbid)


def _compilation(rng: Rng, catalog: SyntheticCatalog, year: str) -> Release:
    chosen = []
    for nth in rng.permutation(len(catalog.studio))[: int(rng.integers(10, 15))]:
        of = pick(rng, catalog.studio[int(nth)].tracks).recording
        if rng.random() < 1 / 2:
            of = _same_recording_with_other_id(rng, catalog, of)
        chosen.append(of)
    return _release(rng, (f"Best of {year}", "Various Artists"), chosen, date=year)
