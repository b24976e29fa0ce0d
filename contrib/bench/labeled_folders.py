"""Synthetic folders of passages, each passage labeled with its recording.

The evidence for a passage is drawn at random from a synthetic catalog. All passages of
a folder are of one kind, after which the folder is named.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench import synthetic_tags
from bench.synthetic_catalog import (
    SyntheticCatalog,
    acoustid_candidates,
    acoustid_candidates_with_collision,
)
from bench.synthetic_names import Rng, pick

from segued.matching.evidence import Candidate, PassageEvidence, Release, Track
from segued.units import Seconds

__all__ = ["LabeledFolder", "LabeledPassage", "labeled_folders"]

JITTER_S: Final = 0.7
CUT_SHARE: Final = 0.03
CUT_S: Final = (4.0, 25.0)
"""Range of the change of length, in seconds, by a truncated rip or a long lead-out."""

UNKNOWN_SHARE: Final = 0.06
WRONG_ID_SHARE: Final = 0.028


@dataclass(frozen=True, slots=True)
class LabeledPassage:
    """A passage and its true recording.

    Attributes:
        has_right_tags: Its tags, including ids, are right, and the true recording
            is a candidate.
        has_equal_rival: AcoustID returns several recordings with the same sound and
            names, and its tags have no id to choose by.
        collision: AcoustID also returns a recording with another sound.
    """

    evidence: PassageEvidence
    recording_mbid: str
    has_right_tags: bool
    has_equal_rival: bool
    collision: bool


@dataclass(frozen=True, slots=True)
class LabeledFolder:
    """The passages of one folder.

    Attributes:
        in_musicbrainz: Whether MusicBrainz has their releases.
    """

    kind: str
    in_musicbrainz: bool
    passages: tuple[LabeledPassage, ...]


@dataclass(frozen=True, slots=True)
class _FolderKind:
    """How to draw the folders of one kind.

    Attributes:
        count: Number of folders.
        releases: Returns the releases to draw albums from; None for single songs.
        tags: Returns the tags of a passage, from the tracks of its folder.
        tags_are_right: Whether those tags are right.
        ids: Share of wrong ids in the tags; None for tags without ids.
        answers: Returns the candidates of AcoustID for a recording.
        share: Share of the passages for which AcoustID has candidates.
        albums: Number of albums in one folder.
        in_musicbrainz: Whether MusicBrainz has those albums.
    """

    name: str
    count: int
    releases: Callable[[SyntheticCatalog], Sequence[Release]] | None
    tags: synthetic_tags.Tagger
    tags_are_right: bool = True
    ids: float | None = None
    answers: "_Answers" = acoustid_candidates
    share: float = 1 - UNKNOWN_SHARE
    albums: int = 1
    in_musicbrainz: bool = True


_Answers = Callable[[Rng, SyntheticCatalog, str], tuple[Candidate, ...]]


def labeled_folders(rng: Rng, catalog: SyntheticCatalog) -> Iterator[LabeledFolder]:
    """Draw the folders of all kinds."""
    for kind in KINDS:
        for nth in range(kind.count):
            places = _places(rng, catalog, kind, nth)
            passages = tuple(_label_passages(rng, catalog, kind, places))
            yield LabeledFolder(kind.name, kind.in_musicbrainz, passages)


def _places(
    rng: Rng, catalog: SyntheticCatalog, kind: _FolderKind, nth: int
) -> list[tuple[Release, Track]]:
    if kind.releases:
        among = kind.releases(catalog)
        first = nth * 5 + len(kind.name)
        chosen = [among[(first + n) % len(among)] for n in range(kind.albums)]
        return [(release, track) for release in chosen for track in release.tracks]
    everything = (*catalog.studio, *catalog.studio, *catalog.live)
    mixed = (*everything, *catalog.compilations, *catalog.remixes)
    drawn = [pick(rng, mixed) for _ in range(14)]
    return [(release, pick(rng, release.tracks)) for release in drawn]


def _label_passages(
    rng: Rng,
    catalog: SyntheticCatalog,
    kind: _FolderKind,
    places: Sequence[tuple[Release, Track]],
) -> Iterator[LabeledPassage]:
    for nth, (_, track) in enumerate(places):
        truth = track.recording.mbid
        answer: tuple[Candidate, ...] = ()
        if rng.random() < kind.share:
            answer = kind.answers(rng, catalog, truth)
        length = float(track.seconds or 0) + rng.normal(0, JITTER_S)
        if rng.random() < CUT_SHARE:
            length += rng.uniform(*CUT_S) * (1 if rng.random() < 1 / 2 else -1)
        piece = replace(
            kind.tags(rng, places, nth),
            seconds=Seconds(round(length, 2)),
            acoustid_answered=True,
            candidates=answer,
        )
        if kind.ids is not None:
            piece = _with_ids(rng, catalog, piece, places, wrong=kind.ids)
        among = {each.recording_mbid for each in answer}
        alike = {truth, *catalog.same_sound[truth], *catalog.similar_sound[truth]}
        yield LabeledPassage(
            evidence=piece,
            recording_mbid=truth,
            has_right_tags=kind.tags_are_right
            and piece.recording_mbid in (None, truth)
            and truth in among,
            has_equal_rival=piece.recording_mbid is None
            and len(among & {truth, *catalog.same_sound[truth]}) > 1,
            collision=bool(among - alike),
        )


def _with_ids(
    rng: Rng,
    catalog: SyntheticCatalog,
    piece: PassageEvidence,
    places: Sequence[tuple[Release, Track]],
    *,
    wrong: float,
) -> PassageEvidence:
    nth = piece.order
    release, track = places[nth]
    recording = track.recording.mbid
    if rng.random() < wrong:
        alike = [*catalog.same_sound[recording], *catalog.similar_sound[recording]]
        neighbour = places[(nth + 1) % len(places)][1].recording.mbid
        strange = pick(rng, list(catalog.recordings))
        recording = pick(rng, [*alike[:1], neighbour, strange])
    return replace(piece, recording_mbid=recording, release_mbid=release.mbid)


def _with_collisions(
    rng: Rng, catalog: SyntheticCatalog, truth: str
) -> tuple[Candidate, ...]:
    """Return candidates; for every second song with, or only, another song."""
    if rng.random() < 1 / 2:
        return acoustid_candidates(rng, catalog, truth)
    return acoustid_candidates_with_collision(
        rng, catalog, truth, kept=bool(rng.random() < 1 / 2)
    )


def _under_other_ids(
    rng: Rng, catalog: SyntheticCatalog, truth: str
) -> tuple[Candidate, ...]:
    """Return candidates; mostly without the true id if the song has other ids."""
    answer = acoustid_candidates(rng, catalog, truth)
    others = tuple(each for each in answer if each.recording_mbid != truth)
    return others if others and rng.random() < 3 / 4 else answer


def _with_few_sources(
    rng: Rng, catalog: SyntheticCatalog, truth: str
) -> tuple[Candidate, ...]:
    """Return candidates; the true recording has the fewest sources."""
    return tuple(
        replace(each, sources=int(rng.integers(1, 6)))
        if each.recording_mbid == truth
        else replace(each, sources=each.sources + int(rng.integers(20, 400)))
        for each in acoustid_candidates(rng, catalog, truth)
    )


def _studio(catalog: SyntheticCatalog) -> Sequence[Release]:
    return catalog.studio


def _reissues(catalog: SyntheticCatalog) -> Sequence[Release]:
    return catalog.reissues


def _live(catalog: SyntheticCatalog) -> Sequence[Release]:
    return catalog.live


def _studio_and_live(catalog: SyntheticCatalog) -> Sequence[Release]:
    """Return each studio album before the live one of the same songs."""
    pairs = zip(catalog.studio, catalog.live, strict=True)
    return [release for pair in pairs for release in pair]


def _remixes(catalog: SyntheticCatalog) -> Sequence[Release]:
    return catalog.remixes


def _compilations(catalog: SyntheticCatalog) -> Sequence[Release]:
    return catalog.compilations


def _singles(catalog: SyntheticCatalog) -> Sequence[Release]:
    return [
        replace(each, tracks=each.tracks[: 1 + nth % 2])
        for nth, each in enumerate(catalog.studio)
    ]


KINDS: Final = (
    _FolderKind("album, right tags", 7, _studio, synthetic_tags.correct_tags),
    _FolderKind(
        "album, right tags and ids",
        6,
        _studio,
        synthetic_tags.correct_tags,
        ids=WRONG_ID_SHARE,
    ),
    _FolderKind(
        "album, ids all wrong", 3, _studio, synthetic_tags.correct_tags, ids=1.0
    ),
    _FolderKind(
        "album, no tags", 5, _studio, synthetic_tags.no_tags, tags_are_right=False
    ),
    _FolderKind(
        "album, titles swapped",
        3,
        _studio,
        synthetic_tags.swapped_titles,
        tags_are_right=False,
    ),
    _FolderKind(
        "album, neighbours' tags",
        3,
        _studio,
        synthetic_tags.tags_of_next_song,
        tags_are_right=False,
    ),
    _FolderKind(
        "album, another artist",
        2,
        _studio,
        synthetic_tags.wrong_artist,
        tags_are_right=False,
    ),
    _FolderKind(
        "album, collisions",
        4,
        _studio,
        synthetic_tags.correct_tags,
        answers=_with_collisions,
    ),
    _FolderKind(
        "album, collisions, no tags",
        4,
        _studio,
        synthetic_tags.no_tags,
        tags_are_right=False,
        answers=_with_collisions,
    ),
    _FolderKind(
        "album, AcoustID knows little",
        3,
        _studio,
        synthetic_tags.correct_tags,
        share=0.4,
    ),
    _FolderKind(
        "album, AcoustID knows nothing",
        2,
        _studio,
        synthetic_tags.correct_tags,
        share=0.0,
    ),
    _FolderKind("album with ids of its own", 2, _reissues, synthetic_tags.correct_tags),
    _FolderKind(
        "album with ids of its own, in tags",
        1,
        _reissues,
        synthetic_tags.correct_tags,
        ids=0.03,
    ),
    _FolderKind("live album, plain titles", 5, _live, synthetic_tags.correct_tags),
    _FolderKind("live album, live in title", 3, _live, synthetic_tags.live_in_title),
    _FolderKind(
        "live album, no tags", 2, _live, synthetic_tags.no_tags, tags_are_right=False
    ),
    _FolderKind(
        "live album, tagged as studio",
        3,
        _live,
        synthetic_tags.tagged_as_studio,
        tags_are_right=False,
    ),
    _FolderKind(
        "album, Track 01 by Unknown",
        2,
        _studio,
        synthetic_tags.placeholder_tags,
        tags_are_right=False,
    ),
    _FolderKind(
        "album, under other ids",
        3,
        _studio,
        synthetic_tags.correct_tags,
        answers=_under_other_ids,
    ),
    _FolderKind(
        "album that is not listed",
        3,
        _studio,
        synthetic_tags.correct_tags,
        in_musicbrainz=False,
    ),
    _FolderKind(
        "two albums in a folder", 2, _studio, synthetic_tags.correct_tags, albums=2
    ),
    _FolderKind(
        "live and studio in a folder",
        1,
        _studio_and_live,
        synthetic_tags.correct_tags,
        albums=2,
    ),
    _FolderKind("remixes", 4, _remixes, synthetic_tags.correct_tags),
    _FolderKind("compilation", 4, _compilations, synthetic_tags.correct_tags),
    _FolderKind(
        "compilation, no tags",
        2,
        _compilations,
        synthetic_tags.no_tags,
        tags_are_right=False,
    ),
    _FolderKind(
        "compilation, few sources",
        3,
        _compilations,
        synthetic_tags.correct_tags,
        answers=_with_few_sources,
    ),
    _FolderKind(
        "compilation, other ids",
        3,
        _compilations,
        synthetic_tags.correct_tags,
        answers=_under_other_ids,
    ),
    _FolderKind("one or two songs", 12, _singles, synthetic_tags.correct_tags),
    _FolderKind(
        "one or two songs, with ids",
        8,
        _singles,
        synthetic_tags.correct_tags,
        ids=WRONG_ID_SHARE,
    ),
    _FolderKind("loose songs", 6, None, synthetic_tags.loose_song_tags),
    _FolderKind(
        "loose songs, with ids",
        4,
        None,
        synthetic_tags.loose_song_tags,
        ids=WRONG_ID_SHARE,
    ),
    _FolderKind(
        "loose songs, ids all wrong", 1, None, synthetic_tags.loose_song_tags, ids=1.0
    ),
    _FolderKind(
        "loose songs, few sources",
        3,
        None,
        synthetic_tags.loose_song_tags,
        answers=_with_few_sources,
    ),
    _FolderKind(
        "loose songs, collisions",
        3,
        None,
        synthetic_tags.loose_song_tags,
        answers=_with_collisions,
    ),
    _FolderKind(
        "loose songs, no tags", 2, None, synthetic_tags.no_tags, tags_are_right=False
    ),
)
