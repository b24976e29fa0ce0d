"""What archives say of how recordings sound: kept like answers of the service."""

from collections.abc import Sequence
from dataclasses import dataclass

from segued.model import FileId, PhaseNumber, Service
from segued.store import codec, lookups
from segued.store.lookups import LookupAnswer, LookupQuestion
from segued.store.requeue import requeue_from_phase
from segued.store.schema.files import iter_rows
from segued.store.schema.lookups import AcousticBrainzAnswer, Lookup
from segued.store.schema.music import Song

__all__ = ["ArchiveEntry", "missing_mbids", "save_entries"]


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """What an archive says of a recording.

    Attributes:
        raw: The document.
        archive: The archive's name, which says when it was made.
        submissions: How many documents of this recording it holds.
    """

    mbid: str
    raw: bytes
    archive: str
    submissions: int


def missing_mbids() -> set[str]:
    """Return the recordings that files are, or may be, and nothing is known of."""
    asked = Lookup.select(Lookup.key).where(Lookup.service == Service.ACOUSTICBRAINZ)
    songs = Song.select(Song.mbid).where(~Song.mbid.is_null())
    known = AcousticBrainzAnswer.select(AcousticBrainzAnswer.key).where(
        AcousticBrainzAnswer.expires_at.is_null()
    )
    found = {mbid for query in (asked, songs) for (mbid,) in iter_rows(query)}
    return found - {mbid for (mbid,) in iter_rows(known)}


def save_entries(entries: Sequence[ArchiveEntry]) -> int:
    """Keep what archives say; return how many files were taken up for it."""
    rows = Lookup.select(Lookup.file).where(
        Lookup.service == Service.ACOUSTICBRAINZ,
        Lookup.key.in_([each.mbid for each in entries]),
    )
    waiting = sorted({FileId(file) for (file,) in iter_rows(rows)})
    answers = []
    for each in entries:
        text = codec.encode({"archive": each.archive, "submissions": each.submissions})
        answers.append(LookupAnswer(LookupQuestion(each.mbid, text), each.raw))
    lookups.save_answers(Service.ACOUSTICBRAINZ, answers)
    # Whatever else was asked about them: this is enough.
    requeue_from_phase(waiting, PhaseNumber.FLAVOR)
    return len(waiting)
