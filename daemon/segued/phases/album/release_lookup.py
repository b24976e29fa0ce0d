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

from segued.clients.musicbrainz import found_releases, recording_in, releases_in
from segued.errors import ServiceAnswerError
from segued.matching import album
from segued.matching.evidence import Piece, Recording, Release
from segued.matching.normalize import normalised
from segued.model import FileId
from segued.phases.base import Tools
from segued.store import codec, lookups
from segued.store.lookups import Question

__all__ = ["Looked", "given_in", "named_already", "recordings_of", "release_of"]

RELEASES_MAX: Final = 3
GROUPS_MAX: Final = 2
FOUND_MAX: Final = 2

TEXT_MAX: Final = 200

MBID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Looked:
    """What MusicBrainz's answers amount to, and what it is to be asked.

    Attributes:
        choice: The release that the folder is, with its tracks; None if none
            fits, or it is not known yet.
        releases: All that it may be.
        asks: Questions it has not answered yet.
        empty: Keys of those it found nothing for.
    """

    choice: album.Choice | None = None
    releases: tuple[Release, ...] = ()
    asks: tuple[Question, ...] = ()
    empty: tuple[str, ...] = ()


async def release_of(tools: Tools, pieces: Sequence[Piece]) -> Looked:
    """Return which release the passages of a folder are."""
    ids, groups = album.votes(pieces)
    empty: list[str] = []
    releases: list[Release] = []
    stages = (
        [f"release:{each}" for each in _valid(ids)[:RELEASES_MAX]],
        [f"group:{each}" for each in _valid(groups)[:GROUPS_MAX]],
        _search(pieces),
    )
    for stage in stages:
        if not stage:
            continue
        known = await tools.store.do(lookups.answers, "musicbrainz", stage)
        found = [raw for key in stage if (raw := known.get(key))]
        if stage is stages[-1]:
            names = [each for raw in found for each in _found(raw)[:FOUND_MAX]]
            keys = [f"release:{each}" for each in _valid(names)]
            full = await tools.store.do(lookups.answers, "musicbrainz", keys)
            stage, known = [*stage, *keys], known | full  # noqa: PLW2901
            found = [raw for key in keys if (raw := full.get(key))]
        empty += [key for key in stage if _is_nothing(key, known)]
        if asks := tuple(_asked(key) for key in stage if key not in known):
            return Looked(asks=asks, empty=tuple(empty))
        if not found:
            continue
        choice = await asyncio.to_thread(_chosen, pieces, releases, found)
        if choice is not None:
            looked = Looked(choice, tuple(releases), (), tuple(empty))
            return await _in_full(tools, choice, looked)
    return Looked(None, tuple(releases), (), tuple(empty))


def _chosen(
    pieces: Sequence[Piece], releases: list[Release], found: Sequence[bytes]
) -> album.Choice | None:
    """Choose among releases and those just found, which are added to them.

    Two hundred pieces take a third of a second: not on the loop.
    """
    releases += [release for raw in found for release in _read(raw)]
    return album.choose(pieces, releases)


async def named_already(tools: Tools, pieces: Sequence[Piece], many: int) -> Looked:
    """Return what to ask though more of the folder is to come, as it will be then.

    MusicBrainz has little to do while an import begins, and then for long.
    Not what another file asks already: it would be taken up for it as well.

    Args:
        tools: The library is among them.
        pieces: What is known of the folder so far.
        many: How many files there are in it.
    """
    named, _ = album.votes(pieces, many)
    keys = [f"release:{each}" for each in _valid(named)[:RELEASES_MAX]]
    if not keys:
        return Looked()
    known = await tools.store.do(lookups.asked, "musicbrainz", keys)
    return Looked(asks=tuple(_asked(key) for key in keys if key not in known))


async def _in_full(tools: Tools, choice: album.Choice, looked: Looked) -> Looked:
    """Ask for the chosen release itself: a list of an album's has no works."""
    key = f"release:{choice.release.mbid}"
    known = await tools.store.do(lookups.answers, "musicbrainz", [key])
    if key not in known:
        return replace(looked, asks=(_asked(key),))
    for release in _read(known[key] or b""):
        places = {(track.disc, track.position): track for track in release.tracks}
        tracks = {
            piece: places.get((track.disc, track.position), track)
            for piece, track in choice.tracks.items()
        }
        return replace(looked, choice=replace(choice, release=release, tracks=tracks))
    return looked


def given_in(looked: Looked, pieces: Sequence[Piece]) -> dict[FileId, str]:
    """Return for each file of a folder which release and tracks it was given.

    That is all of the folder that what is decided about a file depends on.
    Empty text where the folder is no release.
    """
    choice = looked.choice
    given: dict[FileId, str] = {}
    for piece in pieces:
        file = FileId(piece.key.partition(":")[0])
        if choice is None:
            given[file] = ""
            continue
        track = choice.tracks.get(piece.key)
        place = "-"
        if track is not None:
            here = album.placed(piece, track, choice.release)
            place = f"{track.disc}.{track.position}{'' if here else '?'}"
        given[file] = f"{given.get(file, choice.release.mbid)} {place}"
    return given


async def recordings_of(
    tools: Tools, mbids: Iterable[str]
) -> tuple[dict[str, Recording], Looked]:
    """Return what is known of some recordings, and what is to be asked."""
    keys = [f"recording:{mbid}" for mbid in _valid(mbids)]
    if not keys:
        return {}, Looked()
    known = await tools.store.do(lookups.answers, "musicbrainz", keys)
    found = {}
    for key, raw in known.items():
        if raw and (recording := _recording(raw)) is not None:
            found[key.partition(":")[2]] = recording
    empty = tuple(key for key in keys if _is_nothing(key, known))
    asks = tuple(_asked(key) for key in keys if key not in known)
    return found, Looked(asks=asks, empty=empty)


def _valid(mbids: Iterable[str]) -> list[str]:
    """Return those that are ids: tags hold all sorts of things."""
    lowered = (mbid.lower() for mbid in mbids)
    return list(dict.fromkeys(each for each in lowered if MBID.fullmatch(each)))


def _search(pieces: Sequence[Piece]) -> list[str]:
    """Return the search for an album by its name, if its songs agree on one."""
    named = [
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
        for artist, title in named
        if normalised(artist) and normalised(title)
    ]
    if len(names) < max(1, len(pieces) / 2):
        return []
    return [f"search:{codec.encode(mode(names))}"]


def _asked(key: str) -> Question:
    return Question(key, codec.encode(key))


def _read(raw: bytes) -> tuple[Release, ...]:
    try:
        return releases_in(raw) if raw else ()
    except ServiceAnswerError:
        # Kept by a version that understood it otherwise.
        return ()


def _recording(raw: bytes) -> Recording | None:
    try:
        return recording_in(raw)
    except ServiceAnswerError:
        return None


def _is_nothing(key: str, known: Mapping[str, bytes | None]) -> bool:
    """Return whether the answer to a question is that there is nothing."""
    raw = known.get(key)
    if raw is None:
        return False
    if key.startswith("search:"):
        return not _found(raw)
    return not raw or (key.startswith("group:") and not _read(raw))


def _found(raw: bytes) -> tuple[str, ...]:
    try:
        return found_releases(raw)
    except ServiceAnswerError:
        return ()
