"""What outside services were asked, and what they answered, declared.

Answers are kept whole, as they came, with the question and the date: what
they mean is worked out anew whenever the rules of matching change.
"""

from typing import ClassVar, Final

from peewee import BlobField, CompositeKey, ForeignKeyField, TextField

from segued.model import Service
from segued.store.schema.files import BaseTable, File, now, one_of

__all__ = [
    "ANSWER_TABLES",
    "AcoustIdAnswer",
    "AcousticBrainzAnswer",
    "CachedAnswer",
    "Lookup",
    "MusicBrainzAnswer",
]


class CachedAnswer(BaseTable):
    """Base of the tables of answers, one for each service."""

    key = TextField(primary_key=True)  # what the question is called here
    question = TextField()  # JSON of what was asked, in full
    answer = BlobField(null=True)  # deflated, as it came; null: refused for ever
    at = TextField(default=now)
    expires_at = TextField(null=True)  # of "nothing found": it is no truth


class AcoustIdAnswer(CachedAnswer):
    """What recordings a fingerprint may be of."""

    class Meta:
        table_name = "acoustid_cache"


class MusicBrainzAnswer(CachedAnswer):
    """A release, the releases of an album, a recording, or a search."""

    class Meta:
        table_name = "musicbrainz_cache"


class AcousticBrainzAnswer(CachedAnswer):
    """How a recording sounds; of a dump, when it was made and how many sent it."""

    class Meta:
        table_name = "acousticbrainz_cache"


ANSWER_TABLES: Final[dict[Service, type[CachedAnswer]]] = {
    Service.ACOUSTID: AcoustIdAnswer,
    Service.MUSICBRAINZ: MusicBrainzAnswer,
    Service.ACOUSTICBRAINZ: AcousticBrainzAnswer,
}
"""The services that can be asked, by the name that deferred phases use."""


class Lookup(BaseTable):
    """A question that a file waits for the answer to. Gone once it is there.

    When the answer was that nothing was found, it stays, due when that expires.
    """

    service = TextField()
    key = TextField()
    file = ForeignKeyField(File, backref="lookups", on_delete="CASCADE")
    question = TextField()
    at = TextField(default=now)  # when it was wanted: the newest goes first
    due_at = TextField(default=now)  # not to be asked before

    class Meta:
        table_name = "lookups"
        primary_key = CompositeKey("service", "key", "file")
        without_rowid = True
        indexes = ((("service", "at"), False),)
        constraints: ClassVar = [
            one_of("service", Service),
        ]
