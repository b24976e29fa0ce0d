"""The table of what people answered to questions about matches."""

from peewee import AutoField, IntegerField, TextField

from segued.store.schema.files import BaseTable, now

__all__ = ["StoredAnswer"]


class StoredAnswer(BaseTable):
    """A person's answer: what it changed in the overrides, so that it can be undone."""

    id = AutoField()
    at = TextField(default=now)
    person = TextField()  # an account of this machine, or an address
    program = TextField()
    version = TextField()  # of the program
    action = TextField()
    changes = TextField()  # JSON: for each passage the overrides before and after
    undoes = IntegerField(null=True)  # the answer that this one takes back

    class Meta:
        table_name = "answers"
