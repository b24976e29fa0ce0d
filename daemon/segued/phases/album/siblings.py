"""A file among the others of its folder: what they know together.

An album is recognised by all of its songs. So each of them is matched with
what is on record of the others, in whichever order they come; what a song
adds later takes the others up again.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from segued.matching.evidence import Piece
from segued.model import FileId, Mark, Print, Span, Tags
from segued.phases import p03_tags, p05_fingerprint
from segued.phases.base import Dossier, Tools
from segued.store import codec, folders, lookups
from segued.units import Seconds, ticks_to_seconds

__all__ = ["Gathered", "gathered", "mark_of", "names_of"]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of a folder's passages.

    Attributes:
        pieces: All of them, in the order of file names.
        mine: Those of the file itself, in order.
        complete: Whether nothing more is to come of the other files.
        together: Whether the files are weighed together, and not a heap.
        files: How many they are then.
    """

    pieces: tuple[Piece, ...]
    mine: tuple[Piece, ...]
    complete: bool
    together: bool
    files: int


async def gathered(tools: Tools, dossier: Dossier) -> Gathered:
    """Return what is known of the passages of a file's folder."""
    folder = os.path.dirname(dossier.file.path)
    asking = tools.asking("acoustid")
    siblings = await tools.store.do(folders.files_in, folder, folders.FILES_MAX)
    # Who asks nobody learns nothing by waiting: the files that come later take
    # these up again if they see more.
    alone = not siblings or not (asking or tools.asking("musicbrainz"))
    complete = alone or await tools.store.do(folders.complete, folder, asking=asking)
    own = dossier[p03_tags.PHASE], dossier[p05_fingerprint.PHASE].prints
    # Two hundred files' fingerprints are a megabyte of JSON: not on the loop.
    heard = await asyncio.to_thread(_read_all, siblings)
    # Its own, as it is now and not as it was; and alone in a heap of songs.
    heard[dossier.file.id] = own
    prints = [each for _, sounds in heard.values() for each in sounds]
    keys = [q.key for each in prints for q in p05_fingerprint.questions_of(each)]
    known = await tools.store.do(lookups.answers, "acoustid", keys)
    pieces = await asyncio.to_thread(_all_pieces, heard, known)
    mine = tuple(each for each in pieces if each.key.startswith(dossier.file.id))
    return Gathered(
        pieces, mine, complete, together=bool(siblings), files=len(siblings)
    )


Heard: TypeAlias = dict[FileId, tuple[p03_tags.Named, tuple[Print, ...]]]


def _read_all(siblings: Sequence[folders.Sibling]) -> Heard:
    return {
        sibling.file: read
        for sibling in siblings
        if (read := _read(sibling)) is not None
    }


def _all_pieces(heard: Heard, known: dict[str, bytes | None]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for file, (named, sounds) in heard.items():
        pieces += _pieces(file, named, sounds, known, order=len(pieces))
    return tuple(pieces)


def _read(
    sibling: folders.Sibling,
) -> tuple[p03_tags.Named, tuple[Print, ...]] | None:
    if sibling.named is None or sibling.prints is None:
        return None
    try:
        named = codec.decode(sibling.named, p03_tags.Named)
        sounds = codec.decode(sibling.prints, p05_fingerprint.Fingerprinted)
    except msgspec.DecodeError:
        # By an older version, and about to be made anew.
        return None
    return named, sounds.prints


def _pieces(
    file: str,
    named: p03_tags.Named,
    sounds: Sequence[Print],
    known: dict[str, bytes | None],
    *,
    order: int,
) -> list[Piece]:
    alone = len(sounds) == 1
    pieces = []
    for number, sound in enumerate(sounds):
        mark = mark_of(named, sound.span)
        names = names_of(named, mark, alone=alone)
        candidates = p05_fingerprint.candidates_of(sound, known)
        pieces.append(
            Piece(
                key=f"{file}:{number}",
                order=order + number,
                seconds=Seconds(ticks_to_seconds(sound.span.length)),
                title=names.title,
                artist=names.artist,
                tagged=mark is not None or _names_itself(named.tags),
                album=names.album,
                album_artist=names.album_artist,
                track=named.names.track if alone else None,
                disc=named.tags.disc if alone else None,
                recording_mbid=named.tags.recording_mbid if alone else None,
                release_mbid=named.tags.release_mbid,
                isrcs=named.tags.isrcs if alone else (),
                asked=candidates is not None,
                candidates=candidates or (),
            )
        )
    return pieces


def _names_itself(tags: Tags) -> bool:
    return bool(tags.title and (tags.artist or tags.album_artist))


def mark_of(named: p03_tags.Named, span: Span) -> Mark | None:
    """Return the mark that a span was cut at, if it was."""
    return next((mark for mark in named.marks if mark.start == span.start), None)


def names_of(named: p03_tags.Named, mark: Mark | None, *, alone: bool) -> Tags:
    """Return what a passage is called: by its mark, or by the file's tags."""
    whole = named.names
    if alone and mark is None:
        return whole
    title = mark.title if mark else None
    artist = (mark.artist if mark else None) or whole.artist or whole.album_artist
    return Tags(
        title=title,
        artist=artist,
        album=whole.album,
        album_artist=whole.album_artist,
        release_mbid=whole.release_mbid,
    )
