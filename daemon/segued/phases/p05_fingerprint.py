"""Phase 5, fingerprinting: what each passage sounds like to AcoustID.

The fingerprints come from the decode of phase 4. Only when passages are cut
anew later is the file read again, and then only for those it lacks.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from segued.clients.acoustid import Asked, candidates
from segued.errors import ServiceAnswerError
from segued.matching.evidence import Candidate
from segued.media import file_analysis, fingerprint
from segued.model import Print, Span
from segued.phases import p01_filename, p02_hash, p04_segment
from segued.phases.base import Deferred, Dossier, Phase, Tools
from segued.store import codec, decode_cache, lookups
from segued.store.lookups import Question
from segued.units import Ticks, frames_to_ticks, ticks_to_seconds

__all__ = [
    "PHASE",
    "Fingerprinted",
    "candidates_of",
    "prints_for",
    "questions_of",
]


@dataclass(frozen=True, slots=True)
class Fingerprinted:
    """One fingerprint for each passage, in order.

    Attributes:
        fresh: Those taken just now, by a reading of their own.
        asks: What AcoustID has not answered yet.
        empty: Keys of what it found nothing for.
    """

    prints: tuple[Print, ...]
    fresh: tuple[Print, ...] = ()
    asks: tuple[Question, ...] = ()
    empty: tuple[str, ...] = ()


async def run(
    tools: Tools, dossier: Dossier
) -> Fingerprinted | Deferred[Fingerprinted]:
    """Gather the fingerprints, taking what phase 4 could not know to take.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading it again failed.
    """
    prints, fresh = await prints_for(tools, dossier, dossier[p04_segment.PHASE].spans)
    every = [question for each in prints for question in questions_of(each)]
    keys = [question.key for question in every]
    known = await tools.store.do(lookups.answers, "acoustid", keys)
    asks, empty = _unanswered(prints, known)
    result = Fingerprinted(prints, fresh, asks, empty)
    if any(each.reason == fingerprint.UNAVAILABLE for each in prints):
        return Deferred(result, "chromaprint", "libchromaprint is not installed")
    if asks:
        return Deferred(result, "acoustid", "AcoustID has not answered yet")
    return result


async def prints_for(
    tools: Tools, dossier: Dossier, spans: Sequence[Span]
) -> tuple[tuple[Print, ...], tuple[Print, ...]]:
    """Return a fingerprint for each of some spans, and those that are new.

    What was taken before is on record; only for the others is the file read.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading it again failed.
    """
    # The fresh decode of phase 4 is on record by now, like any older one.
    heard = await tools.store.do(decode_cache.prints, dossier[p02_hash.PHASE].audio)
    usable = "chromaprint" in tools.available
    taken = {each.span: each for each in heard if _stands(each, usable=usable)}
    wanted = tuple(span for span in spans if span not in taken)
    fresh: tuple[Print, ...] = ()
    if wanted and usable:
        fresh = await tools.compute.long(
            None,
            file_analysis.prints_of,
            dossier.file.path,
            dossier[p01_filename.PHASE].signature,
            wanted,
            _whole(dossier[p04_segment.PHASE]),
        )
        taken |= {each.span: each for each in fresh}
    prints = tuple(
        taken.get(span) or Print(span, reason=fingerprint.UNAVAILABLE) for span in spans
    )
    return prints, fresh


def questions_of(sound: Print) -> list[Question]:
    """Return what can be asked about a fingerprint, in the order of asking.

    A passage cut out of a longer file has several takes; the next is asked
    about only when nothing is found for the one before it.
    """
    seconds = int(ticks_to_seconds(sound.span.length))
    return [
        Question(_key(text, seconds), codec.encode(Asked(text, seconds)))
        for text in sound.texts
    ]


def candidates_of(
    sound: Print, known: Mapping[str, bytes | None]
) -> tuple[Candidate, ...] | None:
    """Return what AcoustID said of a fingerprint; None if it has not answered."""
    asked = False
    for question in questions_of(sound):
        if question.key not in known:
            return None
        asked = True
        if found := _read(known[question.key]):
            return found
    return () if asked else None


def _read(raw: bytes | None) -> tuple[Candidate, ...]:
    """Return what an answer says; nothing, of one that is not understood any more."""
    try:
        return candidates(raw) if raw else ()
    except ServiceAnswerError:
        return ()


def _key(text: str, seconds: int) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{digest}:{seconds}"


def _unanswered(
    prints: Sequence[Print], known: Mapping[str, bytes | None]
) -> tuple[tuple[Question, ...], tuple[str, ...]]:
    """Return what is to be asked now, and what nothing was found for."""
    asks, empty = [], []
    for each in prints:
        for question in questions_of(each):
            if question.key not in known:
                asks.append(question)
                break
            if _read(known[question.key]):
                break
            if known[question.key] is not None:
                empty.append(question.key)
    return tuple(asks), tuple(empty)


def _stands(each: Print, *, usable: bool) -> bool:
    return each.reason != fingerprint.UNAVAILABLE or not usable


def _whole(segmented: p04_segment.Segmented) -> Span:
    facts = segmented.facts
    return Span(Ticks(0), frames_to_ticks(facts.frames, facts.rate))


def save(dossier: Dossier, result: Fingerprinted) -> None:
    """Keep what had to be taken anew, and what AcoustID is to be asked."""
    if result.fresh:
        decode_cache.add_prints(dossier[p02_hash.PHASE].audio, result.fresh)
    lookups.want(dossier.file.id, "acoustid", result.asks, result.empty)


def _tally(found: Fingerprinted) -> dict[str, int]:
    taken = sum(bool(each.texts) for each in found.prints)
    counts = {"fingerprints": taken, "none": len(found.prints) - taken}
    return counts | {"deferred": len(found.asks), "cached": taken - len(found.asks)}


PHASE: Final = Phase(
    number=5,
    name="fingerprint",
    title="Fingerprinting",
    version=2,
    result=Fingerprinted,
    run=run,
    save=save,
    kept=lambda found: Fingerprinted(found.prints),
    tally=_tally,
)
