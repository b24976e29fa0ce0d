"""Tables of what is told to other programs, until they have taken it."""

from peewee import AutoField, CompositeKey, TextField

from segued.store.schema.files import BaseTable

__all__ = ["OutgoingEvent", "ToldSubject"]


class OutgoingEvent(BaseTable):
    """An event that one receiver has not taken yet."""

    id = AutoField()  # in the order of the events
    receiver = TextField()
    event = TextField()
    subject = TextField()  # what it is about; a later one of the same may replace it
    payload = TextField()  # JSON, as it is sent

    class Meta:
        table_name = "outbox"
        indexes = ((("receiver", "id"), False),)


class ToldSubject(BaseTable):
    """What was told last about an album or an open question."""

    event = TextField()
    subject = TextField()
    state = TextField()

    class Meta:
        table_name = "told_subjects"
        primary_key = CompositeKey("event", "subject")
        without_rowid = True
