"""The library database, declared: files, passages, and what is kept of them.

With `entities` this is the single declaration of the schema. Ids are UUID
text, times are UTC ISO 8601 text, positions are ticks, paths are the system's
own bytes.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
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
    "iter_rows",
    "new_id",
    "now",
    "one_of",
]

database: Final = DatabaseProxy()
"""Bound by `segued.store.database.Store`, once per process."""


def now() -> str:
    """Return the time of day, as the library writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_id() -> str:
    """Return an id that nothing else has."""
    return str(uuid.uuid4())


def one_of(column: str, values: type[StrEnum]) -> Any:  # noqa: ANN401
    """Return a check that a column holds one of an enumeration's values."""
    names = ", ".join(f"'{value}'" for value in values)
    return Check(f"{column} IN ({names})")


def iter_rows(query: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """Return the rows of a query as plain tuples, which peewee's types deny."""
    rows: Iterator[tuple[Any, ...]] = iter(query.tuples())
    return rows


class BaseTable(Model):
    """Base of every table: our database, strict typing, names we chose."""

    class Meta:
        database = database
        legacy_table_names = False
        strict_tables = True


class File(BaseTable):
    """One audio file, found at one path; its id outlives the path."""

    id = TextField(primary_key=True, default=new_id)
    path = BlobField(unique=True)  # absolute, the system's own bytes
    folder = BlobField(index=True)  # the part of `path` before the last '/'
    root = BlobField()  # the music folder it was found under
    path_text = TextField()  # for people: invalid bytes as U+FFFD
    size_bytes = IntegerField()
    mtime_ns = IntegerField()
    inode = IntegerField(index=True)  # with size and time: where it went
    status = TextField(default=FileStatus.PENDING)
    status_was = TextField(null=True)  # of a MISSING file: to go back to
    content_hash = TextField(null=True, index=True)  # BLAKE3; null until phase 2
    audio_hash = TextField(null=True, index=True)  # without tags; null until phase 2
    matching_hashes = TextField(default="[]")  # JSON: ids with this content
    tags = TextField(null=True)  # JSON of model.Tags, merged; null until phase 3
    duration_ticks = IntegerField(null=True)  # decoded length; null until phase 4
    sample_rate = IntegerField(null=True)
    channels = IntegerField(null=True)
    codec = TextField(null=True)
    added_at = TextField(default=now)
    finished_at = TextField(null=True)
    assignment = TextField(null=True)  # release and track that phase 6 gave it

    class Meta:
        table_name = "files"
        indexes = ((("status", "path"), False),)
        constraints: ClassVar = [one_of("status", FileStatus)]


class Checkpoint(BaseTable):
    """Proof that one phase is done for one file, and what it found.

    Written in the transaction that writes the phase's own rows, so a crash
    leaves either both or neither.
    """

    file = ForeignKeyField(
        File, backref="checkpoints", on_delete="CASCADE", index=False
    )
    phase = IntegerField()
    recipe = TextField()  # the phase's version, and the settings it used
    payload = TextField()  # JSON of the phase's result
    needs = TextField(null=True)  # what a deferred phase waits for
    at = TextField(default=now)

    class Meta:
        table_name = "checkpoints"
        primary_key = CompositeKey("file", "phase")
        without_rowid = True
        indexes = ((("phase", "recipe"), False), (("needs",), False))
        constraints: ClassVar = [Check("phase BETWEEN 1 AND 10")]


class Crash(BaseTable):
    """A file that was being worked on when the process was killed, and how often."""

    file = ForeignKeyField(File, primary_key=True, on_delete="CASCADE", index=False)
    count = IntegerField()

    class Meta:
        table_name = "crashes"


class Passage(BaseTable):
    """One stretch of a file; `[start, end)` in ticks from its first frame.

    Fades are a person's decision: null until somebody takes it.
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
    flavor = TextField(null=True)  # JSON; of a passage that is not one song
    flavor_source = TextField(null=True)
    flavor_version = TextField(null=True)  # of what said so
    flavored_at = TextField(null=True)
    flavor_failure = TextField(null=True)  # why it is not known how it sounds
    bpm = FloatField(null=True)  # what was measured; null while it was not
    key = TextField(null=True)  # "F#"
    scale = TextField(null=True)  # "major" or "minor"
    key_strength = FloatField(null=True)  # 0 to 1
    loudness_lufs = FloatField(null=True)  # EBU R128, the whole passage
    loudness_range_lu = FloatField(null=True)
    true_peak_dbtp = FloatField(null=True)

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
"""The few of which it could not be found out how they sound."""


class PassageDecision(BaseTable):
    """Why a passage is said to be what it is said to be."""

    passage = ForeignKeyField(Passage, primary_key=True, on_delete="CASCADE")
    reason = TextField()
    evidence = TextField()  # JSON
    rejected = TextField()  # JSON: candidates, each with the reason against it
    at = TextField(default=now)

    class Meta:
        table_name = "decisions"


class Failure(BaseTable):
    """What is wrong with a file: why it failed, or what it was imported in spite of."""

    file = ForeignKeyField(File, primary_key=True, on_delete="CASCADE")
    phase = IntegerField()
    code = TextField(index=True)
    detail = TextField()
    fatal = IntegerField()  # 1: the file failed; 0: imported all the same
    at = TextField(default=now)

    class Meta:
        table_name = "failures"
        constraints: ClassVar = [Check("fatal IN (0, 1)")]


class Session(BaseTable):
    """One import, from its first scan to its end."""

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
    """A setting, under its name."""

    key = TextField(primary_key=True)
    value = TextField()  # JSON

    class Meta:
        table_name = "settings"
        without_rowid = True
