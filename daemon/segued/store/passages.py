"""A file's passages, and the decisions about them."""

from collections.abc import Sequence
from dataclasses import dataclass

from segued.model import Confidence, FileId, PassageStatus, Span
from segued.store import codec
from segued.store.models import Decision, Passage, now
from segued.units import Ticks

__all__ = ["Decided", "complete", "of_file", "replace", "set_flavor", "set_leads"]


@dataclass(frozen=True, slots=True)
class Decided:
    """One passage as it is to be recorded.

    Attributes:
        evidence: What spoke for it, by kind.
        rejected: What else it could have been, each with the reason against.
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


def replace(file: FileId, decided: Sequence[Decided]) -> list[str]:
    """Replace a file's passages; return the ids of the new ones, in order.

    A passage whose span stays keeps its id, and with it the fades that a
    person gave it.
    """
    there = {
        (row.start_ticks, row.end_ticks): row
        for row in Passage.select().where(Passage.file == file)
    }
    kept = {(each.span.start, each.span.end) for each in decided} & set(there)
    Passage.delete().where(
        Passage.file == file,
        Passage.id.not_in([there[span].id for span in kept]),
    ).execute()
    # Ordinals are unique within a file: out of the way while they move.
    Passage.update(ordinal=0 - Passage.ordinal).where(Passage.file == file).execute()
    ids = []
    for ordinal, each in enumerate(decided, start=1):
        old = there.get((each.span.start, each.span.end))
        row = old or Passage(file=file)
        row.ordinal = ordinal
        row.start_ticks, row.end_ticks = each.span.start, each.span.end
        row.lead_in_ticks = row.lead_out_ticks = None
        row.fingerprint = each.fingerprint
        row.title, row.artist, row.album = each.title, each.artist, each.album
        row.confidence, row.score = each.confidence, each.score
        row.status = PassageStatus.PENDING
        row.save(force_insert=old is None)
        Decision.insert(
            passage=row.id,
            reason=each.reason,
            evidence=codec.encode(each.evidence),
            rejected=codec.encode(each.rejected),
            at=now(),
        ).on_conflict_replace().execute()
        ids.append(row.id)
    return ids


def of_file(file: FileId) -> list[str]:
    """Return the ids of a file's passages, in order."""
    rows = Passage.select(Passage.id).where(Passage.file == file)
    return [row.id for row in rows.order_by(Passage.ordinal)]


def set_leads(file: FileId, leads: Sequence[tuple[Ticks | None, Ticks | None]]) -> None:
    """Put lead-in and lead-out of a file's passages on record, in order."""
    for passage, (lead_in, lead_out) in zip(of_file(file), leads, strict=True):
        Passage.update(lead_in_ticks=lead_in, lead_out_ticks=lead_out).where(
            Passage.id == passage
        ).execute()


def set_flavor(passage: str, flavor: str, source: str) -> None:
    """Put on record how a passage without a song sounds."""
    Passage.update(flavor=flavor, flavor_source=source).where(
        Passage.id == passage
    ).execute()


def complete(file: FileId) -> int:
    """Make a file's passages INGEST COMPLETE; return how many there are."""
    changed: int = (
        Passage.update(status=PassageStatus.COMPLETE)
        .where(Passage.file == file)
        .execute()
    )
    return changed
