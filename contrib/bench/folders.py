"""Folders of passages, each with the recording that it is.

What speaks for a passage is drawn by dice from a made-up catalogue; what it is
stands beside it. A folder is of one kind, after which it is named.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench import tagging
from bench.catalogue import Catalogue, collided, heard
from bench.wording import Dice, pick

from segued.matching.evidence import Candidate, Piece, Release, Track
from segued.units import Seconds

__all__ = ["Folder", "Labelled", "folders"]

JITTER_S: Final = 0.7
CUT_SHARE: Final = 0.03
CUT_S: Final = (4.0, 25.0)
"""How much a rip that broke off, or a long lead-out, changes a length."""

UNKNOWN_SHARE: Final = 0.06
WRONG_ID_SHARE: Final = 0.028


@dataclass(frozen=True, slots=True)
class Labelled:
    """A passage and what it is.

    Attributes:
        clear: Its tags are right, ids and all, and the right recording is a candidate.
        twinned: AcoustID knows its sound by several ids of the same names, and
            no id in its tags tells which.
        collision: Its fingerprint belongs to a song that it is not.
    """

    piece: Piece
    truth: str
    clear: bool
    twinned: bool
    collision: bool


@dataclass(frozen=True, slots=True)
class Folder:
    """Passages that lie together.

    Attributes:
        listed: Whether MusicBrainz has the releases that they are from.
    """

    kind: str
    listed: bool
    passages: tuple[Labelled, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the passages of a folder have in common.

    Attributes:
        tags: Makes a passage's tags from its place and its folder's places.
        right: Whether those tags are right.
        ids: Whether they hold ids as well, and how many of them are wrong.
        answers: What AcoustID hears.
        share: Of the passages, those that AcoustID has heard of at all.
        albums: How many lie in one folder.
        listed: Whether MusicBrainz has those albums.
    """

    name: str
    many: int
    releases: Callable[[Catalogue], Sequence[Release]] | None
    tags: tagging.Tagger
    right: bool = True
    ids: float | None = None
    answers: "_Answers" = heard
    share: float = 1 - UNKNOWN_SHARE
    albums: int = 1
    listed: bool = True


_Answers = Callable[[Dice, Catalogue, str], tuple[Candidate, ...]]


def folders(dice: Dice, catalogue: Catalogue) -> Iterator[Folder]:
    """Draw the folders of all kinds."""
    for kind in KINDS:
        for nth in range(kind.many):
            places = _places(dice, catalogue, kind, nth)
            passages = tuple(_labelled(dice, catalogue, kind, places))
            yield Folder(kind.name, kind.listed, passages)


def _places(
    dice: Dice, catalogue: Catalogue, kind: _Kind, nth: int
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


def _labelled(
    dice: Dice,
    catalogue: Catalogue,
    kind: _Kind,
    places: Sequence[tuple[Release, Track]],
) -> Iterator[Labelled]:
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
            asked=True,
            candidates=answer,
        )
        if kind.ids is not None:
            piece = _with_ids(dice, catalogue, piece, places, wrong=kind.ids)
        among = {each.recording_mbid for each in answer}
        alike = {truth, *catalogue.same[truth], *catalogue.near[truth]}
        yield Labelled(
            piece=piece,
            truth=truth,
            clear=kind.right
            and piece.recording_mbid in (None, truth)
            and truth in among,
            twinned=piece.recording_mbid is None
            and len(among & {truth, *catalogue.same[truth]}) > 1,
            collision=bool(among - alike),
        )


def _with_ids(
    dice: Dice,
    catalogue: Catalogue,
    piece: Piece,
    places: Sequence[tuple[Release, Track]],
    *,
    wrong: float,
) -> Piece:
    nth = piece.order
    release, track = places[nth]
    recording = track.recording.mbid
    if dice.random() < wrong:
        alike = [*catalogue.same[recording], *catalogue.near[recording]]
        neighbour = places[(nth + 1) % len(places)][1].recording.mbid
        strange = pick(dice, list(catalogue.recordings))
        recording = pick(dice, [*alike[:1], neighbour, strange])
    return replace(piece, recording_mbid=recording, release_mbid=release.mbid)


def _struck(dice: Dice, catalogue: Catalogue, truth: str) -> tuple[Candidate, ...]:
    """Let every second sound be taken for another song, too or only."""
    if dice.random() < 1 / 2:
        return heard(dice, catalogue, truth)
    return collided(dice, catalogue, truth, kept=bool(dice.random() < 1 / 2))


def _as_others(dice: Dice, catalogue: Catalogue, truth: str) -> tuple[Candidate, ...]:
    """Let AcoustID know a song under its other ids, where it has any."""
    answer = heard(dice, catalogue, truth)
    others = tuple(each for each in answer if each.recording_mbid != truth)
    return others if others and dice.random() < 3 / 4 else answer


def _swamped(dice: Dice, catalogue: Catalogue, truth: str) -> tuple[Candidate, ...]:
    """Let the right recording be the one that hardly anybody submitted."""
    return tuple(
        replace(each, sources=int(dice.integers(1, 6)))
        if each.recording_mbid == truth
        else replace(each, sources=each.sources + int(dice.integers(20, 400)))
        for each in heard(dice, catalogue, truth)
    )


def _studio(catalogue: Catalogue) -> Sequence[Release]:
    return catalogue.studio


def _again(catalogue: Catalogue) -> Sequence[Release]:
    return catalogue.again


def _live(catalogue: Catalogue) -> Sequence[Release]:
    return catalogue.live


def _both(catalogue: Catalogue) -> Sequence[Release]:
    """Return each studio album before the live one of the same songs."""
    pairs = zip(catalogue.studio, catalogue.live, strict=True)
    return [release for pair in pairs for release in pair]


def _remixes(catalogue: Catalogue) -> Sequence[Release]:
    return catalogue.remixes


def _compilations(catalogue: Catalogue) -> Sequence[Release]:
    return catalogue.compilations


def _singles(catalogue: Catalogue) -> Sequence[Release]:
    return [
        replace(each, tracks=each.tracks[: 1 + nth % 2])
        for nth, each in enumerate(catalogue.studio)
    ]


KINDS: Final = (
    _Kind("album, right tags", 7, _studio, tagging.right),
    _Kind("album, right tags and ids", 6, _studio, tagging.right, ids=WRONG_ID_SHARE),
    _Kind("album, ids all wrong", 3, _studio, tagging.right, ids=1.0),
    _Kind("album, no tags", 5, _studio, tagging.untagged, right=False),
    _Kind("album, titles swapped", 3, _studio, tagging.swapped, right=False),
    _Kind("album, neighbours' tags", 3, _studio, tagging.neighbours, right=False),
    _Kind("album, another artist", 2, _studio, tagging.of_another, right=False),
    _Kind("album, collisions", 4, _studio, tagging.right, answers=_struck),
    _Kind(
        "album, collisions, no tags",
        4,
        _studio,
        tagging.untagged,
        right=False,
        answers=_struck,
    ),
    _Kind("album, AcoustID knows little", 3, _studio, tagging.right, share=0.4),
    _Kind("album, AcoustID knows nothing", 2, _studio, tagging.right, share=0.0),
    _Kind("album with ids of its own", 2, _again, tagging.right),
    _Kind("album with ids of its own, in tags", 1, _again, tagging.right, ids=0.03),
    _Kind("live album, plain titles", 5, _live, tagging.right),
    _Kind("live album, titles say so", 3, _live, tagging.said_live),
    _Kind("live album, no tags", 2, _live, tagging.untagged, right=False),
    _Kind("live album, tagged as studio", 3, _live, tagging.as_studio, right=False),
    _Kind("album, Track 01 by Unknown", 2, _studio, tagging.unnamed, right=False),
    _Kind("album, heard as others", 3, _studio, tagging.right, answers=_as_others),
    _Kind("album that is not listed", 3, _studio, tagging.right, listed=False),
    _Kind("two albums in a folder", 2, _studio, tagging.right, albums=2),
    _Kind("live and studio in a folder", 1, _both, tagging.right, albums=2),
    _Kind("remixes", 4, _remixes, tagging.right),
    _Kind("compilation", 4, _compilations, tagging.right),
    _Kind("compilation, no tags", 2, _compilations, tagging.untagged, right=False),
    _Kind(
        "compilation, few sources", 3, _compilations, tagging.right, answers=_swamped
    ),
    _Kind(
        "compilation, other ids", 3, _compilations, tagging.right, answers=_as_others
    ),
    _Kind("one or two songs", 12, _singles, tagging.right),
    _Kind("one or two songs, with ids", 8, _singles, tagging.right, ids=WRONG_ID_SHARE),
    _Kind("loose songs", 6, None, tagging.without_album),
    _Kind("loose songs, with ids", 4, None, tagging.without_album, ids=WRONG_ID_SHARE),
    _Kind("loose songs, ids all wrong", 1, None, tagging.without_album, ids=1.0),
    _Kind("loose songs, few sources", 3, None, tagging.without_album, answers=_swamped),
    _Kind("loose songs, collisions", 3, None, tagging.without_album, answers=_struck),
    _Kind("loose songs, no tags", 2, None, tagging.untagged, right=False),
)
