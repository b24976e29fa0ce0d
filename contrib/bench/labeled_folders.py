"""Folders of passages, each with the recording that it is.

What speaks for a passage is drawn by dice from a made-up catalogue; what it is
stands beside it. A folder is of one kind, after which it is named.
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
from bench.synthetic_names import Dice, pick

from segued.matching.evidence import Candidate, PassageEvidence, Release, Track
from segued.units import Seconds

__all__ = ["LabelledFolder", "LabelledPassage", "labelled_folders"]

JITTER_S: Final = 0.7
CUT_SHARE: Final = 0.03
CUT_S: Final = (4.0, 25.0)
"""How much a rip that broke off, or a long lead-out, changes a length."""

UNKNOWN_SHARE: Final = 0.06
WRONG_ID_SHARE: Final = 0.028


@dataclass(frozen=True, slots=True)
class LabelledPassage:
    """A passage and what it is.

    Attributes:
        has_right_tags: Its tags, ids included, are right, and the right recording
            is a candidate.
        has_equal_rival: AcoustID knows its sound by several ids of the same names, and
            no id in its tags tells which.
        collision: Its fingerprint belongs to a song that it is not.
    """

    evidence: PassageEvidence
    recording_mbid: str
    has_right_tags: bool
    has_equal_rival: bool
    collision: bool


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """Passages that lie together.

    Attributes:
        in_musicbrainz: Whether MusicBrainz has the releases that they are from.
    """

    kind: str
    in_musicbrainz: bool
    passages: tuple[LabelledPassage, ...]


@dataclass(frozen=True, slots=True)
class _FolderKind:
    """What the passages of a folder have in common.

    Attributes:
        tags: Makes a passage's tags from its place and its folder's places.
        tags_are_right: Whether those tags are right.
        ids: Whether they hold ids as well, and how many of them are wrong.
        answers: What AcoustID hears.
        share: Of the passages, those that AcoustID has heard of at all.
        albums: How many lie in one folder.
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


_Answers = Callable[[Dice, SyntheticCatalog, str], tuple[Candidate, ...]]


def labelled_folders(
    dice: Dice, catalogue: SyntheticCatalog
) -> Iterator[LabelledFolder]:
    """Draw the folders of all kinds."""
    for kind in KINDS:
        for nth in range(kind.count):
            places = _places(dice, catalogue, kind, nth)
            passages = tuple(_label_passages(dice, catalogue, kind, places))
            yield LabelledFolder(kind.name, kind.in_musicbrainz, passages)


def _places(
    dice: Dice, catalogue: SyntheticCatalog, kind: _FolderKind, nth: int
) -> list[tuple[Release, Track]]:
    if kind.releases:
        among = kind.releases(catalogue)
        first = nth * 5 + len(kind.name)
        chosen = [among[(first + n) % len(among)] for n in range(kind.albums)]
        return [(release, track) for release in chosen for track in release.tracks]
    everything = (*catalogue.studio, *catalogue.studio, *catalogue.live)
    mixed = (*everything, *catalogue.compilations, *catalogue.remixes)
    drawn = [pick(dice, mixed) for _ in range(14)]
    return [(release, pick(dice, release.tracks)) for release in drawn]


def _label_passages(
    dice: Dice,
    catalogue: SyntheticCatalog,
    kind: _FolderKind,
    places: Sequence[tuple[Release, Track]],
) -> Iterator[LabelledPassage]:
    for nth, (_, track) in enumerate(places):
        truth = track.recording.mbid
        answer: tuple[Candidate, ...] = ()
        if dice.random() < kind.share:
            answer = kind.answers(dice, catalogue, truth)
        length = float(track.seconds or 0) + dice.normal(0, JITTER_S)
        if dice.random() < CUT_SHARE:
            length += dice.uniform(*CUT_S) * (1 if dice.random() < 1 / 2 else -1)
        piece = replace(
            kind.tags(dice, places, nth),
            seconds=Seconds(round(length, 2)),
            acoustid_answered=True,
            candidates=answer,
        )
        if kind.ids is not None:
            piece = _with_ids(dice, catalogue, piece, places, wrong=kind.ids)
        among = {each.recording_mbid for each in answer}
        alike = {truth, *catalogue.same_sound[truth], *catalogue.similar_sound[truth]}
        yield LabelledPassage(
            evidence=piece,
            recording_mbid=truth,
            has_right_tags=kind.tags_are_right
            and piece.recording_mbid in (None, truth)
            and truth in among,
            has_equal_rival=piece.recording_mbid is None
            and len(among & {truth, *catalogue.same_sound[truth]}) > 1,
            collision=bool(among - alike),
        )


def _with_ids(
    dice: Dice,
    catalogue: SyntheticCatalog,
    piece: PassageEvidence,
    places: Sequence[tuple[Release, Track]],
    *,
    wrong: float,
) -> PassageEvidence:
    nth = piece.order
    release, track = places[nth]
    recording = track.recording.mbid
    if dice.random() < wrong:
        alike = [*catalogue.same_sound[recording], *catalogue.similar_sound[recording]]
        neighbour = places[(nth + 1) % len(places)][1].recording.mbid
        strange = pick(dice, list(catalogue.recordings))
        recording = pick(dice, [*alike[:1], neighbour, strange])
    return replace(piece, recording_mbid=recording, release_mbid=release.mbid)


def _with_collisions(
    dice: Dice, catalogue: SyntheticCatalog, truth: str
) -> tuple[Candidate, ...]:
    """Let every second sound be taken for another song, too or only."""
    if dice.random() < 1 / 2:
        return acoustid_candidates(dice, catalogue, truth)
    return acoustid_candidates_with_collision(
        dice, catalogue, truth, kept=bool(dice.random() < 1 / 2)
    )


def _under_other_ids(
    dice: Dice, catalogue: SyntheticCatalog, truth: str
) -> tuple[Candidate, ...]:
    """Let AcoustID know a song under its other ids, where it has any."""
    answer = acoustid_candidates(dice, catalogue, truth)
    others = tuple(each for each in answer if each.recording_mbid != truth)
    return others if others and dice.random() < 3 / 4 else answer


def _with_few_sources(
    dice: Dice, catalogue: SyntheticCatalog, truth: str
) -> tuple[Candidate, ...]:
    """Let the right recording be the one that hardly anybody submitted."""
    return tuple(
        replace(each, sources=int(dice.integers(1, 6)))
        if each.recording_mbid == truth
        else replace(each, sources=each.sources + int(dice.integers(20, 400)))
        for each in acoustid_candidates(dice, catalogue, truth)
    )


def _studio(catalogue: SyntheticCatalog) -> Sequence[Release]:
    return catalogue.studio


def _reissues(catalogue: SyntheticCatalog) -> Sequence[Release]:
    return catalogue.reissues


def _live(catalogue: SyntheticCatalog) -> Sequence[Release]:
    return catalogue.live


def _studio_and_live(catalogue: SyntheticCatalog) -> Sequence[Release]:
    """Return each studio album before the live one of the same songs."""
    pairs = zip(catalogue.studio, catalogue.live, strict=True)
    return [release for pair in pairs for release in pair]


def _remixes(catalogue: SyntheticCatalog) -> Sequence[Release]:
    return catalogue.remixes


def _compilations(catalogue: SyntheticCatalog) -> Sequence[Release]:
    return catalogue.compilations


def _singles(catalogue: SyntheticCatalog) -> Sequence[Release]:
    return [
        replace(each, tracks=each.tracks[: 1 + nth % 2])
        for nth, each in enumerate(catalogue.studio)
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
    _FolderKind("live album, titles say so", 3, _live, synthetic_tags.live_in_title),
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
        "album, heard as others",
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
