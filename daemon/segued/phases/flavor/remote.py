"""What others say of how passages sound: AcousticBrainz, and the songs themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from segued.clients.acousticbrainz import Document, document
from segued.errors import ServiceAnswerError
from segued.matching.flavor import blended
from segued.model import Span
from segued.phases import p06_match
from segued.phases.base import Dossier, Tools
from segued.phases.flavor.results import expected
from segued.store import codec, flavors, lookups
from segued.store.flavors import Flavor, There
from segued.store.lookups import Question

__all__ = [
    "ACOUSTICBRAINZ",
    "Asked",
    "Piece",
    "asked_of",
    "asks_first",
    "may_follow",
    "pieces_of",
    "told_of",
]

ACOUSTICBRAINZ: Final = "acousticbrainz"


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage, and what its flavor can be asked by.

    Attributes:
        mbids: Recordings that it is or may be, the likeliest first.
        is_known: Whether those are all there will be.
        flavor: How it sounds, as far as is on record.
    """

    there: There
    span: Span
    mbids: tuple[str, ...]
    is_known: bool
    flavor: Flavor | None

    @property
    def song(self) -> str | None:
        """The song it is; None also where it is several."""
        songs = self.there.songs
        return songs[0].song if len(songs) == 1 else None

    @property
    def is_told(self) -> bool:
        """Whether AcousticBrainz said so."""
        return self.flavor is not None and self.flavor.source == ACOUSTICBRAINZ


@dataclass(frozen=True, slots=True)
class Asked:
    """What AcousticBrainz says, and does not say yet."""

    known: Mapping[str, Document]
    asks: tuple[Question, ...] = ()
    empty: tuple[str, ...] = ()


async def pieces_of(tools: Tools, dossier: Dossier) -> list[Piece]:
    """Return a file's passages in order."""
    there = await tools.store.do(flavors.of_file, dossier.file.id)
    pieces = []
    for each, match in zip(there, dossier[p06_match.PHASE].matches, strict=True):
        mbid = match.song.song.mbid if match.song else None
        mbids = tuple(dict.fromkeys([*([mbid] if mbid else []), *(match.heard or ())]))
        # With an id there is something to ask; without one, AcoustID may give it.
        is_known = bool(mbid) or match.heard is not None
        flavor = each.songs[0].flavor if len(each.songs) == 1 else each.flavor
        pieces.append(Piece(each, match.passage.span, mbids, is_known, flavor))
    return pieces


async def asked_of(tools: Tools, pieces: Sequence[Piece]) -> Asked:
    """Return what is known of the recordings that some passages are or may be."""
    if ACOUSTICBRAINZ not in tools.config.flavoring.sources:
        return Asked({})
    open_ = [each for each in pieces if not each.is_told]
    every = list(dict.fromkeys(mbid for each in open_ for mbid in each.mbids))
    answers = await tools.store.do(lookups.answers, ACOUSTICBRAINZ, every)
    read = {mbid: _read(raw) for mbid, raw in answers.items() if raw}
    known = {mbid: found for mbid, found in read.items() if found.characteristics}
    if not asks_first(tools):
        return Asked(known)
    # One recording of a passage says enough; and of one that is known by other
    # means, only what is there already.
    left = [
        each.mbids
        for each in open_
        if known.keys().isdisjoint(each.mbids) and each.flavor is None
    ]
    mbids = list(dict.fromkeys(mbid for each in left for mbid in each))
    return Asked(
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


def asks_first(tools: Tools) -> bool:
    """Return whether AcousticBrainz comes before what is heard here, if anybody is."""
    sources = tools.config.flavoring.sources
    if ACOUSTICBRAINZ not in sources:
        return False
    return sources[0] == ACOUSTICBRAINZ or expected(tools) is None


def told_of(piece: Piece, asked: Asked) -> Flavor | None:
    """Return what others say of a passage: its songs, or AcousticBrainz."""
    if len(piece.there.songs) > 1:
        return _of_songs(piece)
    found = [asked.known[mbid] for mbid in piece.mbids if mbid in asked.known]
    if not found:
        return None
    text = codec.encode({"characteristics": found[0].characteristics})
    return Flavor(text, ACOUSTICBRAINZ, found[0].version)


def _of_songs(piece: Piece) -> Flavor | None:
    """Return how a passage of several songs sounds: each as long as it runs."""
    songs = [
        (each.flavor, each.length or piece.span.length) for each in piece.there.songs
    ]
    known = [(flavor, length) for flavor, length in songs if flavor is not None]
    if len(known) < len(songs) or len({flavor.source for flavor, _ in known}) > 1:
        return None
    parts = [
        (codec.decode(flavor.text, dict)["characteristics"], float(length))
        for flavor, length in known
    ]
    text = codec.encode({"characteristics": blended(parts)})
    return Flavor(text, known[0][0].source, known[0][0].version)


def may_follow(tools: Tools, piece: Piece, asked: Asked) -> bool:
    """Return whether AcousticBrainz may say something about a passage soon."""
    if not (asks_first(tools) and tools.asking(ACOUSTICBRAINZ)):
        return False
    waits = {question.key for question in asked.asks} & set(piece.mbids)
    return bool(waits) or (not piece.is_known and tools.asking("acoustid"))
