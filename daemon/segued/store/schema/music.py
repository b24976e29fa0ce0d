"""Tables of songs, artists, works, albums and overrides, and the list of all tables."""

from typing import ClassVar, Final

from peewee import (
    Check,
    CompositeKey,
    FloatField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from segued.model import SongStatus
from segued.store.schema.answered import ChosenRelease, StoredAnswer
from segued.store.schema.audio import (
    AnalyzerOutput,
    DecodeCache,
    SpectrumCache,
    StoredLoudness,
)
from segued.store.schema.changed import ChangedRow, RowChange
from segued.store.schema.files import (
    BaseTable,
    Checkpoint,
    Crash,
    Failure,
    File,
    Passage,
    PassageDecision,
    Session,
    Setting,
    new_id,
    now,
    one_of,
)
from segued.store.schema.imported import ImportedIds, Listening
from segued.store.schema.lookups import (
    AcousticBrainzAnswer,
    AcoustIdAnswer,
    Lookup,
    LookupFailure,
    MergedId,
    MusicBrainzAnswer,
)
from segued.store.schema.outgoing import OutgoingEvent, ToldSubject
from segued.store.schema.passed import PassedFile, PassedNames
from segued.store.schema.sounds import PrintedSound, PrintItem, SameSound

__all__ = [
    "TABLES",
    "Album",
    "Artist",
    "PassageAlbum",
    "PassageSong",
    "Song",
    "SongArtist",
    "SongWork",
    "StoredOverride",
    "Work",
]


class Song(BaseTable):
    """A recording in the sense of MusicBrainz, or one known only from tags."""

    id = TextField(primary_key=True, default=new_id)
    mbid = TextField(null=True, unique=True)
    name_key = TextField(null=True, unique=True)  # for songs without an MBID
    title = TextField(null=True)
    status = TextField(default=SongStatus.PENDING)
    flavor = TextField(null=True)  # JSON
    flavor_source = TextField(null=True)
    flavor_version = TextField(null=True)  # of the source
    flavored_at = TextField(null=True)
    flavor_passage = TextField(null=True)  # the analyzed passage; null: from a service

    class Meta:
        table_name = "songs"
        constraints: ClassVar = [
            one_of("status", SongStatus),
            Check("(mbid IS NULL) <> (name_key IS NULL)"),
        ]


class Artist(BaseTable):
    """A person or group credited with songs."""

    id = TextField(primary_key=True, default=new_id)
    mbid = TextField(null=True, unique=True)
    name_key = TextField(null=True, unique=True)
    name = TextField(null=True)

    class Meta:
        table_name = "artists"


class Work(BaseTable):
    """The composition behind a recording."""

    id = TextField(primary_key=True, default=new_id)
    mbid = TextField(unique=True)
    title = TextField(null=True)

    class Meta:
        table_name = "works"


class Album(BaseTable):
    """A release that a passage comes from."""

    id = TextField(primary_key=True, default=new_id)
    mbid = TextField(null=True, unique=True)
    name_key = TextField(null=True, unique=True)
    title = TextField(null=True)

    class Meta:
        table_name = "albums"


class PassageSong(BaseTable):
    """The song of a passage; several only if a person or another program adds them."""

    passage = ForeignKeyField(Passage, on_delete="CASCADE", index=False)
    song = ForeignKeyField(Song, on_delete="CASCADE")
    length_ticks = IntegerField(null=True)  # its part; null: the whole passage

    class Meta:
        table_name = "passage_songs"
        primary_key = CompositeKey("passage", "song")
        without_rowid = True


class SongArtist(BaseTable):
    """An artist of a song; the weights of a song's artists sum to 1."""

    song = ForeignKeyField(Song, on_delete="CASCADE", index=False)
    artist = ForeignKeyField(Artist, on_delete="CASCADE")
    weight = FloatField()

    class Meta:
        table_name = "song_artists"
        primary_key = CompositeKey("song", "artist")
        without_rowid = True
        constraints: ClassVar = [Check("weight > 0 AND weight <= 1")]


class SongWork(BaseTable):
    """A work that a song is a performance of."""

    song = ForeignKeyField(Song, on_delete="CASCADE", index=False)
    work = ForeignKeyField(Work, on_delete="CASCADE")

    class Meta:
        table_name = "song_works"
        primary_key = CompositeKey("song", "work")
        without_rowid = True


class PassageAlbum(BaseTable):
    """The release that a passage comes from."""

    passage = ForeignKeyField(Passage, on_delete="CASCADE", index=False)
    album = ForeignKeyField(Album, on_delete="CASCADE")

    class Meta:
        table_name = "passage_albums"
        primary_key = CompositeKey("passage", "album")
        without_rowid = True


class StoredOverride(BaseTable):
    """A person's decision on what a passage is; it takes precedence over matching.

    The key is the audio, so that it applies to the file after renames and retags.
    """

    audio_hash = TextField()
    start_ticks = IntegerField()  # start of the passage when the override was set
    recording_mbid = TextField(null=True)  # null: not a song, unless it keeps its match
    title = TextField(null=True)
    artist = TextField(null=True)
    at = TextField(default=now)
    keeps_match = IntegerField(null=True)  # 1: it stays what it is matched to

    class Meta:
        table_name = "overrides"
        primary_key = CompositeKey("audio_hash", "start_ticks")
        without_rowid = True


TABLES: Final = (
    File,
    Checkpoint,
    DecodeCache,
    StoredLoudness,
    Passage,
    Song,
    Artist,
    Work,
    Album,
    PassageSong,
    SongArtist,
    SongWork,
    PassageAlbum,
    PassageDecision,
    Failure,
    Session,
    Setting,
    Crash,
    AcoustIdAnswer,
    MusicBrainzAnswer,
    Lookup,
    StoredOverride,
    AcousticBrainzAnswer,
    AnalyzerOutput,
    LookupFailure,
    MergedId,
    PassedNames,
    PassedFile,
    SpectrumCache,
    RowChange,
    ChangedRow,
    StoredAnswer,
    PrintedSound,
    PrintItem,
    SameSound,
    OutgoingEvent,
    ToldSubject,
    ImportedIds,
    Listening,
    ChosenRelease,
)
"""All tables; a table comes after those that its foreign keys reference."""
