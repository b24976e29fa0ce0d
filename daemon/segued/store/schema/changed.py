"""Tables of what changed in the views, for programs that follow the library."""

from peewee import CompositeKey, IntegerField, TextField

from segued.store.schema.files import BaseTable

__all__ = ["ChangedRow", "RowChange"]


class RowChange(BaseTable):
    """The last change of a row of the views; rows that are gone stay listed here."""

    kind = TextField()  # "file", "passage" or "album"
    id = TextField()
    change = IntegerField(unique=True)  # counts all changes of the library

    class Meta:
        table_name = "row_changes"
        primary_key = CompositeKey("kind", "id")
        without_rowid = True


class ChangedRow(BaseTable):
    """A row that changed in the current transaction; empty after it."""

    kind = TextField()
    id = TextField()

    class Meta:
        table_name = "changed_rows"
        primary_key = CompositeKey("kind", "id")
        without_rowid = True
