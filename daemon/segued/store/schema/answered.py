"""The tables of what people answered to questions about matches."""

from peewee import AutoField, IntegerField, TextField

from segued.store.schema.files import BaseTable, now

__all__ = ["ChosenRelease", "StoredAnswer"]


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
    releases = TextField(null=True)  # JSON: the chosen releases before and after

    class Meta:
        table_name = "answers"


class ChosenRelease(BaseTable):
    """The release that a person says a file is of; it precedes what matching finds.

    The key is the audio, so that it applies to the file after renames and retags.
    """

    audio_hash = TextField(primary_key=True)
    release_mbid = TextField()
    at = TextField(default=now)

    class Meta:
        table_name = "chosen_releases"
        without_rowid = True
