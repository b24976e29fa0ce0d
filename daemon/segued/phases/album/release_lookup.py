"""Looking up the release of a folder at MusicBrainz.

One release describes a whole folder, so that it is looked up once for all its
files: the releases named in the tags, then the albums that most fingerprints are
from, then a search for the album's name. Each stage is queried only if no release
of the stages before it fits.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from segued.matching import album
from segued.matching.evidence import PassageEvidence, Release
from segued.model import FileId, Service
from segued.phases.album.search_names import search_keys
from segued.phases.album.stored_answers import (
    StoredAnswers,
    keys_of,
    parse_stored_releases,
    parse_stored_search,
    question_of,
    read_answers,
)
from segued.phases.base import PhaseContext
from segued.store import lookups
from segued.store.lookup_keys import LookupKind
from segued.store.lookups import LookupQuestion

__all__ = [
    "ReleaseLookup",
    "assignments_by_file",
    "look_up_chosen_release",
    "look_up_release",
    "prefetch_named_releases",
]

RELEASES_MAX: Final = 3
GROUPS_MAX: Final = 2
SEARCH_RESULTS_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class ReleaseLookup:
    """The result of a lookup, as far as MusicBrainz has answered.

    Attributes:
        album_match: The release that fits the folder, with its tracks; None if none
            fits, or it is not known yet.
        releases: All releases that were compared.
        questions: Questions that MusicBrainz has not answered yet.
        not_found: Keys of questions without a result, or whose answer cannot be used.
        problems: Why answers cannot be used.
    """

    album_match: album.AlbumMatch | None = None
    releases: tuple[Release, ...] = ()
    questions: tuple[LookupQuestion, ...] = ()
    not_found: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


async def look_up_release(
    context: PhaseContext, passages: Sequence[PassageEvidence]
) -> ReleaseLookup:
    """Match a folder's passages with the releases in MusicBrainz's stored answers.

    The stages are tried in order. A stage without an answer ends the lookup with
    its questions; the first stage that yields a fitting release ends it with that.
    """
    mbids, groups = album.vote_for_releases(passages)
    stages = (
        (_read_stage, keys_of(LookupKind.RELEASE, mbids)[:RELEASES_MAX]),
        (_read_stage, keys_of(LookupKind.RELEASE_GROUP, groups)[:GROUPS_MAX]),
        *((_read_search_stage, [key]) for key in search_keys(passages)),
    )
    lookup = ReleaseLookup()
    for read_stage, keys in stages:
        if not keys:
            continue
        stage = await read_stage(context, keys)
        lookup = replace(
            lookup,
            not_found=lookup.not_found + stage.not_found,
            problems=lookup.problems + stage.problems,
        )
        if stage.questions:
            return replace(lookup, releases=(), questions=stage.questions)
        if not stage.documents:
            continue
        releases, album_match = await asyncio.to_thread(
            _match_album, tuple(passages), lookup.releases, stage.documents
        )
        lookup = replace(lookup, releases=releases)
        if album_match is not None:
            lookup = replace(lookup, album_match=album_match)
            return await _with_full_release(context, album_match, lookup)
    return lookup


@dataclass(frozen=True, slots=True)
class _Stage:
    """MusicBrainz's answers to one stage of a lookup.

    Attributes:
        documents: The undecoded releases, without empty answers.
        problems: Why answers cannot be used.
    """

    questions: tuple[LookupQuestion, ...]
    not_found: tuple[str, ...]
    documents: tuple[bytes, ...]
    problems: tuple[str, ...]


async def _read_stage(context: PhaseContext, keys: Sequence[str]) -> _Stage:
    """Return the answers to lookups by id."""
    answers = await read_answers(context, keys)
    return _stage_of(keys, answers, release_keys=keys)


async def _read_search_stage(context: PhaseContext, keys: Sequence[str]) -> _Stage:
    """Return the answers to searches, and to lookups of the releases they found."""
    searches = (await read_answers(context, keys)).by_key
    found = [parse_stored_search(raw) for key in keys if (raw := searches.get(key))]
    mbids = [mbid for result in found for mbid in result[:SEARCH_RESULTS_MAX]]
    release_keys = keys_of(LookupKind.RELEASE, mbids)
    every = [*keys, *release_keys]
    return _stage_of(
        every, await read_answers(context, every), release_keys=release_keys
    )


def _stage_of(
    keys: Sequence[str], answers: StoredAnswers, *, release_keys: Sequence[str]
) -> _Stage:
    documents = (answers.by_key.get(key) for key in release_keys)
    return _Stage(
        answers.questions(keys),
        answers.not_found(keys),
        tuple(raw for raw in documents if raw),
        answers.problem_texts(),
    )


@lru_cache(maxsize=4)
def _match_album(
    passages: tuple[PassageEvidence, ...],
    releases: tuple[Release, ...],
    documents: tuple[bytes, ...],
) -> tuple[tuple[Release, ...], album.AlbumMatch | None]:
    """Match with some releases and those in `documents`; return all of them, too.

    A thousand passages take a second: never on the event loop, and once for all files
    of a folder.
    """
    releases += tuple(each for raw in documents for each in parse_stored_releases(raw))
    return releases, album.match_album(passages, releases)


async def look_up_chosen_release(
    context: PhaseContext, passages: Sequence[PassageEvidence], mbid: str
) -> ReleaseLookup:
    """Return a release that a person chose for passages, with the tracks that fit."""
    stage = await _read_stage(context, keys_of(LookupKind.RELEASE, [mbid]))
    lookup = ReleaseLookup(
        questions=stage.questions, not_found=stage.not_found, problems=stage.problems
    )
    if not stage.documents:
        return lookup
    releases, album_match = await asyncio.to_thread(
        _match_chosen, tuple(passages), stage.documents[0]
    )
    return replace(lookup, releases=releases, album_match=album_match)


@lru_cache(maxsize=4)
def _match_chosen(
    passages: tuple[PassageEvidence, ...], document: bytes
) -> tuple[tuple[Release, ...], album.AlbumMatch | None]:
    releases = parse_stored_releases(document)[:1]
    if not releases:
        return (), None
    return releases, album.assign_to_chosen(passages, releases[0])


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
    chosen = {each.release_mbid for each in passages if each.release_chosen}
    mbids = tuple(dict.fromkeys((*sorted(filter(None, chosen)), *mbids)))
    keys = keys_of(LookupKind.RELEASE, mbids)[:RELEASES_MAX]
    if not keys:
        return ReleaseLookup()
    known = await context.store.do(lookups.known_keys, Service.MUSICBRAINZ, keys)
    return ReleaseLookup(
        questions=tuple(question_of(key) for key in keys if key not in known)
    )


async def _with_full_release(
    context: PhaseContext, album_match: album.AlbumMatch, lookup: ReleaseLookup
) -> ReleaseLookup:
    """Look up the chosen release itself: an album's list of releases has no works."""
    keys = keys_of(LookupKind.RELEASE, [album_match.release.mbid])
    answers = await read_answers(context, keys)
    if questions := answers.questions(keys):
        return replace(lookup, questions=questions)
    raw = answers.by_key[keys[0]] or b""
    for release in await asyncio.to_thread(parse_stored_releases, raw):
        places = {(track.disc, track.position): track for track in release.tracks}
        tracks = {
            passage_key: places.get((track.disc, track.position), track)
            for passage_key, track in album_match.tracks.items()
        }
        return replace(
            lookup, album_match=replace(album_match, release=release, tracks=tracks)
        )
    # Nothing, or not usable: to be looked up again later.
    not_found = (*lookup.not_found, *answers.not_found(keys))
    problems = (*lookup.problems, *answers.problem_texts())
    return replace(lookup, not_found=not_found, problems=problems)


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
