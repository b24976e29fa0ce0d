"""Tables of what scans passed over; a reason is a `segued.model.PassedOver`."""

from peewee import BlobField, CompositeKey, IntegerField, TextField

from segued.store.schema.files import BaseTable

__all__ = ["PassedFile", "PassedNames"]


class PassedNames(BaseTable):
    """The names in one folder that the last scan passed over for one reason."""

    folder = BlobField()  # absolute, the file system's bytes
    reason = TextField()
    folder_text = TextField()  # for display
    count = IntegerField()
    names = TextField()  # JSON: the first of them, as text; "" is the folder itself

    class Meta:
        table_name = "passed_names"
        primary_key = CompositeKey("folder", "reason")
        without_rowid = True


class PassedFile(BaseTable):
    """A file that was passed over when it was read; not read again while unchanged."""

    path = BlobField(primary_key=True)
    folder = BlobField(index=True)
    path_text = TextField()  # for display
    reason = TextField()
    size_bytes = IntegerField()
    mtime_ns = IntegerField()
    inode = IntegerField()

    class Meta:
        table_name = "passed_files"
        without_rowid = True
