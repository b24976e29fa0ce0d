"""Phase 5, fingerprinting: a Chromaprint fingerprint of each passage, for AcoustID.

The fingerprints come from the decode of phase 4. Only for passages that were split
differently later is the file decoded again, and only for their fingerprints.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from segued.clients.acoustid import FingerprintQuery, parse_candidates
from segued.errors import ServiceAnswerError
from segued.matching.evidence import Candidate
from segued.media import file_analysis, fingerprint
from segued.model import (
    Fingerprint,
    Need,
    PhaseNumber,
    Service,
    Span,
)
from segued.phases import p01_filename, p02_hash, p04_segment
from segued.phases.base import Deferred, FileResults, Phase, PhaseContext
from segued.store import codec, decode_cache, lookup_failures, lookups
from segued.store.lookup_keys import LookupKey
from segued.store.lookups import LookupQuestion
from segued.units import Ticks, frames_to_ticks, ticks_to_seconds

__all__ = [
    "PHASE",
    "Fingerprinted",
    "candidates_of",
    "fingerprints_for",
    "open_questions",
    "questions_of",
]


@dataclass(frozen=True, slots=True)
class Fingerprinted:
    """One fingerprint for each passage, in order.

    Attributes:
        fresh: The new ones among them, from a decode of their own.
        asks: Questions that AcoustID has not answered yet.
        empty: Keys of questions without a result, or whose answer cannot be used.
    """

    prints: tuple[Fingerprint, ...]
    fresh: tuple[Fingerprint, ...] = ()
    asks: tuple[LookupQuestion, ...] = ()
    empty: tuple[str, ...] = ()


async def run(
    context: PhaseContext, file_results: FileResults
) -> Fingerprinted | Deferred[Fingerprinted]:
    """Collect the fingerprints, and compute those that phase 4 did not.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading it again failed.
    """
    # Those of phase 4 are stored by now, as after any earlier decode.
    stored, answers = await file_results.read(
        context.store, _read_stored, file_results[p02_hash.PHASE].audio
    )
    prints, fresh = await fingerprints_for(
        context, file_results, file_results[p04_segment.PHASE].spans, stored
    )
    keys = _keys_of(prints)
    if not keys <= answers.keys:
        answers = await context.store.do(_read_answers, keys)
    asks, empty = open_questions(prints, answers.by_key, answers.put_off)
    result = Fingerprinted(prints, fresh, asks, empty)
    if any(each.missing_reason == fingerprint.NO_CHROMAPRINT for each in prints):
        return Deferred(result, Need.CHROMAPRINT, "libchromaprint is not installed")
    if asks:
        return Deferred(result, Need.ACOUSTID, "AcoustID has not answered yet")
    return result


async def fingerprints_for(
    context: PhaseContext,
    file_results: FileResults,
    spans: Sequence[Span],
    stored: Sequence[Fingerprint],
) -> tuple[tuple[Fingerprint, ...], tuple[Fingerprint, ...]]:
    """Return a fingerprint for each of some spans, and the new ones among them.

    The file is decoded only for those that are not stored.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading it again failed.
    """
    has_chromaprint = Need.CHROMAPRINT in context.capabilities
    by_span = {
        each.span: each
        for each in stored
        if _is_valid(each, has_chromaprint=has_chromaprint)
    }
    missing = tuple(span for span in spans if span not in by_span)
    fresh: tuple[Fingerprint, ...] = ()
    if missing and has_chromaprint:
        fresh = await _decode(context, file_results, missing)
        by_span |= {each.span: each for each in fresh}
    prints = tuple(
        by_span.get(span)
        or Fingerprint(span, missing_reason=fingerprint.NO_CHROMAPRINT)
        for span in spans
    )
    return prints, fresh


async def _decode(
    context: PhaseContext, file_results: FileResults, spans: tuple[Span, ...]
) -> tuple[Fingerprint, ...]:
    """Decode the file for fingerprints, on another machine if one shall."""
    path = file_results.file.path
    signature = file_results[p01_filename.PHASE].signature
    whole = _whole_file(file_results[p04_segment.PHASE])
    if context.remote_decoding is not None:
        found = await context.remote_decoding.fingerprints_of(
            path, signature, spans, whole
        )
        if found is not None:
            return found
    return await context.compute.run_long(
        None, file_analysis.fingerprints_of, path, signature, spans, whole
    )


@dataclass(frozen=True, slots=True)
class _Answers:
    """What is stored about some questions to AcoustID.

    Attributes:
        keys: The keys of the questions.
        by_key: The answers.
        put_off: The keys of questions to send again later.
    """

    keys: AbstractSet[str]
    by_key: Mapping[str, bytes | None]
    put_off: Collection[str]


def _read_stored(audio_hash: str) -> tuple[tuple[Fingerprint, ...], _Answers]:
    """Return all stored fingerprints of some audio, and what is stored about them."""
    prints = decode_cache.fingerprints(audio_hash)
    return prints, _read_answers(_keys_of(prints))


def _read_answers(keys: AbstractSet[str]) -> _Answers:
    if not keys:
        return _Answers(keys, {}, ())
    return _Answers(
        keys,
        lookups.cached_answers(Service.ACOUSTID, keys),
        lookup_failures.put_off(Service.ACOUSTID, keys),
    )


def _keys_of(prints: Sequence[Fingerprint]) -> AbstractSet[str]:
    return {question.key for each in prints for question in questions_of(each)}


def questions_of(acoustic_fingerprint: Fingerprint) -> list[LookupQuestion]:
    """Return the questions about a fingerprint, in the order of sending.

    A passage that was split from a longer file has several fingerprints; each is
    looked up only if the one before has no result.
    """
    seconds = int(ticks_to_seconds(acoustic_fingerprint.span.length))
    return [
        LookupQuestion(
            str(LookupKey.for_fingerprint(text, seconds)),
            codec.encode(FingerprintQuery(text, seconds)),
        )
        for text in acoustic_fingerprint.encoded
    ]


def candidates_of(
    acoustic_fingerprint: Fingerprint, answers: Mapping[str, bytes | None]
) -> tuple[Candidate, ...] | None:
    """Return AcoustID's candidates for a fingerprint; None if it has not answered."""
    has_question = False
    for question in questions_of(acoustic_fingerprint):
        if question.key not in answers:
            return None
        has_question = True
        if found := _parse_candidates(answers[question.key]):
            return found
    return () if has_question else None


def _parse_candidates(raw: bytes | None) -> tuple[Candidate, ...]:
    """Return the candidates in an answer; none if this version cannot parse it."""
    try:
        return parse_candidates(raw) if raw else ()
    except ServiceAnswerError:
        return ()


def open_questions(
    prints: Sequence[Fingerprint],
    answers: Mapping[str, bytes | None],
    put_off: Collection[str],
) -> tuple[tuple[LookupQuestion, ...], tuple[str, ...]]:
    """Return the questions to send now, and the keys of those to send again later."""
    asks, empty = [], []
    for each in prints:
        for question in questions_of(each):
            if question.key in put_off:
                empty.append(question.key)
                continue
            if question.key not in answers:
                asks.append(question)
                break
            if _parse_candidates(answers[question.key]):
                break
            if answers[question.key] is not None:
                empty.append(question.key)
    return tuple(asks), tuple(empty)


def _is_valid(stored: Fingerprint, *, has_chromaprint: bool) -> bool:
    return stored.missing_reason != fingerprint.NO_CHROMAPRINT or not has_chromaprint


def _whole_file(segmented: p04_segment.Segmented) -> Span:
    facts = segmented.facts
    return Span(Ticks(0), frames_to_ticks(facts.frames, facts.rate))


def save(file_results: FileResults, result: Fingerprinted) -> None:
    """Store the new fingerprints and the questions for AcoustID."""
    if result.fresh:
        decode_cache.add_fingerprints(file_results[p02_hash.PHASE].audio, result.fresh)
    lookups.set_pending(
        file_results.file.id, Service.ACOUSTID, result.asks, result.empty
    )


def _counts(found: Fingerprinted) -> dict[str, int]:
    count = sum(bool(each.encoded) for each in found.prints)
    return {
        "fingerprints": count,
        "none": len(found.prints) - count,
        "deferred": len(found.asks),
        "cached": count - len(found.asks),
    }


PHASE: Final = Phase(
    number=PhaseNumber.FINGERPRINT,
    name="fingerprint",
    title="Fingerprinting",
    version=2,
    result_type=Fingerprinted,
    run=run,
    reads=lambda results: ((_read_stored, (results[p02_hash.PHASE].audio,)),),
    save=save,
    checkpointed=lambda found: Fingerprinted(found.prints),
    counts=_counts,
)
