"""What archives say of how recordings sound: kept like answers of the service."""

from collections.abc import Sequence
from dataclasses import dataclass

from segued.model import FileId
from segued.store import codec, lookups
from segued.store.lookups import Answered, Question
from segued.store.requeue import FLAVORING, take_up_from
from segued.store.schema.files import tuples
from segued.store.schema.lookups import AcousticBrainzAnswer, Lookup
from segued.store.schema.music import Song

__all__ = ["Submitted", "keep", "wanted"]

SERVICE = "acousticbrainz"


@dataclass(frozen=True, slots=True)
class Submitted:
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


def wanted() -> set[str]:
    """Return the recordings that files are, or may be, and nothing is known of."""
    asked = Lookup.select(Lookup.key).where(Lookup.service == SERVICE)
    songs = Song.select(Song.mbid).where(~Song.mbid.is_null())
    known = AcousticBrainzAnswer.select(AcousticBrainzAnswer.key).where(
        AcousticBrainzAnswer.expires_at.is_null()
    )
    found = {mbid for query in (asked, songs) for (mbid,) in tuples(query)}
    return found - {mbid for (mbid,) in tuples(known)}


def keep(submitted: Sequence[Submitted]) -> int:
    """Keep what archives say; return how many files were taken up for it."""
    rows = Lookup.select(Lookup.file).where(
        Lookup.service == SERVICE, Lookup.key.in_([each.mbid for each in submitted])
    )
    waiting = sorted({FileId(file) for (file,) in tuples(rows)})
    answered = []
    for each in submitted:
        text = codec.encode({"archive": each.archive, "submissions": each.submissions})
        answered.append(Answered(Question(each.mbid, text), each.raw))
    lookups.keep(SERVICE, answered)
    # Whatever else was asked about them: this is enough.
    take_up_from(waiting, FLAVORING)
    return len(waiting)
