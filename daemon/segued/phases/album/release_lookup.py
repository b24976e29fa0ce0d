"""Which release a folder is, as far as MusicBrainz has been asked.

One release answers for a whole folder, so it is asked by the album: what the
tags name, else the album that most fingerprints are of, else its name. Each
is asked only when what was asked before it did not fit.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mode
from typing import Final

from segued.clients.musicbrainz import parse_recording, parse_releases, parse_search
from segued.errors import ServiceAnswerError
from segued.matching import album
from segued.matching.evidence import PassageEvidence, Recording, Release
from segued.matching.normalize import normalize_name
from segued.model import (
    FileId,
    Service,
)
from segued.phases.base import PhaseContext
from segued.store import codec, lookups
from segued.store.lookup_keys import LookupKey, LookupKind
from segued.store.lookups import LookupQuestion

__all__ = [
    "ReleaseLookup",
    "assignments_by_file",
    "look_up_recordings",
    "look_up_release",
    "prefetch_named_releases",
]

RELEASES_MAX: Final = 3
GROUPS_MAX: Final = 2
SEARCH_RESULTS_MAX: Final = 2

TEXT_MAX: Final = 200

MBID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ReleaseLookup:
    """What MusicBrainz's answers amount to, and what it is to be asked.

    Attributes:
        album_match: The release that the folder is, with its tracks; None if none
            fits, or it is not known yet.
        releases: All that it may be.
        questions: Questions it has not answered yet.
        not_found: Keys of those it found nothing for.
    """

    album_match: album.AlbumMatch | None = None
    releases: tuple[Release, ...] = ()
    questions: tuple[LookupQuestion, ...] = ()
    not_found: tuple[str, ...] = ()


async def look_up_release(
    context: PhaseContext, pieces: Sequence[PassageEvidence]
) -> ReleaseLookup:
    """Return which release the passages of a folder are."""
    ids, groups = album.vote_for_releases(pieces)
    not_found: list[str] = []
    releases: list[Release] = []
    stages = (
        _keys(LookupKind.RELEASE, ids)[:RELEASES_MAX],
        _keys(LookupKind.RELEASE_GROUP, groups)[:GROUPS_MAX],
        _search_keys(pieces),
    )
    for stage in stages:
        if not stage:
            continue
        answers = await context.store.do(
            lookups.cached_answers, Service.MUSICBRAINZ, stage
        )
        found = [raw for key in stage if (raw := answers.get(key))]
        if stage is stages[-1]:
            names = [
                each
                for raw in found
                for each in _parse_search(raw)[:SEARCH_RESULTS_MAX]
            ]
            keys = _keys(LookupKind.RELEASE, names)
            full = await context.store.do(
                lookups.cached_answers, Service.MUSICBRAINZ, keys
            )
            stage, answers = [*stage, *keys], answers | full  # noqa: PLW2901
            found = [raw for key in keys if (raw := full.get(key))]
        not_found += [key for key in stage if _is_not_found(key, answers)]
        if questions := tuple(_question(key) for key in stage if key not in answers):
            return ReleaseLookup(questions=questions, not_found=tuple(not_found))
        if not found:
            continue
        album_match = await asyncio.to_thread(_match_album, pieces, releases, found)
        if album_match is not None:
            lookup = ReleaseLookup(album_match, tuple(releases), (), tuple(not_found))
            return await _with_full_release(context, album_match, lookup)
    return ReleaseLookup(None, tuple(releases), (), tuple(not_found))


def _match_album(
    pieces: Sequence[PassageEvidence], releases: list[Release], found: Sequence[bytes]
) -> album.AlbumMatch | None:
    """Choose among releases and those just found, which are added to them.

    Two hundred pieces take a third of a second: not on the loop.
    """
    releases += [release for raw in found for release in _parse_releases(raw)]
    return album.match_album(pieces, releases)


async def prefetch_named_releases(
    context: PhaseContext, pieces: Sequence[PassageEvidence], file_count: int
) -> ReleaseLookup:
    """Return what to ask though more of the folder is to come, as it will be then.

    MusicBrainz has little to do while an import begins, and then for long.
    Not what another file asks already: it would be taken up for it as well.

    Args:
        context: The library is among them.
        pieces: What is known of the folder so far.
        file_count: How many files there are in it.
    """
    mbids, _ = album.vote_for_releases(pieces, file_count)
    keys = _keys(LookupKind.RELEASE, mbids)[:RELEASES_MAX]
    if not keys:
        return ReleaseLookup()
    known = await context.store.do(lookups.known_keys, Service.MUSICBRAINZ, keys)
    return ReleaseLookup(
        questions=tuple(_question(key) for key in keys if key not in known)
    )


async def _with_full_release(
    context: PhaseContext, album_match: album.AlbumMatch, lookup: ReleaseLookup
) -> ReleaseLookup:
    """Ask for the chosen release itself: a list of an album's has no works."""
    key = str(LookupKey(LookupKind.RELEASE, album_match.release.mbid))
    answers = await context.store.do(lookups.cached_answers, Service.MUSICBRAINZ, [key])
    if key not in answers:
        return replace(lookup, questions=(_question(key),))
    for release in _parse_releases(answers[key] or b""):
        places = {(track.disc, track.position): track for track in release.tracks}
        tracks = {
            piece: places.get((track.disc, track.position), track)
            for piece, track in album_match.tracks.items()
        }
        return replace(
            lookup, album_match=replace(album_match, release=release, tracks=tracks)
        )
    return lookup


def assignments_by_file(
    lookup: ReleaseLookup, pieces: Sequence[PassageEvidence]
) -> dict[FileId, str]:
    """Return for each file of a folder which release and tracks it was given.

    That is all of the folder that what is decided about a file depends on.
    Empty text where the folder is no release.
    """
    album_match = lookup.album_match
    assignments: dict[FileId, str] = {}
    for piece in pieces:
        file = FileId(piece.key.partition(":")[0])
        if album_match is None:
            assignments[file] = ""
            continue
        track = album_match.tracks.get(piece.key)
        place = "-"
        if track is not None:
            is_at_place = album.is_at_track(piece, track, album_match.release)
            place = f"{track.disc}.{track.position}{'' if is_at_place else '?'}"
        assignments[file] = f"{assignments.get(file, album_match.release.mbid)} {place}"
    return assignments


async def look_up_recordings(
    context: PhaseContext, mbids: Iterable[str]
) -> tuple[dict[str, Recording], ReleaseLookup]:
    """Return what is known of some recordings, and what is to be asked."""
    keys = _keys(LookupKind.RECORDING, mbids)
    if not keys:
        return {}, ReleaseLookup()
    answers = await context.store.do(lookups.cached_answers, Service.MUSICBRAINZ, keys)
    found = {}
    for key, raw in answers.items():
        if raw and (recording := _parse_recording(raw)) is not None:
            found[LookupKey.parse(key).argument] = recording
    not_found = tuple(key for key in keys if _is_not_found(key, answers))
    questions = tuple(_question(key) for key in keys if key not in answers)
    return found, ReleaseLookup(questions=questions, not_found=not_found)


def _keys(kind: LookupKind, mbids: Iterable[str]) -> list[str]:
    """Return the keys of lookups by id, without those that are no ids."""
    return [str(LookupKey(kind, mbid)) for mbid in _valid_mbids(mbids)]


def _valid_mbids(mbids: Iterable[str]) -> list[str]:
    """Return those that are ids: tags hold all sorts of things."""
    lowered = (mbid.lower() for mbid in mbids)
    return list(dict.fromkeys(each for each in lowered if MBID.fullmatch(each)))


def _search_keys(pieces: Sequence[PassageEvidence]) -> list[str]:
    """Return the search for an album by its name, if its songs agree on one."""
    album_names = [
        (
            (piece.album_artist or piece.artist or "").strip(),
            (piece.album or "").strip(),
        )
        for piece in pieces
        if piece.tagged
    ]
    # Tags hold all sorts of things, and a search is for words.
    names = [
        (artist[:TEXT_MAX], title[:TEXT_MAX])
        for artist, title in album_names
        if normalize_name(artist) and normalize_name(title)
    ]
    if len(names) < max(1, len(pieces) / 2):
        return []
    return [str(LookupKey.for_search(*mode(names)))]


def _question(key: str) -> LookupQuestion:
    return LookupQuestion(key, codec.encode(key))


def _parse_releases(raw: bytes) -> tuple[Release, ...]:
    try:
        return parse_releases(raw) if raw else ()
    except ServiceAnswerError:
        # Kept by a version that understood it otherwise.
        return ()


def _parse_recording(raw: bytes) -> Recording | None:
    try:
        return parse_recording(raw)
    except ServiceAnswerError:
        return None


def _is_not_found(key: str, answers: Mapping[str, bytes | None]) -> bool:
    """Return whether the answer to a question is that there is nothing."""
    raw = answers.get(key)
    if raw is None:
        return False
    match LookupKey.parse(key).kind:
        case LookupKind.SEARCH:
            return not _parse_search(raw)
        case LookupKind.RELEASE_GROUP:
            return not raw or not _parse_releases(raw)
        case _:
            return not raw


def _parse_search(raw: bytes) -> tuple[str, ...]:
    try:
        return parse_search(raw)
    except ServiceAnswerError:
        return ()
