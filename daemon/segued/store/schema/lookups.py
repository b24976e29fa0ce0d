"""Tables of pending lookups and of the answers of lookup services.

Answers are stored complete and unparsed, with question and date, so that changed
matching rules can be applied to them again.
"""

from typing import ClassVar, Final

from peewee import (
    SQL,
    BlobField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from segued.model import Service
from segued.store.schema.files import BaseTable, File, now, one_of

__all__ = [
    "ANSWER_TABLES",
    "KIND_OF_KEY",
    "AcoustIdAnswer",
    "AcousticBrainzAnswer",
    "CachedAnswer",
    "Lookup",
    "LookupFailure",
    "MergedId",
    "MusicBrainzAnswer",
]


class CachedAnswer(BaseTable):
    """Base of the answer tables, one for each service."""

    key = TextField(primary_key=True)  # see `store.lookup_keys`
    question = TextField()  # JSON of the complete question
    answer = BlobField(null=True)  # deflated response; null: rejected permanently
    at = TextField(default=now)
    expires_at = TextField(null=True)  # set if nothing was found: that may change


class AcoustIdAnswer(CachedAnswer):
    """The recordings that a fingerprint may belong to."""

    class Meta:
        table_name = "acoustid_cache"


class MusicBrainzAnswer(CachedAnswer):
    """A release, the releases of a group, a recording, or a search result."""

    class Meta:
        table_name = "musicbrainz_cache"


class AcousticBrainzAnswer(CachedAnswer):
    """The flavor of a recording; from a dump, with its name and submission count."""

    class Meta:
        table_name = "acousticbrainz_cache"


ANSWER_TABLES: Final[dict[Service, type[CachedAnswer]]] = {
    Service.ACOUSTID: AcoustIdAnswer,
    Service.MUSICBRAINZ: MusicBrainzAnswer,
    Service.ACOUSTICBRAINZ: AcousticBrainzAnswer,
}
"""The answer table of each service."""


class Lookup(BaseTable):
    """A question whose answer a file waits for; deleted when it is answered.

    If nothing was found it stays, due when that answer expires.
    """

    service = TextField()
    key = TextField()
    file = ForeignKeyField(File, backref="lookups", on_delete="CASCADE")
    question = TextField()
    at = TextField(default=now)  # when it was queued: the newest is sent first
    due_at = TextField(default=now)  # not to be sent before

    class Meta:
        table_name = "lookups"
        primary_key = CompositeKey("service", "key", "file")
        without_rowid = True
        constraints: ClassVar = [
            one_of("service", Service),
        ]


KIND_OF_KEY: Final = "substr(key, 1, instr(key, ':'))"
"""The kind of a question in SQL, as `LookupKind.prefix` has it."""

for _index in (
    "lookups_newest ON lookups (service, at, due_at)",
    f"lookups_newest_of_kind ON lookups (service, {KIND_OF_KEY}, at, due_at)",
    "lookups_to_count ON lookups (service, key, due_at)",
):
    # With all that is compared: the question before it may be pages long.
    Lookup.add_index(SQL(f"CREATE INDEX {_index}"))


class LookupFailure(BaseTable):
    """A question whose answer could not be used; deleted when it is answered."""

    service = TextField()
    key = TextField()
    question = TextField()  # JSON of the complete question
    reason = TextField()
    tries = IntegerField()
    at = TextField(default=now)
    due_at = TextField()  # not to be sent again before

    class Meta:
        table_name = "lookup_failures"
        primary_key = CompositeKey("service", "key")
        without_rowid = True
        constraints: ClassVar = [
            one_of("service", Service),
        ]


class MergedId(BaseTable):
    """The id of a recording or release that MusicBrainz has merged into another."""

    old_mbid = TextField(primary_key=True)
    new_mbid = TextField()

    class Meta:
        table_name = "merged_ids"
