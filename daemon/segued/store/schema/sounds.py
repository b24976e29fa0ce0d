"""Tables by which other encodings of a recording are found."""

from peewee import (
    AutoField,
    CompositeKey,
    FloatField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from segued.store.schema.files import BaseTable

__all__ = ["PrintItem", "PrintedSound", "SameSound"]


class PrintedSound(BaseTable):
    """A sound whose fingerprint is in the index, with a short key."""

    id = AutoField()
    audio_hash = TextField(unique=True)

    class Meta:
        table_name = "printed_sounds"


class PrintItem(BaseTable):
    """An item of a fingerprint; of each only some, the same ones of similar sounds."""

    item = IntegerField()
    sound = ForeignKeyField(PrintedSound, on_delete="CASCADE")

    class Meta:
        table_name = "print_items"
        primary_key = CompositeKey("item", "sound")
        without_rowid = True


class SameSound(BaseTable):
    """Two sounds that are encodings of one recording; each pair has both rows."""

    audio_hash = TextField()
    other_hash = TextField()
    offset_ticks = IntegerField()  # from a position in the first to that in the other
    error = FloatField()  # share of the bits of their fingerprints that differ
    spread_db = FloatField()  # their levels differ by at most this, nine times of ten

    class Meta:
        table_name = "same_sounds"
        primary_key = CompositeKey("audio_hash", "other_hash")
        without_rowid = True
