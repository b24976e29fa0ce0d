"""Phase 9, flavoring: how each passage sounds.

What services know is asked at once. What has to be worked out here waits for
leisure: the file is imported without it, and taken up again when nobody else
wants the time. Where no source can tell, the phase waits for one; where one
fails, that is put on record, and may be tried again. Completion never depends
on any of it.
"""

from dataclasses import dataclass
from typing import Final

from segued.phases.base import LEISURE, Deferred, Dossier, Phase, Tools
from segued.phases.flavor import local
from segued.phases.flavor.remote import (
    ACOUSTICBRAINZ,
    Asked,
    Piece,
    asked_of,
    asks_first,
    may_follow,
    pieces_of,
    told_of,
)
from segued.phases.flavor.results import ESSENTIA, Heard, expected
from segued.store import flavors, lookups
from segued.store.flavors import Flavor, Measured
from segued.store.lookups import Question

__all__ = ["PHASE", "Flavored", "Sounded"]

UNCOUNTED: Final = ("later", "measured")


@dataclass(frozen=True, slots=True)
class Sounded:
    """What became of one passage: its flavor, or the reason it has none.

    Attributes:
        song: The song it is, if it is one.
        outcome: For the counters: "pre-existing", "too short", "failed", "none",
            "measured", the name of the source, or, while it is not known,
            "deferred" or "later".
        flavor: How it sounds, if that was found out now.
        measured: What was measured of it, if it was.
        failure: Why something could not be found out.
        later: Whether more is to be known when there is time.
    """

    passage: str
    song: str | None
    outcome: str
    flavor: Flavor | None = None
    measured: Measured | None = None
    failure: str | None = None
    later: bool = False

    @property
    def settled(self) -> bool:
        """Whether that is the last word."""
        return not self.later and self.outcome != "deferred"


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
    pieces = await pieces_of(tools, dossier)
    asked = await asked_of(tools, pieces)
    sounded = []
    spans = [piece.span for piece in pieces]
    async with local.listening_to(tools, dossier, spans) as listening:
        for number, piece in enumerate(pieces, start=1):
            tools.at_passage(number, len(pieces))
            sounded.append(await _sounded(tools, dossier, piece, asked, listening))
    result = Flavored(tuple(sounded), asked.asks, asked.empty)
    for piece, each in zip(pieces, sounded, strict=True):
        if each.outcome == "deferred" and may_follow(tools, piece, asked):
            return Deferred(result, ACOUSTICBRAINZ, "AcousticBrainz has not answered")
    if any(each.later for each in sounded):
        return Deferred(result, LEISURE, "others come first")
    if any(each.outcome == "deferred" for each in sounded):
        return Deferred(result, ESSENTIA, "no source of flavor can be asked")
    return result


async def _sounded(
    tools: Tools,
    dossier: Dossier,
    piece: Piece,
    asked: Asked,
    listening: local.Listening,
) -> Sounded:
    """Return how a passage sounds: by those before us, by a service, or by us."""
    told = told_of(piece, asked)
    if told is None and piece.flavor is None and may_follow(tools, piece, asked):
        return Sounded(piece.there.passage, piece.song, "deferred")
    heard = await local.kept(tools, dossier, piece.span)
    later = False
    if local.missing(tools, piece.span, heard):
        if LEISURE in tools.available:
            heard = await listening.sound(piece.span, heard)
        left = local.missing(tools, piece.span, heard)
        later = any(each not in heard.failures for each in left)
    return _concluded(tools, piece, told, heard, later=later)


def _concluded(
    tools: Tools, piece: Piece, told: Flavor | None, heard: Heard, *, later: bool
) -> Sounded:
    """Return what all of it amounts to.

    Args:
        tools: What there is.
        piece: The passage.
        told: What others say.
        heard: What was heard of it here.
        later: Whether more is to be heard when there is time.
    """
    flavor = told
    if told is None or not (asks_first(tools) or len(piece.there.songs) > 1):
        ours = _ours(tools, piece, heard)
        flavor = ours or (None if later or piece.flavor else told)
    failure = "; ".join(f"{who}: {why}" for who, why in heard.failures.items())
    return Sounded(
        piece.there.passage,
        piece.song,
        _outcome(tools, piece, flavor, failure, later=later),
        None if flavor == piece.flavor else flavor,
        heard.measured if heard.said or heard.before else None,
        failure or None,
        later,
    )


def _outcome(
    tools: Tools, piece: Piece, flavor: Flavor | None, failure: str, *, later: bool
) -> str:
    if flavor is not None and flavor != piece.flavor:
        return flavor.source
    if later:
        return "later"
    if piece.flavor is not None:
        # Of what was told there is only the measuring now.
        finished = LEISURE in tools.available
        return "measured" if finished and piece.is_told else "pre-existing"
    if failure:
        return "failed"
    if local.is_short(piece.span):
        return "too short"
    # Who hears and says nothing heard nothing: silence.
    told = expected(tools) is not None or not tools.config.flavoring.sources
    return "none" if told else "deferred"


def _ours(tools: Tools, piece: Piece, heard: Heard) -> Flavor | None:
    """Return how a passage sounds as we hear it, unless somebody said it better."""
    if piece.flavor is not None:
        said = piece.flavor.source, piece.flavor.version
        if piece.is_told or said == expected(tools):
            return None
    found = heard.flavor(tools.hears)
    if found is None or piece.flavor is None:
        return found
    before, now = (set(each.source.split("+")) for each in (piece.flavor, found))
    return None if now < before else found


def save(dossier: Dossier, result: Flavored) -> None:
    """Put the flavor on the song, or on the passage where it is not one."""
    lookups.want(dossier.file.id, ACOUSTICBRAINZ, result.asks, result.empty)
    for each in result.sounded:
        if each.measured is not None:
            flavors.measured(each.passage, each.measured)
        if each.song is None:
            if each.flavor is not None:
                flavors.set_passage(each.passage, each.flavor)
        else:
            flavors.set_passage(each.passage, None)
            if each.flavor is not None or each.outcome == "failed":
                flavors.set_song(each.song, each.flavor, _heard_in(each))
        if each.settled:
            flavors.set_failure(each.passage, each.failure)


def _heard_in(sounded: Sounded) -> str | None:
    told = sounded.flavor is not None and sounded.flavor.source == ACOUSTICBRAINZ
    return None if told else sounded.passage


def _tally(found: Flavored) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in found.sounded:
        if each.outcome not in UNCOUNTED:
            counts[each.outcome] = counts.get(each.outcome, 0) + 1
    return counts


def _recipe(tools: Tools) -> tuple[object, ...]:
    """Return what, changed, may make passages sound otherwise."""
    said = expected(tools)
    return tools.config.flavoring.sources, sorted(tools.hears.items()), said


PHASE: Final = Phase(
    number=9,
    name="flavor",
    title="Flavoring",
    version=2,
    result=Flavored,
    run=run,
    save=save,
    settings=_recipe,
    # The rest has tables of its own.
    kept=lambda found: Flavored(
        tuple(
            Sounded("", None, each.outcome, failure=each.failure)
            for each in found.sounded
            if each.settled
        )
    ),
    tally=_tally,
    extra=True,
)
