"""Tables of files, passages, sessions and settings, and helpers for all tables.

The modules of this package are the single declaration of the schema. Ids are UUID
text, times are UTC ISO 8601 text, positions are ticks, paths are the file system's
bytes.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache, reduce
from operator import or_
from typing import Any, ClassVar, Final

from peewee import (
    SQL,
    BlobField,
    Check,
    CompositeKey,
    DatabaseProxy,
    FloatField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from segued.model import (
    Confidence,
    FileStatus,
    PassageStatus,
    SessionState,
)
from segued.paths import folder_prefix

__all__ = [
    "BaseTable",
    "Checkpoint",
    "Crash",
    "Failure",
    "File",
    "Passage",
    "PassageDecision",
    "Session",
    "Setting",
    "database",
    "is_under",
    "is_under_any",
    "iter_rows",
    "new_id",
    "now",
    "one_of",
]

database: Final = DatabaseProxy()
"""Initialized by `segued.store.database.Store`, once per process."""


def now() -> str:
    """Return the current UTC time in the library's format, in milliseconds."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{_second(seconds)}.{nanoseconds // 1_000_000:03}+00:00"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    """Return a time as text: formatting it takes longer than a short query."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def new_id() -> str:
    """Return a new random UUID as text."""
    return str(uuid.uuid4())


def one_of(column: str, values: type[StrEnum]) -> Any:  # noqa: ANN401
    """Return a CHECK constraint that limits a column to an enumeration's values."""
    names = ", ".join(f"'{value}'" for value in values)
    return Check(f"{column} IN ({names})")


def iter_rows(query: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """Return the rows of a query as plain tuples; peewee does not type them."""
    rows: Iterator[tuple[Any, ...]] = iter(query.tuples())
    return rows


class BaseTable(Model):
    """Base of all tables: bound to `database`, STRICT, with explicit table names."""

    class Meta:
        database = database
        legacy_table_names = False
        strict_tables = True


class File(BaseTable):
    """One audio file at one path; it keeps its id when the path changes."""

    id = TextField(primary_key=True, default=new_id)
    path = BlobField(unique=True)  # absolute, the file system's bytes
    folder = BlobField(index=True)  # the part of `path` before the last '/'
    root = BlobField(index=True)  # the music folder it was found in
    path_text = TextField()  # for display: invalid bytes as U+FFFD
    size_bytes = IntegerField()
    mtime_ns = IntegerField()
    inode = IntegerField(index=True)  # with size and mtime, finds a renamed file
    status = TextField(default=FileStatus.PENDING)
    status_was = TextField(null=True)  # of a MISSING file: the status before
    content_hash = TextField(null=True, index=True)  # BLAKE3; null until phase 2
    audio_hash = TextField(null=True, index=True)  # without tags; null until phase 2
    matching_hashes = TextField(default="[]")  # JSON: ids with this content
    tags = TextField(null=True)  # JSON of model.Tags; null until phase 3
    duration_ticks = IntegerField(null=True)  # decoded length; null until phase 4
    sample_rate = IntegerField(null=True)
    channels = IntegerField(null=True)
    codec = TextField(null=True)
    added_at = TextField(default=now)
    finished_at = TextField(null=True)
    assignment = TextField(null=True)  # release and track assigned by phase 6
    remembered_tags = TextField(null=True)  # JSON: value and date by field, if any
    tags_read_at = TextField(null=True)  # last time without a warning
    ctime_ns = IntegerField(null=True)  # null if never seen
    retagged_ns = IntegerField(null=True)  # ctime with other tags, but the same mtime
    sheets = TextField(null=True)  # see `store.beside_files`; null: nothing beside it
    shown_status = TextField(null=True, default=FileStatus.PENDING)  # by a trigger

    class Meta:
        table_name = "files"
        indexes = ((("status", "path"), False),)
        constraints: ClassVar = [one_of("status", FileStatus)]


File.add_index(
    File.index(File.path, name="files_again", where=SQL("shown_status <> status"))
)
"""A partial index: the complete files whose import continues are few."""


def is_under(folder: bytes) -> Any:  # noqa: ANN401
    """Return the query condition that a file is below a folder."""
    prefix = folder_prefix(folder)
    # "0" is the character after "/", so this is the range of paths with the prefix.
    return (File.path > prefix) & (File.path < prefix[:-1] + b"0")


def is_under_any(folders: Sequence[bytes]) -> Any:  # noqa: ANN401
    """Return the query condition that a file is below one of the folders."""
    return reduce(or_, map(is_under, folders), SQL("0"))


class Checkpoint(BaseTable):
    """The result of one finished phase for one file.

    Committed in the same transaction as the phase's other rows, so that a crash
    leaves both or neither.
    """

    file = ForeignKeyField(
        File, backref="checkpoints", on_delete="CASCADE", index=False
    )
    phase = IntegerField()
    recipe = TextField()  # version of the phase, and the settings it used
    payload = TextField()  # JSON of the result
    needs = TextField(null=True)  # what a deferred phase waits for
    at = TextField(default=now)

    class Meta:
        table_name = "checkpoints"
        primary_key = CompositeKey("file", "phase")
        without_rowid = True
        indexes = ((("phase", "recipe"), False), (("needs",), False))
        constraints: ClassVar = [Check("phase BETWEEN 1 AND 10")]


class Crash(BaseTable):
    """How often the process was killed while it imported a file."""

    file = ForeignKeyField(File, primary_key=True, on_delete="CASCADE", index=False)
    count = IntegerField()

    class Meta:
        table_name = "crashes"


class Passage(BaseTable):
    """One range of a file: `[start, end)`, in ticks from the first frame.

    Fades are never set by the import, only by other programs: null until then.
    """

    id = TextField(primary_key=True, default=new_id)
    file = ForeignKeyField(File, backref="passages", on_delete="CASCADE", index=False)
    ordinal = IntegerField()  # from 1
    start_ticks = IntegerField()
    end_ticks = IntegerField()
    lead_in_ticks = IntegerField(null=True)  # null: the player's crossfade applies
    lead_out_ticks = IntegerField(null=True)
    fade_in_ticks = IntegerField(null=True)
    fade_out_ticks = IntegerField(null=True)
    fade_in_curve = TextField(null=True)
    fade_out_curve = TextField(null=True)
    fingerprint = TextField(null=True)  # null: nothing to look up
    title = TextField(null=True)
    artist = TextField(null=True)
    album = TextField(null=True)
    confidence = TextField(default=Confidence.NONE)
    score = FloatField(default=0.0)
    status = TextField(default=PassageStatus.PENDING)
    flavor = TextField(null=True)  # JSON; only of a passage that is not one song
    flavor_source = TextField(null=True)
    flavor_version = TextField(null=True)  # of the source
    flavored_at = TextField(null=True)
    flavor_failure = TextField(null=True)  # why the flavor is missing or incomplete
    bpm = FloatField(null=True)  # this and the following: null if not measured
    key = TextField(null=True)  # "F#"
    scale = TextField(null=True)  # "major" or "minor"
    key_strength = FloatField(null=True)  # 0 to 1
    loudness_lufs = FloatField(null=True)  # EBU R128, the whole passage
    loudness_range_lu = FloatField(null=True)
    true_peak_dbtp = FloatField(null=True)
    silences = TextField(null=True)  # JSON: [start, end] of long ones inside

    class Meta:
        table_name = "passages"
        indexes = ((("file", "ordinal"), True),)
        constraints: ClassVar = [
            one_of("status", PassageStatus),
            one_of("confidence", Confidence),
            Check("0 <= start_ticks AND start_ticks < end_ticks"),
            Check("lead_in_ticks BETWEEN start_ticks AND end_ticks"),
            Check("lead_out_ticks BETWEEN start_ticks AND end_ticks"),
            Check("lead_in_ticks <= lead_out_ticks"),
            Check("score BETWEEN 0 AND 1"),
        ]


Passage.add_index(
    Passage.index(
        Passage.file,
        Passage.ordinal,
        name="passages_flavorless",
        where=SQL("flavor_failure IS NOT NULL"),
    )
)
"""A partial index: few passages have no flavor because of a failure."""


class PassageDecision(BaseTable):
    """Why a passage was matched as it is."""

    passage = ForeignKeyField(Passage, primary_key=True, on_delete="CASCADE")
    reason = TextField()
    evidence = TextField()  # JSON
    rejected = TextField()  # JSON: rejected candidates, each with the reason
    at = TextField(default=now)
    question = TextField(null=True)  # what a person could settle; null: nothing
    question_text = TextField(null=True)
    candidates = TextField(null=True)  # JSON: the recordings to choose from
    urgency = IntegerField(null=True)  # of the question; the highest comes first

    class Meta:
        table_name = "decisions"


PassageDecision.add_index(
    PassageDecision.index(
        PassageDecision.urgency,
        name="decisions_urgency",
        where=SQL("urgency IS NOT NULL"),
    )
)
"""A partial index: few matches raise a question."""


class Failure(BaseTable):
    """The problem of a file: why it failed, or a warning of an imported file."""

    file = ForeignKeyField(File, primary_key=True, on_delete="CASCADE")
    phase = IntegerField()
    code = TextField(index=True)
    detail = TextField()
    fatal = IntegerField()  # 1: the file failed; 0: it was imported nevertheless
    at = TextField(default=now)
    tries = IntegerField(null=True)  # failed ones in a row, if another may succeed
    retry_at = TextField(null=True)  # when the next try is due

    class Meta:
        table_name = "failures"
        constraints: ClassVar = [Check("fatal IN (0, 1)")]


Failure.add_index(
    Failure.index(
        Failure.retry_at,
        name="failures_retry_at",
        where=SQL("retry_at IS NOT NULL"),
    )
)
"""A partial index: few files are tried again."""


class Session(BaseTable):
    """One import session, from its first scan to its end."""

    id = TextField(primary_key=True, default=new_id)
    state = TextField(default=SessionState.SCANNING)
    roots = TextField()  # JSON: folders, as text
    started_at = TextField(default=now)
    ended_at = TextField(null=True)
    files_total = IntegerField(default=0)
    files_done = IntegerField(default=0)
    files_failed = IntegerField(default=0)
    reason = TextField(null=True)

    class Meta:
        table_name = "import_sessions"
        constraints: ClassVar = [one_of("state", SessionState)]


class Setting(BaseTable):
    """A setting, by name."""

    key = TextField(primary_key=True)
    value = TextField()  # JSON

    class Meta:
        table_name = "settings"
        without_rowid = True
