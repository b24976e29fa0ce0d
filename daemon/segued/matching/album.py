"""Which release the passages of a folder are, and which track each of them is.

A fingerprint alone may belong to a recording that has nothing to do with the
song. A dozen of them, in order, with their lengths, do not err together.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from segued.matching.evidence import Piece, Release, Track
from segued.matching.normalize import similarity
from segued.matching.scores import Names, believed, title_similarity, version_agrees

__all__ = ["Choice", "choose", "length_of", "names_release", "placed", "votes"]

ACCEPTED_SHARE: Final = 0.65
FITTING_MIN: Final = 3
"""So many must fit, or all of fewer when their tags name the release."""

VOTES_SHARE: Final = 0.30
VOTES_MIN: Final = 2

LENGTH_OTHER_S: Final = 10.0
LENGTH_SAME_S: Final = 3.0

TITLE_SAME: Final = 0.80
TITLE_OTHER: Final = 0.50
ALBUM_SAME: Final = 0.85

NO_DATE: Final = "9999"

CONFIRMED, EMBEDDED, TITLED, PLACED = 4.0, 1.5, 3.0, 1.0
"""What each kind of evidence is worth when tracks are given out."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The release that a folder is.

    Attributes:
        tracks: By the key of the piece; pieces that fit nowhere are missing.
        confirmed: How many of those recordings are among the candidates.
    """

    release: Release
    tracks: Mapping[str, Track]
    confirmed: int


def votes(
    pieces: Sequence[Piece], many: int | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the releases and the release groups that are worth asking for.

    The releases are those that tags name, the groups those that candidates are
    on; most voted first. A folder of unrelated songs agrees on none.

    Args:
        pieces: What is known of the folder.
        many: How many pieces there will be in it, if these are not all.
    """
    many = len(pieces) if many is None else many
    named = Counter(piece.release_mbid for piece in pieces if piece.release_mbid)
    voters: Counter[str] = Counter()
    weight: defaultdict[str, float] = defaultdict(float)
    for piece in pieces:
        best: dict[str, float] = {}
        for candidate in piece.candidates:
            for group in candidate.release_groups:
                best[group] = max(best.get(group, 0.0), candidate.score)
        for group, score in best.items():
            voters[group] += 1
            weight[group] += score
    wanted = ceil(VOTES_SHARE * many)
    least = 1 if many < FITTING_MIN else max(VOTES_MIN, wanted)
    releases = [mbid for mbid in named if named[mbid] >= least]
    groups = [mbid for mbid in voters if voters[mbid] >= least]
    return (
        tuple(sorted(releases, key=lambda mbid: (-named[mbid], mbid))),
        tuple(sorted(groups, key=lambda mbid: (-weight[mbid], mbid))),
    )


def choose(pieces: Sequence[Piece], releases: Sequence[Release]) -> Choice | None:
    """Return the release that the pieces of one folder are, if it is any of these."""
    pieces = [believed(piece) for piece in pieces]
    named = Counter(piece.release_mbid for piece in pieces)
    choices = (
        Choice(release, tracks, _confirmed(pieces, tracks))
        for release in {each.mbid: each for each in releases}.values()
        if _accepted(pieces, release, tracks := _assigned(pieces, release))
    )

    def order(choice: Choice) -> tuple[int, int, int, int, int, str, str]:
        release = choice.release
        return (
            -choice.confirmed,
            -len(choice.tracks),
            abs(len(release.tracks) - len(pieces)),
            round(_length_error_s(pieces, choice.tracks)),
            -named[release.mbid],
            release.date or NO_DATE,
            release.mbid,
        )

    return min(choices, key=order, default=None)


def length_of(track: Track) -> float | None:
    """Return a track's length in seconds, on its release or as recorded."""
    return track.recording.seconds if track.seconds is None else track.seconds


def placed(piece: Piece, track: Track, release: Release) -> bool:
    """Say whether a piece is where the track is: by its tags, or else by name."""
    if piece.track is not None:
        return piece.track == track.position and piece.disc in (None, track.disc)
    tracks = release.tracks
    nth = piece.order < len(tracks) and tracks[piece.order] == track
    return nth or piece.order == track.position - 1


def names_release(piece: Piece, release: Release) -> bool:
    """Say whether a piece's tags name the release."""
    if piece.release_mbid == release.mbid:
        return True
    return bool(piece.album) and similarity(piece.album or "", release.title) >= (
        ALBUM_SAME
    )


def _assigned(pieces: Sequence[Piece], release: Release) -> dict[str, Track]:
    """Give out the tracks, the best fit first."""
    fits = [
        (-fit, i, j)
        for i, piece in enumerate(pieces)
        for j, track in enumerate(release.tracks)
        if (fit := _fit(piece, track, release)) is not None
    ]
    given: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(fits):
        if i not in given and j not in taken:
            given[i] = j
            taken.add(j)
    return {pieces[i].key: release.tracks[j] for i, j in sorted(given.items())}


def _fit(piece: Piece, track: Track, release: Release) -> float | None:
    """Return how well a piece fits a track; None when it cannot be it."""
    length = length_of(track)
    off = abs(piece.seconds - length) if length is not None else None
    if off is not None and off > LENGTH_OTHER_S:
        return None
    sound = _heard(piece, track)
    embedded = piece.recording_mbid == track.recording.mbid
    title = _title_fit(piece, track, release)
    here = placed(piece, track, release)
    near = off is not None and off <= LENGTH_SAME_S
    by_name = title is not None and title >= TITLE_SAME
    by_place = here and near and (title is None or not piece.tagged)
    if not (sound or embedded or by_name or by_place):
        return None
    close = 1 - off / LENGTH_OTHER_S if off is not None else 0.0
    worth = CONFIRMED * sound + EMBEDDED * embedded + PLACED * here + close
    return worth + TITLED * (title or 0.0)


def _heard(piece: Piece, track: Track) -> float:
    """Return the score of the track's recording among the candidates, or 0."""
    return max(
        (
            candidate.score
            for candidate in piece.candidates
            if candidate.recording_mbid == track.recording.mbid
        ),
        default=0.0,
    )


def _title_fit(piece: Piece, track: Track, release: Release) -> float | None:
    if not piece.title:
        return None
    recording = track.recording
    alike = max(
        title_similarity(piece.title, title) for title in (track.title, recording.title)
    )
    names = Names(recording.title, recording.artist, recording.note, release.title)
    if piece.tagged and not version_agrees(piece, names):
        return min(alike, TITLE_OTHER)
    return alike


def _accepted(
    pieces: Sequence[Piece], release: Release, tracks: Mapping[str, Track]
) -> bool:
    if len(tracks) < ACCEPTED_SHARE * len(pieces):
        return False
    if len(pieces) >= FITTING_MIN:
        return len(tracks) >= FITTING_MIN
    return (
        len(tracks) == len(pieces) > 0
        and all(names_release(piece, release) for piece in pieces)
        and _confirmed(pieces, tracks) == len(pieces)
    )


def _confirmed(pieces: Sequence[Piece], tracks: Mapping[str, Track]) -> int:
    return sum(
        piece.key in tracks and _heard(piece, tracks[piece.key]) > 0 for piece in pieces
    )


def _length_error_s(pieces: Sequence[Piece], tracks: Mapping[str, Track]) -> float:
    return sum(
        abs(piece.seconds - length)
        for piece in pieces
        if piece.key in tracks and (length := length_of(tracks[piece.key])) is not None
    )
