"""AcoustID's answers for the pieces of a side, and the questions about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from segued.matching.evidence import PassageEvidence
from segued.model import Fingerprint, Service
from segued.phases import p05_fingerprint
from segued.phases.album.current_ids import with_current_ids
from segued.phases.base import PhaseContext
from segued.store import lookup_failures, lookups
from segued.store.lookups import LookupQuestion

__all__ = ["PieceAnswers", "read_piece_answers"]


@dataclass(frozen=True, slots=True)
class PieceAnswers:
    """The pieces of a side with AcoustID's answers.

    Attributes:
        pieces: The pieces with the candidates for their fingerprints.
        asks: Questions that are not answered yet; none without the service.
    """

    pieces: tuple[PassageEvidence, ...]
    asks: tuple[LookupQuestion, ...]


async def read_piece_answers(
    context: PhaseContext,
    pieces: Sequence[PassageEvidence],
    prints: Sequence[Fingerprint],
) -> PieceAnswers:
    """Return pieces with the stored answers for their fingerprints.

    Args:
        context: The context of the phase.
        pieces: The pieces.
        prints: A fingerprint for each of them, as it was or will be sent.
    """
    keys = [
        question.key
        for each in prints
        for question in p05_fingerprint.questions_of(each)
    ]
    answers = await context.store.do(lookups.cached_answers, Service.ACOUSTID, keys)
    put_off = await context.store.do(lookup_failures.put_off, Service.ACOUSTID, keys)
    known = dict.fromkeys(put_off) | answers
    found = []
    for piece, fingerprint in zip(pieces, prints, strict=True):
        candidates = p05_fingerprint.candidates_of(fingerprint, known)
        found.append(
            piece
            if candidates is None
            else replace(piece, acoustid_answered=True, candidates=candidates)
        )
    asks: tuple[LookupQuestion, ...] = ()
    if context.service_available(Service.ACOUSTID):
        asks, _ = p05_fingerprint.open_questions(prints, answers, put_off)
    return PieceAnswers(await with_current_ids(context, found), asks)
