"""Write a file's passages and the decisions about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from segued.matching.questions import Question
from segued.model import Confidence, FileId, PassageStatus, Span
from segued.store import codec
from segued.store.prepared import Query, prepared
from segued.store.schema.files import Passage, PassageDecision, new_id, now
from segued.units import Ticks

__all__ = ["PassageRecord", "ids_for_file", "mark_complete", "replace", "set_leads"]


@dataclass(frozen=True, slots=True)
class PassageRecord:
    """One passage to store.

    Attributes:
        evidence: Evidence for the match, by kind.
        rejected: Rejected candidates, each with the reason.
        question: What a person could settle about the match.
    """

    span: Span
    fingerprint: str | None
    title: str | None
    artist: str | None
    album: str | None
    confidence: Confidence
    score: float
    reason: str
    evidence: dict[str, str]
    rejected: tuple[str, ...]
    question: Question | None = None


def replace(file: FileId, records: Sequence[PassageRecord]) -> list[str]:
    """Replace a file's passages; return the ids of the new ones, in order.

    A passage with an unchanged span keeps its id and its fades.
    """
    stored = {(start, end): passage for passage, start, end in _spans(file)}
    unchanged = {(each.span.start, each.span.end) for each in records} & set(stored)
    if stored:
        Passage.delete().where(
            Passage.file == file,
            Passage.id.not_in([stored[span] for span in unchanged]),
        ).execute()
        # Ordinals are unique in a file: negative ones cannot collide with new ones.
        Passage.update(ordinal=0 - Passage.ordinal).where(
            Passage.file == file
        ).execute()
    ids = []
    for ordinal, each in enumerate(records, start=1):
        passage = stored.get((each.span.start, each.span.end))
        if passage is None:
            passage = new_id()
            _insert(
                passage,
                file,
                each.span.start,
                each.span.end,
                **_description(ordinal, each),
            )
        else:
            _describe(passage, **_description(ordinal, each))
        _insert_decision(passage, **_decision_columns(each))
        ids.append(passage)
    return ids


def _description(ordinal: int, record: PassageRecord) -> dict[str, Any]:
    return {
        "ordinal": ordinal,
        "fingerprint": record.fingerprint,
        "title": record.title,
        "artist": record.artist,
        "album": record.album,
        "confidence": record.confidence,
        "score": record.score,
    }


def _decision_columns(record: PassageRecord) -> dict[str, Any]:
    question = record.question
    return {
        "reason": record.reason,
        "evidence": codec.encode(record.evidence),
        "rejected": codec.encode(record.rejected),
        "at": now(),
        "question": question and question.kind,
        "question_text": question and question.text,
        "candidates": question and codec.encode(question.candidates),
        "urgency": question and question.kind.urgency,
    }


def ids_for_file(file: FileId) -> list[str]:
    """Return the ids of a file's passages, in order."""
    return [passage for (passage,) in _ids_for_file(file)]


def set_leads(
    file: FileId,
    leads: Sequence[tuple[Ticks | None, Ticks | None]],
    silences: Sequence[Sequence[Span]],
) -> None:
    """Store lead-in, lead-out and long silences of each passage, in order, in ticks."""
    ids = ids_for_file(file)
    for passage, (lead_in, lead_out), inside in zip(ids, leads, silences, strict=True):
        pairs = [(silence.start, silence.end) for silence in inside]
        _set_leads(passage, lead_in, lead_out, codec.encode(pairs) if pairs else None)


def mark_complete(file: FileId) -> int:
    """Make a file's passages INGEST COMPLETE; return their number."""
    return _mark_complete(file).rowcount


@prepared
def _spans(file: FileId) -> Query:
    return Passage.select(Passage.id, Passage.start_ticks, Passage.end_ticks).where(
        Passage.file == file
    )


@prepared
def _insert(  # noqa: PLR0913
    passage: str,
    file: FileId,
    start: Ticks,
    end: Ticks,
    *,
    ordinal: int,
    fingerprint: str | None,
    title: str | None,
    artist: str | None,
    album: str | None,
    confidence: Confidence,
    score: float,
) -> Query:
    return Passage.insert(
        id=passage,
        file=file,
        ordinal=ordinal,
        start_ticks=start,
        end_ticks=end,
        fingerprint=fingerprint,
        title=title,
        artist=artist,
        album=album,
        confidence=confidence,
        score=score,
        status=PassageStatus.PENDING,
    )


@prepared
def _describe(  # noqa: PLR0913
    passage: str,
    *,
    ordinal: int,
    fingerprint: str | None,
    title: str | None,
    artist: str | None,
    album: str | None,
    confidence: Confidence,
    score: float,
) -> Query:
    return Passage.update(
        ordinal=ordinal,
        lead_in_ticks=None,
        lead_out_ticks=None,
        silences=None,
        fingerprint=fingerprint,
        title=title,
        artist=artist,
        album=album,
        confidence=confidence,
        score=score,
        status=PassageStatus.PENDING,
    ).where(Passage.id == passage)


@prepared
def _insert_decision(  # noqa: PLR0913
    passage: str,
    *,
    reason: str,
    evidence: str,
    rejected: str,
    at: str,
    question: str | None,
    question_text: str | None,
    candidates: str | None,
    urgency: int | None,
) -> Query:
    return PassageDecision.insert(
        passage=passage,
        reason=reason,
        evidence=evidence,
        rejected=rejected,
        at=at,
        question=question,
        question_text=question_text,
        candidates=candidates,
        urgency=urgency,
    ).on_conflict_replace()


@prepared
def _ids_for_file(file: FileId) -> Query:
    return (
        Passage.select(Passage.id).where(Passage.file == file).order_by(Passage.ordinal)
    )


@prepared
def _set_leads(
    passage: str, lead_in: Ticks | None, lead_out: Ticks | None, silences: str | None
) -> Query:
    return Passage.update(
        lead_in_ticks=lead_in, lead_out_ticks=lead_out, silences=silences
    ).where(Passage.id == passage)


@prepared
def _mark_complete(file: FileId) -> Query:
    return Passage.update(status=PassageStatus.COMPLETE).where(Passage.file == file)
