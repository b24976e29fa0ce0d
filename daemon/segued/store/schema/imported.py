"""Tables of what the libraries of other programs say about files."""

from typing import ClassVar

from peewee import Check, CompositeKey, ForeignKeyField, IntegerField, TextField

from segued.store.schema.files import BaseTable, File

__all__ = ["ImportedIds", "Listening"]


class ImportedIds(BaseTable):
    """The ids that another program names for a file: evidence, as tags are."""

    file = ForeignKeyField(File, on_delete="CASCADE", index=False)
    source = TextField()  # the program, such as "beets"
    recording_mbid = TextField(null=True)
    release_mbid = TextField(null=True)
    added_at = TextField(null=True)  # when the file came into its library, in UTC
    read_at = TextField()  # when the row was written

    class Meta:
        table_name = "imported_ids"
        primary_key = CompositeKey("file", "source")
        without_rowid = True


class Listening(BaseTable):
    """How a person rated a file in another program, and how often it was played."""

    file = ForeignKeyField(File, on_delete="CASCADE", index=False)
    source = TextField()
    rating = IntegerField(null=True)  # 0 to 100; null: not rated
    play_count = IntegerField(null=True)
    last_played = TextField(null=True)  # in UTC
    read_at = TextField()  # when the row was written

    class Meta:
        table_name = "listening"
        primary_key = CompositeKey("file", "source")
        without_rowid = True
        constraints: ClassVar = [
            Check("rating BETWEEN 0 AND 100"),
            Check("play_count >= 0"),
        ]
