"""Phase 5, fingerprinting: what each passage sounds like to AcoustID.

The fingerprints come from the decode of phase 4. Only when passages are cut
anew later is the file read again, and then only for those it lacks.
"""

from dataclasses import dataclass
from typing import Final

from segued.media import analysis, fingerprint
from segued.model import Print, Span
from segued.phases import p01_filename, p02_hash, p04_segment
from segued.phases.contract import Deferred, Dossier, Phase, Tools
from segued.store import curves
from segued.units import Ticks, frames_to_ticks

__all__ = ["PHASE", "Fingerprinted"]


@dataclass(frozen=True, slots=True)
class Fingerprinted:
    """One fingerprint for each passage, in order.

    Attributes:
        fresh: Those taken just now, by a reading of their own.
    """

    prints: tuple[Print, ...]
    fresh: tuple[Print, ...] = ()


async def run(tools: Tools, dossier: Dossier) -> Deferred[Fingerprinted]:
    """Gather the fingerprints, taking what phase 4 could not know to take.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading it again failed.
    """
    segmented = dossier[p04_segment.PHASE]
    audio_hash = dossier[p02_hash.PHASE].audio
    # The fresh decode of phase 4 is on record by now, like any older one.
    heard = await tools.store.do(curves.prints, audio_hash)
    usable = "chromaprint" in tools.available
    taken = {each.span: each for each in heard if _stands(each, usable=usable)}
    wanted = tuple(span for span in segmented.spans if span not in taken)
    fresh: tuple[Print, ...] = ()
    if wanted and usable:
        fresh = await tools.compute.long(
            None,
            analysis.prints_of,
            dossier.file.path,
            dossier[p01_filename.PHASE].signature,
            wanted,
            _whole(segmented),
        )
        taken |= {each.span: each for each in fresh}
    prints = tuple(
        taken.get(span) or Print(span, reason=fingerprint.UNAVAILABLE)
        for span in segmented.spans
    )
    result = Fingerprinted(prints, fresh)
    if any(each.reason == fingerprint.UNAVAILABLE for each in prints):
        return Deferred(result, "chromaprint", "libchromaprint is not installed")
    return Deferred(result, "acoustid", "AcoustID was not asked")


def _stands(each: Print, *, usable: bool) -> bool:
    return each.reason != fingerprint.UNAVAILABLE or not usable


def _whole(segmented: p04_segment.Segmented) -> Span:
    facts = segmented.facts
    return Span(Ticks(0), frames_to_ticks(facts.frames, facts.rate))


def save(dossier: Dossier, result: Fingerprinted) -> None:
    """Keep what had to be taken anew with what was heard before."""
    if result.fresh:
        curves.add_prints(dossier[p02_hash.PHASE].audio, result.fresh)


def _tally(found: Fingerprinted) -> dict[str, int]:
    taken = sum(bool(each.texts) for each in found.prints)
    return {"fingerprints": taken, "none": len(found.prints) - taken}


PHASE: Final = Phase(
    number=5,
    name="fingerprint",
    title="Fingerprinting",
    version=1,
    result=Fingerprinted,
    run=run,
    save=save,
    kept=lambda found: Fingerprinted(found.prints),
    tally=_tally,
)
