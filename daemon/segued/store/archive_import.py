"""Store the documents of AcousticBrainz archives as answers of the service."""

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
    """The document of one recording in an archive.

    Attributes:
        raw: The document, as JSON bytes.
        archive: Name of the archive, which contains its date.
        submissions: Number of documents of this recording in the archive.
    """

    mbid: str
    raw: bytes
    archive: str
    submissions: int


def missing_mbids() -> set[str]:
    """Return the ids of songs and pending lookups without a permanent answer."""
    pending = Lookup.select(Lookup.key).where(Lookup.service == Service.ACOUSTICBRAINZ)
    songs = Song.select(Song.mbid).where(~Song.mbid.is_null())
    answered = AcousticBrainzAnswer.select(AcousticBrainzAnswer.key).where(
        AcousticBrainzAnswer.expires_at.is_null()
    )
    needed = {mbid for query in (pending, songs) for (mbid,) in iter_rows(query)}
    return needed - {mbid for (mbid,) in iter_rows(answered)}


def save_entries(entries: Sequence[ArchiveEntry]) -> int:
    """Store documents of archives; return how many waiting files were requeued."""
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
    # Requeue them even if further questions are pending: one answer is enough.
    requeue_from_phase(waiting, PhaseNumber.FLAVOR)
    return len(waiting)
