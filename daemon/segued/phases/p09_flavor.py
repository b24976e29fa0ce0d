"""Phase 9, flavoring: how each passage sounds.

A song that is known is never asked about again. Where no source can be asked
the file goes on without, and the phase waits; where one fails, the song is
marked, and a later run may try again. Completion never depends on it.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from segued.clients.acousticbrainz import Document, document
from segued.errors import FileUnreadableError, ServiceAnswerError
from segued.media import essentia
from segued.model import SongStatus, Span
from segued.phases import p01_filename, p06_match
from segued.phases.contract import Deferred, Dossier, Phase, Tools
from segued.store import codec, lookups, passages, songs
from segued.store.lookups import Question
from segued.units import TICKS_PER_SECOND, Seconds, Ticks

__all__ = ["PHASE", "SPOOLED", "Flavored", "Sounded"]

LENGTH_MIN: Final = Ticks(3 * TICKS_PER_SECOND)
"""What is shorter than this is measured as nonsense."""

SPOOLED: Final = "segued-flavor-"
"""What the names of our folders in the spool begin with."""

ACOUSTICBRAINZ: Final = "acousticbrainz"
ESSENTIA: Final = "essentia"

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sounded:
    """What became of one passage: its flavor, or the reason it has none.

    Attributes:
        song: The song it is, if it is one.
        flavor: JSON of characteristics and measures.
        source: Which program or service said so, with its version.
        outcome: For the counters: "pre-existing", "acousticbrainz", "essentia",
            "too short", "failed", or "deferred" while it is not known.
    """

    passage: str
    song: str | None
    outcome: str
    flavor: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Flavored:
    """The passages in order.

    Attributes:
        asks: What AcousticBrainz has not answered yet.
        empty: Keys of what it knows nothing of.
    """

    sounded: tuple[Sounded, ...] = ()
    asks: tuple[Question, ...] = ()
    empty: tuple[str, ...] = ()


async def run(tools: Tools, dossier: Dossier) -> Flavored | Deferred[Flavored]:
    """Find out how the passages sound whose songs are not known to.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileVanishedError: It is gone.
    """
    pieces = await _pieces(tools, dossier)
    asked = await _asked(tools, [each for each in pieces if each.is_pending])
    sounded = []
    for number, piece in enumerate(pieces, start=1):
        tools.at_passage(number, len(pieces))
        sounded.append(await _sounded(tools, dossier, piece, asked))
    result = Flavored(tuple(sounded), asked.asks, asked.empty)
    waiting = [
        piece
        for piece, each in zip(pieces, sounded, strict=True)
        if each.outcome == "deferred"
    ]
    if waiting:
        if any(_may_follow(tools, piece, asked) for piece in waiting):
            return Deferred(result, ACOUSTICBRAINZ, "AcousticBrainz has not answered")
        return Deferred(result, ESSENTIA, "no source of flavor can be asked")
    return result


@dataclass(frozen=True, slots=True)
class _Piece:
    """A passage, and what its flavor can be asked by.

    Attributes:
        mbids: Recordings that it is or may be, the likeliest first.
        is_known: Whether those are all there will be.
    """

    passage: str
    song: str | None
    span: Span
    mbids: tuple[str, ...]
    is_pending: bool
    is_known: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """What AcousticBrainz says, and does not say yet."""

    known: Mapping[str, Document]
    asks: tuple[Question, ...] = ()
    empty: tuple[str, ...] = ()


async def _pieces(tools: Tools, dossier: Dossier) -> list[_Piece]:
    there = await tools.store.do(songs.song_of, dossier.file.id)
    known = await tools.store.do(songs.flavored, [song for _, song in there if song])
    heard = await tools.store.do(songs.flavored_without, dossier.file.id)
    matches = dossier[p06_match.PHASE].matches
    pieces = []
    for (passage, song), match in zip(there, matches, strict=True):
        ready = song in known if song else passage in heard
        mbid = match.song.song.mbid if match.song else None
        mbids = tuple(dict.fromkeys([*([mbid] if mbid else []), *(match.heard or ())]))
        # With an id there is something to ask; without one, AcoustID may give it.
        is_known = bool(mbid) or match.heard is not None
        pieces.append(
            _Piece(passage, song, match.passage.span, mbids, not ready, is_known)
        )
    return pieces


async def _asked(tools: Tools, pending: Sequence[_Piece]) -> _Asked:
    """Return what is known of the recordings that some passages are or may be."""
    if ACOUSTICBRAINZ not in tools.config.flavoring.sources:
        return _Asked({})
    every = list(dict.fromkeys(mbid for each in pending for mbid in each.mbids))
    answers = await tools.store.do(lookups.answers, ACOUSTICBRAINZ, every)
    read = {mbid: _read(raw) for mbid, raw in answers.items() if raw}
    known = {mbid: found for mbid, found in read.items() if found.characteristics}
    # One recording of a passage says enough.
    left = [each.mbids for each in pending if known.keys().isdisjoint(each.mbids)]
    mbids = list(dict.fromkeys(mbid for each in left for mbid in each))
    return _Asked(
        known,
        tuple(Question(mbid, mbid) for mbid in mbids if mbid not in answers),
        tuple(mbid for mbid in mbids if answers.get(mbid) == b""),
    )


def _read(raw: bytes) -> Document:
    """Return what a document says; nothing, of one that is not understood any more."""
    try:
        return document(raw)
    except ServiceAnswerError:
        return Document({}, "")


async def _sounded(
    tools: Tools, dossier: Dossier, piece: _Piece, asked: _Asked
) -> Sounded:
    """Return how a passage sounds by the first source that can say so."""
    passage, song = piece.passage, piece.song
    if not piece.is_pending:
        return Sounded(passage, song, "pre-existing")
    for source in tools.config.flavoring.sources:
        if source == ACOUSTICBRAINZ:
            found = [asked.known[mbid] for mbid in piece.mbids if mbid in asked.known]
            if found:
                return _told(piece, found[0])
            if _may_follow(tools, piece, asked):
                return Sounded(passage, song, "deferred")
        elif piece.span.length < LENGTH_MIN:
            return Sounded(passage, song, "too short")
        elif ESSENTIA in tools.available:
            return await _ask_essentia(tools, dossier, passage, song, piece.span)
    return Sounded(passage, song, "deferred")


def _may_follow(tools: Tools, piece: _Piece, asked: _Asked) -> bool:
    """Return whether AcousticBrainz may say something about a passage soon."""
    if not tools.asking(ACOUSTICBRAINZ):
        return False
    waits = {question.key for question in asked.asks} & set(piece.mbids)
    return bool(waits) or (not piece.is_known and tools.asking("acoustid"))


def _told(piece: _Piece, found: Document) -> Sounded:
    flavor = codec.encode(
        {"characteristics": found.characteristics, "version": found.version}
    )
    return Sounded(piece.passage, piece.song, ACOUSTICBRAINZ, flavor, ACOUSTICBRAINZ)


async def _ask_essentia(
    tools: Tools, dossier: Dossier, passage: str, song: str | None, span: Span
) -> Sounded:
    limit = Seconds(tools.config.compute.flavor_seconds)
    path, signature = dossier.file.path, dossier[p01_filename.PHASE].signature
    # A folder of its own: a child that is killed cannot tidy up after itself.
    try:
        place = await asyncio.to_thread(
            tempfile.mkdtemp, prefix=SPOOLED, dir=tools.spool
        )
    except OSError as error:
        log.info("flavor.failed", code="spool", detail=str(error))
        return Sounded(passage, song, "failed")
    try:
        sound = await tools.compute.long(
            limit, essentia.flavor_of, path, signature, span, place
        )
    except FileUnreadableError as error:
        log.info("flavor.failed", code=error.code, detail=str(error))
        return Sounded(passage, song, "failed")
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
    flavor = codec.encode(
        {"characteristics": sound.characteristics, "measures": sound.measures}
    )
    return Sounded(passage, song, "essentia", flavor, sound.version)


def save(dossier: Dossier, result: Flavored) -> None:
    """Put the flavor on the song, or on the passage where there is none."""
    lookups.want(dossier.file.id, ACOUSTICBRAINZ, result.asks, result.empty)
    for each in result.sounded:
        if each.outcome in ("pre-existing", "too short", "deferred"):
            continue
        if each.song is None:
            if each.flavor and each.source:
                passages.set_flavor(each.passage, each.flavor, each.source)
        elif each.outcome == "failed":
            songs.set_flavor(each.song, SongStatus.FLAVORING_FAILED)
        else:
            songs.set_flavor(
                each.song, SongStatus.FLAVOR_READY, each.flavor, each.source
            )


def _tally(found: Flavored) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in found.sounded:
        counts[each.outcome] = counts.get(each.outcome, 0) + 1
    return counts


PHASE: Final = Phase(
    number=9,
    name="flavor",
    title="Flavoring",
    version=1,
    result=Flavored,
    run=run,
    save=save,
    kept=lambda found: Flavored(
        tuple(each for each in found.sounded if each.outcome != "deferred")
    ),
    tally=_tally,
)
