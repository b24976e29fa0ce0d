"""Looking up the release of a folder at MusicBrainz.

One release describes a whole folder, so that it is looked up once for all its
files: the releases named in the tags, then the albums that most fingerprints are
from, then a search for the album's name. Each stage is queried only if no release
of the stages before it fits.
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
from segued.model import FileId, Service
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
    """The result of a lookup, as far as MusicBrainz has answered.

    Attributes:
        album_match: The release that fits the folder, with its tracks; None if none
            fits, or it is not known yet.
        releases: All releases that were compared.
        questions: Questions that MusicBrainz has not answered yet.
        not_found: Keys of questions without a result.
    """

    album_match: album.AlbumMatch | None = None
    releases: tuple[Release, ...] = ()
    questions: tuple[LookupQuestion, ...] = ()
    not_found: tuple[str, ...] = ()


async def look_up_release(
    context: PhaseContext, passages: Sequence[PassageEvidence]
) -> ReleaseLookup:
    """Match a folder's passages with the releases in MusicBrainz's stored answers.

    The stages are tried in order. A stage without an answer ends the lookup with
    its questions; the first stage that yields a fitting release ends it with that.
    """
    mbids, groups = album.vote_for_releases(passages)
    stages = (
        (_read_stage, _keys(LookupKind.RELEASE, mbids)[:RELEASES_MAX]),
        (_read_stage, _keys(LookupKind.RELEASE_GROUP, groups)[:GROUPS_MAX]),
        (_read_search_stage, _search_keys(passages)),
    )
    not_found: tuple[str, ...] = ()
    releases: tuple[Release, ...] = ()
    for read_stage, keys in stages:
        if not keys:
            continue
        stage = await read_stage(context, keys)
        not_found += stage.not_found
        if stage.questions:
            return ReleaseLookup(questions=stage.questions, not_found=not_found)
        if not stage.documents:
            continue
        releases, album_match = await asyncio.to_thread(
            _match_album, passages, releases, stage.documents
        )
        if album_match is not None:
            lookup = ReleaseLookup(album_match, releases, (), not_found)
            return await _with_full_release(context, album_match, lookup)
    return ReleaseLookup(None, releases, (), not_found)


@dataclass(frozen=True, slots=True)
class _Stage:
    """MusicBrainz's answers to one stage of a lookup.

    Attributes:
        documents: The undecoded releases, without empty answers.
    """

    questions: tuple[LookupQuestion, ...]
    not_found: tuple[str, ...]
    documents: tuple[bytes, ...]


async def _read_stage(context: PhaseContext, keys: Sequence[str]) -> _Stage:
    """Return the answers to lookups by id."""
    answers = await context.store.do(lookups.cached_answers, Service.MUSICBRAINZ, keys)
    return _stage_of(keys, answers, release_keys=keys)


async def _read_search_stage(context: PhaseContext, keys: Sequence[str]) -> _Stage:
    """Return the answers to searches, and to lookups of the releases they found."""
    answers = await context.store.do(lookups.cached_answers, Service.MUSICBRAINZ, keys)
    found = [_parse_search(raw) for key in keys if (raw := answers.get(key))]
    mbids = [mbid for result in found for mbid in result[:SEARCH_RESULTS_MAX]]
    release_keys = _keys(LookupKind.RELEASE, mbids)
    answers |= await context.store.do(
        lookups.cached_answers, Service.MUSICBRAINZ, release_keys
    )
    return _stage_of([*keys, *release_keys], answers, release_keys=release_keys)


def _stage_of(
    keys: Sequence[str],
    answers: Mapping[str, bytes | None],
    *,
    release_keys: Sequence[str],
) -> _Stage:
    return _Stage(
        questions=tuple(_question(key) for key in keys if key not in answers),
        not_found=tuple(key for key in keys if _is_not_found(key, answers)),
        documents=tuple(raw for key in release_keys if (raw := answers.get(key))),
    )


def _match_album(
    passages: Sequence[PassageEvidence],
    releases: tuple[Release, ...],
    documents: Sequence[bytes],
) -> tuple[tuple[Release, ...], album.AlbumMatch | None]:
    """Match with some releases and those in `documents`; return all of them, too.

    Two hundred passages take a third of a second: never on the event loop.
    """
    releases += tuple(each for raw in documents for each in _parse_releases(raw))
    return releases, album.match_album(passages, releases)


async def prefetch_named_releases(
    context: PhaseContext, passages: Sequence[PassageEvidence], file_count: int
) -> ReleaseLookup:
    """Return the questions that the complete folder is certain to have.

    MusicBrainz's limit is one request per second, unused while an import starts.
    Questions of other files are left out: this file would be requeued for their
    answers as well.

    Args:
        context: The library.
        passages: The passages of the folder that are known so far.
        file_count: The number of files in the folder.
    """
    mbids, _ = album.vote_for_releases(passages, file_count)
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
    """Look up the chosen release itself: an album's list of releases has no works."""
    key = str(LookupKey(LookupKind.RELEASE, album_match.release.mbid))
    answers = await context.store.do(lookups.cached_answers, Service.MUSICBRAINZ, [key])
    if key not in answers:
        return replace(lookup, questions=(_question(key),))
    for release in _parse_releases(answers[key] or b""):
        places = {(track.disc, track.position): track for track in release.tracks}
        tracks = {
            passage_key: places.get((track.disc, track.position), track)
            for passage_key, track in album_match.tracks.items()
        }
        return replace(
            lookup, album_match=replace(album_match, release=release, tracks=tracks)
        )
    return lookup


def assignments_by_file(
    lookup: ReleaseLookup, passages: Sequence[PassageEvidence]
) -> dict[FileId, str]:
    """Return the assignment of each file of a folder: release and tracks, as text.

    A file's matches depend on the other files only through it. It is empty if the
    folder matches no release.
    """
    album_match = lookup.album_match
    assignments: dict[FileId, str] = {}
    for passage in passages:
        file = FileId(passage.key.partition(":")[0])
        if album_match is None:
            assignments[file] = ""
            continue
        track = album_match.tracks.get(passage.key)
        place = "-"
        if track is not None:
            # Only a place in the order of the files depends on the others.
            is_at_place = not passage.in_order or album.is_at_track(
                passage, track, album_match.release
            )
            place = f"{track.disc}.{track.position}{'' if is_at_place else '?'}"
        assignments[file] = f"{assignments.get(file, album_match.release.mbid)} {place}"
    return assignments


async def look_up_recordings(
    context: PhaseContext, mbids: Iterable[str]
) -> tuple[dict[str, Recording], ReleaseLookup]:
    """Return the recordings that MusicBrainz has described, and open questions."""
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
    """Return the valid ids, in lower case, each once: tags can hold any text."""
    lowered = (mbid.lower() for mbid in mbids)
    return list(dict.fromkeys(each for each in lowered if MBID.fullmatch(each)))


def _search_keys(passages: Sequence[PassageEvidence]) -> list[str]:
    """Return the search for the most common album name; none if few songs have one."""
    album_names = [
        (
            (passage.album_artist or passage.artist or "").strip(),
            (passage.album or "").strip(),
        )
        for passage in passages
    ]
    # A search needs words; tags can hold any text, of any length.
    names = [
        (artist[:TEXT_MAX], title[:TEXT_MAX])
        for artist, title in album_names
        if normalize_name(artist) and normalize_name(title)
    ]
    if len(names) < max(1, len(passages) / 2):
        return []
    return [str(LookupKey.for_search(*mode(names)))]


def _question(key: str) -> LookupQuestion:
    return LookupQuestion(key, codec.encode(key))


def _parse_releases(raw: bytes) -> tuple[Release, ...]:
    try:
        return parse_releases(raw) if raw else ()
    except ServiceAnswerError:
        # Stored by a version of segued that expected another format.
        return ()


def _parse_recording(raw: bytes) -> Recording | None:
    try:
        return parse_recording(raw)
    except ServiceAnswerError:
        return None


def _is_not_found(key: str, answers: Mapping[str, bytes | None]) -> bool:
    """Return whether a question is answered, with no result."""
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
