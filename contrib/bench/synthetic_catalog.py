"""Made-up music: artists, their albums, and what AcoustID hears in each song.

It has what makes real catalogues hard: a song recorded live as well, or
remixed; albums issued twice; compilations that hold an album's recording, or
the same one under another id; fingerprints that belong to other songs too.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from bench.synthetic_names import FIRST, LAST, Dice, pick, random_artist, random_title

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
"""How far lengths of one recording under two ids differ."""

SCORE: Final = (0.88, 1.0)
NEAR_SCORE: Final = (0.80, 0.97)
NEAR_SHARE: Final = 0.35
"""Of live and remixed recordings, how many sound like the studio's too."""

COLLISION_SHARE: Final = 0.05
OTHER_IDS_EVERY: Final = 12
"""Of so many albums one is issued under other ids as well."""

SOURCES_MEAN: Final = 2.2
"""Sources are exp(normal) around this: 9 in the middle, some 100 at the top."""


@dataclass(slots=True)
class SyntheticCatalog:
    """All that there is.

    Attributes:
        same_sound: By recording, the same sound under other ids.
        similar_sound: By recording, other versions that sound like it.
        sources: How many people submitted each recording's fingerprint.
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
        """Put a release into the catalogue, with all that is on it."""
        self.releases[release.mbid] = release
        group = release.group_mbid or release.mbid
        self.groups[group].append(release)
        for track in release.tracks:
            self.recordings[track.recording.mbid] = track.recording
            if group not in self.groups_of[track.recording.mbid]:
                self.groups_of[track.recording.mbid].append(group)
        return release


def random_mbid(dice: Dice) -> str:
    """Draw an id."""
    digits = dice.bytes(16).hex()
    return "-".join(
        digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    )


def make_catalog(dice: Dice) -> SyntheticCatalog:
    """Make a catalogue."""
    catalogue = SyntheticCatalog()
    for nth in range(ARTISTS):
        artist = random_artist(dice)
        album = catalogue.add(_studio(dice, artist))
        catalogue.studio.append(album)
        if dice.random() < 1 / 2:
            catalogue.add(_reissue(dice, album))
        if nth % OTHER_IDS_EVERY == 0:
            catalogue.reissues.append(
                catalogue.add(_reissue_with_other_ids(dice, catalogue, album))
            )
        catalogue.live.append(catalogue.add(_live(dice, catalogue, album)))
        catalogue.remixes.append(catalogue.add(_remixed(dice, catalogue, album)))
    for year in range(1990, 1998):
        catalogue.compilations.append(
            catalogue.add(_compilation(dice, catalogue, str(year)))
        )
    for each in list(catalogue.recordings):
        catalogue.sources[each] = 1 + int(np.exp(dice.normal(SOURCES_MEAN, 1.2)))
        if dice.random() < COLLISION_SHARE:
            catalogue.collisions[each] = pick(dice, list(catalogue.recordings))
    return catalogue


def acoustid_candidates(
    dice: Dice, catalogue: SyntheticCatalog, truth: str
) -> tuple[Candidate, ...]:
    """Return what AcoustID answers for a recording's sound, the best first."""
    score = dice.uniform(*SCORE)
    found = [(truth, score)]
    found += [(each, score) for each in catalogue.same_sound[truth]]
    found += [
        (each, dice.uniform(*NEAR_SCORE)) for each in catalogue.similar_sound[truth]
    ]
    if truth in catalogue.collisions:
        found.append((catalogue.collisions[truth], score))
    return _candidates(dice, catalogue, dict(reversed(found)))


def acoustid_candidates_with_collision(
    dice: Dice, catalogue: SyntheticCatalog, truth: str, *, kept: bool
) -> tuple[Candidate, ...]:
    """Return an answer with another song, one time in four of the same artist.

    Args:
        dice: To draw with.
        catalogue: Where to draw it from.
        truth: What the sound is.
        kept: Whether the right recording is in the answer too.
    """
    score = dice.uniform(*SCORE)
    artist = catalogue.recordings[truth].artist
    near = dice.random() < 1 / 4
    others = [
        each.mbid
        for each in catalogue.recordings.values()
        if each.mbid != truth and (each.artist == artist or not near)
    ]
    other = pick(dice, others)
    found = {other: score, **({truth: score - dice.uniform(0, 0.05)} if kept else {})}
    answer = _candidates(dice, catalogue, found)
    many = int(dice.integers(1, 400))
    return tuple(
        replace(each, sources=many) if each.recording_mbid == other else each
        for each in answer
    )


def _candidates(
    dice: Dice, catalogue: SyntheticCatalog, found: dict[str, float]
) -> tuple[Candidate, ...]:
    answer = []
    for each, score in found.items():
        nameless, recording = dice.random() < 1 / 50, catalogue.recordings[each]
        answer.append(
            Candidate(
                recording_mbid=each,
                score=round(float(score), 4),
                sources=catalogue.sources[each],
                title=None if nameless else recording.title,
                artist=None if nameless else recording.artist,
                seconds=recording.seconds,
                release_groups=tuple(catalogue.groups_of[each]),
            )
        )
    return tuple(sorted(answer, key=lambda each: (-each.score, -each.sources)))


def _recording(
    dice: Dice, title: str, artist: str, seconds: float, note: str = ""
) -> Recording:
    return Recording(random_mbid(dice), title, artist, Seconds(round(seconds, 1)), note)


def _release(
    dice: Dice,
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
    return Release(random_mbid(dice), *names, group or random_mbid(dice), date, tracks)


def _studio(dice: Dice, artist: str) -> Release:
    titles: list[str] = []
    while len(titles) < TRACKS[0] or dice.random() < 1 - 1 / 6:
        title = random_title(dice)
        if title not in titles:
            titles.append(title)
        if len(titles) == TRACKS[1]:
            break
    tracks = [_recording(dice, each, artist, dice.uniform(*SONG_S)) for each in titles]
    name = random_title(dice)
    return _release(dice, (name, artist), tracks, date=f"{dice.integers(1967, 2015)}")


def _reissue(dice: Dice, album: Release) -> Release:
    """Issue an album again, with songs added."""
    kept = [track.recording for track in album.tracks]
    added = [
        _recording(dice, f"{each.title} (Demo)", album.artist, dice.uniform(*SONG_S))
        for each in kept[:3]
    ]
    title = f"{album.title} (Deluxe Edition)"
    names = (title, album.artist)
    return _release(dice, names, kept + added, group=album.group_mbid, date="2016")


def _reissue_with_other_ids(
    dice: Dice, catalogue: SyntheticCatalog, album: Release
) -> Release:
    """Issue an album again, all of it under other ids."""
    twins = [
        _same_recording_with_other_id(dice, catalogue, track.recording)
        for track in album.tracks
    ]
    names = (album.title, album.artist)
    year = f"{dice.integers(1960, 2020)}"
    return _release(dice, names, twins, group=album.group_mbid, date=year)


def _same_recording_with_other_id(
    dice: Dice, catalogue: SyntheticCatalog, of: Recording
) -> Recording:
    """Put the same sound under another id."""
    length = (of.seconds or 0) + dice.uniform(-SAME_S, SAME_S)
    again = _recording(dice, of.title, of.artist, length)
    catalogue.same_sound[again.mbid] = [of.mbid, *catalogue.same_sound[of.mbid]]
    for each in catalogue.same_sound[again.mbid]:
        catalogue.same_sound[each].append(again.mbid)
    return again


def _live(dice: Dice, catalogue: SyntheticCatalog, album: Release) -> Release:
    place, day = pick(dice, PLACES), f"19{dice.integers(70, 99)}-05-01"
    played = []
    order = dice.permutation(len(album.tracks))[: max(8, len(album.tracks) - 2)]
    for nth in order:
        of = album.tracks[int(nth)].recording
        # One in three is played note by note, in the time of the record.
        longer = dice.uniform(-4, 4) if dice.random() < 1 / 3 else dice.uniform(8, 90)
        length = (of.seconds or 0) + longer
        note = f"live, {day}: {place}" if dice.random() < 9 / 10 else ""
        played.append(_recording(dice, of.title, of.artist, length, note))
        _maybe_link_similar(dice, catalogue, of, played[-1])
    return _release(dice, (f"Live at {place}", album.artist), played, date=day)


def _remixed(dice: Dice, catalogue: SyntheticCatalog, album: Release) -> Release:
    done = []
    for track in album.tracks[:4]:
        of, by = track.recording, f"{pick(dice, FIRST)} {pick(dice, LAST)}"
        title = f"{of.title} ({by} Remix)"
        length = (of.seconds or 0) + dice.uniform(-30, 90)
        done.append(_recording(dice, title, of.artist, length))
        _maybe_link_similar(dice, catalogue, of, done[-1])
    return _release(dice, (f"{album.title} Remixed", album.artist), done, date="2005")


def _maybe_link_similar(
    dice: Dice, catalogue: SyntheticCatalog, a: Recording, b: Recording
) -> None:
    if dice.random() < NEAR_SHARE:
        catalogue.similar_sound[a.mbid].append(b.mbid)
        catalogue.similar_sound[b.mbid].append(a.mbid)


def _compilation(dice: Dice, catalogue: SyntheticCatalog, year: str) -> Release:
    chosen = []
    for nth in dice.permutation(len(catalogue.studio))[: int(dice.integers(10, 15))]:
        of = pick(dice, catalogue.studio[int(nth)].tracks).recording
        if dice.random() < 1 / 2:
            of = _same_recording_with_other_id(dice, catalogue, of)
        chosen.append(of)
    return _release(dice, (f"Best of {year}", "Various Artists"), chosen, date=year)
