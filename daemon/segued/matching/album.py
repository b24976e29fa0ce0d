"""Matching a folder to a release, and its passages to the release's tracks.

A single fingerprint may match a recording that has nothing to do with the song.
A dozen of them, in order and with the right lengths, are not wrong together.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from segued.matching.evidence import PassageEvidence, Release, Track
from segued.matching.normalize import comparison_key, similarity, strip_disc
from segued.matching.scores import (
    RecordingNames,
    asides_agree,
    title_similarity,
    version_agrees,
    without_placeholders,
)

__all__ = [
    "FITTING_MIN",
    "AlbumMatch",
    "assign_to_chosen",
    "group_by_album",
    "is_at_track",
    "is_printed_at_place",
    "length_of",
    "match_album",
    "names_release",
    "vote_for_releases",
]

ACCEPTED_SHARE: Final = 0.65
FITTING_MIN: Final = 3
"""A release is accepted if its tracks fit this share of a folder's passages and
at least this many; of fewer, all must fit and their tags must name the release."""

VOTES_SHARE: Final = 0.30
VOTES_MIN: Final = 2

LENGTH_OTHER_S: Final = 10.0
LENGTH_SAME_S: Final = 3.0

TITLE_SAME: Final = 0.80
TITLE_OTHER: Final = 0.50
ALBUM_SAME: Final = 0.85

NO_DATE: Final = "9999"

CONFIRMED_WEIGHT, EMBEDDED_ID_WEIGHT, TITLE_WEIGHT, PLACE_WEIGHT = 4.0, 1.5, 3.0, 1.0
"""Weight of each kind of evidence when tracks are assigned."""


@dataclass(frozen=True, slots=True)
class AlbumMatch:
    """The release that a folder is matched to.

    Attributes:
        tracks: The track of each passage, by its key; those without are missing.
        confirmed: The number of passages whose candidates include the track.
    """

    release: Release
    tracks: Mapping[str, Track]
    confirmed: int


def vote_for_releases(
    passages: Sequence[PassageEvidence], total: int | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the releases and the release groups to look up, most voted first.

    Tags vote for releases, AcoustID's candidates for groups. A folder of
    unrelated songs agrees on none.

    Args:
        passages: The passages of the folder that are known so far.
        total: The number of its passages, if these are not all.
    """
    total = len(passages) if total is None else total
    named = Counter(
        passage.release_mbid for passage in passages if passage.release_mbid
    )
    voters: Counter[str] = Counter()
    weight: defaultdict[str, float] = defaultdict(float)
    for passage in passages:
        best: dict[str, float] = {}
        for candidate in passage.candidates:
            for group in candidate.release_groups:
                best[group] = max(best.get(group, 0.0), candidate.score)
        for group, score in best.items():
            voters[group] += 1
            weight[group] += score
    share_needed = ceil(VOTES_SHARE * total)
    least = 1 if total < FITTING_MIN else max(VOTES_MIN, share_needed)
    releases = [mbid for mbid in named if named[mbid] >= least]
    groups = [mbid for mbid in voters if voters[mbid] >= least]
    return (
        tuple(sorted(releases, key=lambda mbid: (-named[mbid], mbid))),
        tuple(sorted(groups, key=lambda mbid: (-weight[mbid], mbid))),
    )


def match_album(
    passages: Sequence[PassageEvidence], releases: Sequence[Release]
) -> AlbumMatch | None:
    """Return the best fitting of some releases with its tracks; None if none fits.

    Passages whose tags name another album than others of the folder do not count.
    """
    passages = [without_placeholders(each) for each in passages]
    unique = {each.mbid: each for each in releases}.values()
    named = Counter(passage.release_mbid for passage in passages)
    naming = {
        release.mbid: frozenset(
            passage.key for passage in passages if names_release(passage, release)
        )
        for release in unique
    }
    matches = []
    for release in unique:
        fitting = _passages_for(passages, release, naming)
        tracks = _assign_tracks(fitting, release)
        if _is_accepted(fitting, release, tracks):
            confirmed = _count_confirmed(fitting, tracks)
            matches.append(AlbumMatch(release, tracks, confirmed))

    def preference_key(
        choice: AlbumMatch,
    ) -> tuple[int, int, int, int, int, int, str, str]:
        release = choice.release
        return (
            -choice.confirmed,
            -len(choice.tracks),
            -sum(_has_exact_title(passage, release) for passage in passages),
            abs(sum(not each.is_video for each in release.tracks) - len(passages)),
            round(_length_error_s(passages, choice.tracks)),
            -named[release.mbid],
            release.date or NO_DATE,
            release.mbid,
        )

    return min(matches, key=preference_key, default=None)


def assign_to_chosen(
    passages: Sequence[PassageEvidence], release: Release
) -> AlbumMatch:
    """Return the release that a person chose for passages, with the tracks that fit."""
    passages = [without_placeholders(each) for each in passages]
    tracks = _assign_tracks(passages, release)
    return AlbumMatch(release, tracks, _count_confirmed(passages, tracks))


def _passages_for(
    passages: Sequence[PassageEvidence],
    release: Release,
    naming: Mapping[str, frozenset[str]],
) -> list[PassageEvidence]:
    """Return the passages that may be of a release, as far as their tags say.

    In a mixed folder, a passage whose tags name another album is none of this one. A
    folder whose tags agree on a name that no release has is not mixed.

    Args:
        passages: All passages of the folder.
        release: The release.
        naming: The keys of the passages whose tags name each looked up release, by id.
    """
    here = naming[release.mbid]
    elsewhere = {
        key for mbid, keys in naming.items() if mbid != release.mbid for key in keys
    }
    fitting = []
    for passage in passages:
        claims = bool(passage.album or passage.release_mbid)
        names_other_id = (
            passage.release_mbid != release.mbid and passage.release_mbid in naming
        )
        is_elsewhere = claims and (bool(here) or passage.key in elsewhere)
        if (passage.key in here and not names_other_id) or not is_elsewhere:
            fitting.append(passage)
    return fitting


def group_by_album(
    passages: Sequence[PassageEvidence],
) -> list[list[PassageEvidence]]:
    """Return the passages by the release or album that their tags name, most first.

    Those that name none are one group.
    """
    groups: defaultdict[str, list[PassageEvidence]] = defaultdict(list)
    for passage in passages:
        album = comparison_key(strip_disc(passage.album)) if passage.album else ""
        groups[passage.release_mbid or album].append(passage)
    return sorted(groups.values(), key=lambda group: -len(group))


def length_of(track: Track) -> float | None:
    """Return a track's length in seconds: on its release, or else its recording's."""
    return track.recording.seconds if track.seconds is None else track.seconds


def is_at_track(passage: PassageEvidence, track: Track, release: Release) -> bool:
    """Return whether a passage has a track's number: by its tags, or by its order."""
    if passage.track is not None:
        return passage.track == track.position and passage.disc in (None, track.disc)
    tracks = release.tracks
    if not passage.in_order:
        return False
    nth = passage.order < len(tracks) and tracks[passage.order] == track
    return nth or passage.order == track.position - 1


def is_printed_at_place(
    passage: PassageEvidence, track: Track, release: Release
) -> bool:
    """Return whether the release alone says which version a track's title is.

    It does if the passage's tags name the release or its fingerprint the track, unless
    another of its tracks has the same title; then the tags must have the disc and the
    number of the track.
    """
    if not (names_release(passage, release) or _fingerprint_score(passage, track)):
        return False
    if comparison_key(track.title) not in release.repeated_titles:
        return True
    return (passage.disc, passage.track) == (track.disc, track.position)


def names_release(passage: PassageEvidence, release: Release) -> bool:
    """Return whether a passage's tags name the release, by id or by album title."""
    if passage.release_mbid == release.mbid:
        return True
    album = strip_disc(passage.album or "")
    return bool(album) and similarity(album, strip_disc(release.title)) >= ALBUM_SAME


def _has_exact_title(passage: PassageEvidence, release: Release) -> bool:
    album = comparison_key(strip_disc(passage.album or ""))
    return album == comparison_key(strip_disc(release.title))


def _assign_tracks(
    passages: Sequence[PassageEvidence], release: Release
) -> dict[str, Track]:
    """Assign each track to at most one passage, the best fit first.

    A video is assigned only to a passage that no other track is left for.
    """
    fits = [
        (track.is_video, -fit, i, j)
        for i, passage in enumerate(passages)
        for j, track in enumerate(release.tracks)
        if (fit := _fit_score(passage, track, release)) is not None
    ]
    assigned: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, i, j in sorted(fits):
        if i not in assigned and j not in taken:
            assigned[i] = j
            taken.add(j)
    return {passages[i].key: release.tracks[j] for i, j in sorted(assigned.items())}


def _fit_score(
    passage: PassageEvidence, track: Track, release: Release
) -> float | None:
    """Return how well a passage fits a track, 0 to 10.5; None if it cannot be it."""
    length = length_of(track)
    off = abs(passage.seconds - length) if length is not None else None
    if off is not None and off > LENGTH_OTHER_S:
        return None
    fingerprint = _fingerprint_score(passage, track)
    embedded = passage.recording_mbid == track.recording.mbid
    title = _title_score(passage, track, release)
    here = is_at_track(passage, track, release)
    near = off is not None and off <= LENGTH_SAME_S
    by_name = title is not None and title >= TITLE_SAME
    # Of a release that a person chose, the place counts more than other names.
    is_placed = title is None or not passage.tagged or passage.release_chosen
    by_place = here and near and is_placed
    if not (fingerprint or embedded or by_name or by_place):
        return None
    close = 1 - off / LENGTH_OTHER_S if off is not None else 0.0
    worth = (
        CONFIRMED_WEIGHT * fingerprint
        + EMBEDDED_ID_WEIGHT * embedded
        + PLACE_WEIGHT * here
        + close
    )
    return worth + TITLE_WEIGHT * (title or 0.0)


def _fingerprint_score(passage: PassageEvidence, track: Track) -> float:
    """Return AcoustID's score for the track's recording, or 0."""
    return max(
        (
            candidate.score
            for candidate in passage.candidates
            if candidate.recording_mbid == track.recording.mbid
        ),
        default=0.0,
    )


def _title_score(
    passage: PassageEvidence, track: Track, release: Release
) -> float | None:
    if not passage.title:
        return None
    recording = track.recording
    alike = max(
        title_similarity(passage.title, title)
        for title in (track.title, recording.title)
    )
    printed = is_printed_at_place(passage, track, release)
    both = [
        RecordingNames(title, recording.artist, recording.note, release.title, printed)
        for title in (recording.title, track.title)
    ]
    if passage.tagged and not any(
        version_agrees(passage, names) and asides_agree(passage, names)
        for names in both
    ):
        return min(alike, TITLE_OTHER)
    return alike


def _is_accepted(
    passages: Sequence[PassageEvidence], release: Release, tracks: Mapping[str, Track]
) -> bool:
    if len(tracks) < ACCEPTED_SHARE * len(passages):
        return False
    if len(passages) >= FITTING_MIN:
        return len(tracks) >= FITTING_MIN
    return (
        len(tracks) == len(passages) > 0
        and all(names_release(passage, release) for passage in passages)
        and _count_confirmed(passages, tracks) == len(passages)
    )


def _count_confirmed(
    passages: Sequence[PassageEvidence], tracks: Mapping[str, Track]
) -> int:
    return sum(
        passage.key in tracks and _fingerprint_score(passage, tracks[passage.key]) > 0
        for passage in passages
    )


def _length_error_s(
    passages: Sequence[PassageEvidence], tracks: Mapping[str, Track]
) -> float:
    return sum(
        abs(passage.seconds - length)
        for passage in passages
        if passage.key in tracks
        and (length := length_of(tracks[passage.key])) is not None
    )
