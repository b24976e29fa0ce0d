"""The nouns of an import: values that flow from phase to phase.

All are frozen. Whatever is stored as a checkpoint is made of these, numbers,
text and tuples, so that it can be read back with its types checked.
"""

import math
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from typing import ClassVar, Final, NewType

import msgspec

from segued.units import Dbfs, Frames, Hertz, Ticks

__all__ = [
    "FINISHED",
    "AudioFacts",
    "AudioFile",
    "Confidence",
    "Cover",
    "FileEntry",
    "FileId",
    "FileStatus",
    "FileWarning",
    "Fingerprint",
    "FolderListing",
    "LevelCurve",
    "Need",
    "PassageMark",
    "PassageStatus",
    "PhaseNumber",
    "Service",
    "SessionState",
    "Signature",
    "SongStatus",
    "Span",
    "Tags",
]

FileId = NewType("FileId", str)
"""A file's id for life: UUID text. Survives renames, retags and re-imports."""


class PhaseNumber(IntEnum):
    """The ten phases, in the order in which a file goes through them."""

    FILENAME = 1
    HASH = 2
    TAGS = 3
    SEGMENT = 4
    FINGERPRINT = 5
    MATCH = 6
    RECORD = 7
    AMPLITUDE = 8
    FLAVOR = 9
    FINALIZE = 10


class Service(StrEnum):
    """A service on the network, by the name that the library stores."""

    ACOUSTID = "acoustid"
    MUSICBRAINZ = "musicbrainz"
    ACOUSTICBRAINZ = "acousticbrainz"


class Need(StrEnum):
    """What a deferred phase waits for, by the name that its checkpoint stores."""

    ACOUSTID = Service.ACOUSTID.value
    MUSICBRAINZ = Service.MUSICBRAINZ.value
    ACOUSTICBRAINZ = Service.ACOUSTICBRAINZ.value
    FOLDER = "folder"  # the other files of the folder
    CHROMAPRINT = "chromaprint"  # the library libchromaprint
    FLAVOR_SOURCE = "essentia"  # any installed analyzer that gives a flavor
    IDLE = "idle"  # time that no new file wants, within the active hours


class FileStatus(StrEnum):
    """Where a file stands."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETE = "INGEST COMPLETE"
    DUPLICATE = "DUPLICATE HASH"
    NO_AUDIO = "NO AUDIO"
    FAILED = "FAILED"
    MISSING = "MISSING"


FINISHED: Final = frozenset(
    {
        FileStatus.COMPLETE,
        FileStatus.DUPLICATE,
        FileStatus.NO_AUDIO,
        FileStatus.FAILED,
    }
)
"""A file in one of these is left alone until its bytes change."""


class PassageStatus(StrEnum):
    """Whether all phases of a passage are behind it."""

    PENDING = "PENDING"
    COMPLETE = "INGEST COMPLETE"


class SongStatus(StrEnum):
    """Whether it is known how a song sounds."""

    PENDING = "PENDING"
    FLAVOR_READY = "FLAVOR READY"
    FLAVORING_FAILED = "FLAVORING FAILED"


class SessionState(StrEnum):
    """Where an import session stands. There is no state for a phase."""

    SCANNING = "SCANNING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class Confidence(StrEnum):
    """How sure it is that a passage is the recording it is said to be."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"
    NONE = "None"


@dataclass(frozen=True, slots=True)
class Signature:
    """What `stat` says of a file's bytes; another one means other bytes."""

    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class AudioFile:
    """One file on its way through the phases.

    Attributes:
        path: Absolute path, as the bytes the system knows it by.
        root: The music folder it was found under.
        signature: Its bytes as they were when it was found.
    """

    id: FileId
    path: bytes
    root: bytes
    signature: Signature


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A name in a folder that may be a music file, and its `stat`."""

    path: bytes
    signature: Signature


@dataclass(frozen=True, slots=True)
class FolderListing:
    """One folder as a walk saw it: every candidate in it, none below it."""

    root: bytes
    path: bytes
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a recording: `[start, end)`, in ticks."""

    start: Ticks
    end: Ticks

    @property
    def length(self) -> Ticks:
        """How long it lasts."""
        return Ticks(self.end - self.start)


@dataclass(frozen=True, slots=True)
class PassageMark:
    """A passage that a CUE sheet or a chapter list says is there.

    Attributes:
        start: Where it begins, in ticks.
        end: Where it ends; None when only the next one's beginning tells.
    """

    start: Ticks
    end: Ticks | None = None
    title: str | None = None
    artist: str | None = None
    isrc: str | None = None


@dataclass(frozen=True, slots=True)
class FileWarning:
    """Something wrong with a file that was imported all the same."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture inside a file: noted, not kept."""

    mime: str
    size_bytes: int
    blake3: str


@dataclass(frozen=True, slots=True)
class Tags:
    """What a file says of itself. Absent and empty are both None or ()."""

    title: str | None = None
    artist: str | None = None
    artists: tuple[str, ...] = ()
    album: str | None = None
    album_artist: str | None = None
    track: int | None = None
    track_total: int | None = None
    disc: int | None = None
    disc_total: int | None = None
    date: str | None = None
    genres: tuple[str, ...] = ()
    isrcs: tuple[str, ...] = ()
    recording_mbid: str | None = None
    track_mbid: str | None = None
    release_mbid: str | None = None
    release_group_mbid: str | None = None
    work_mbid: str | None = None
    artist_mbids: tuple[str, ...] = ()
    album_artist_mbids: tuple[str, ...] = ()
    acoustid: str | None = None
    track_gain_db: float | None = None
    track_peak: float | None = None
    album_gain_db: float | None = None
    album_peak: float | None = None
    cover: Cover | None = None

    def merged_with(self, newer: "Tags") -> "Tags":
        """Return these tags with every value that `newer` has put over them.

        What `newer` does not have is kept: a value once read is not lost
        because a tag was.
        """
        values = {}
        for entry in fields(self):
            new = getattr(newer, entry.name)
            absent = new is None or new == ()
            values[entry.name] = getattr(self, entry.name) if absent else new
        return Tags(**values)


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What decoding a whole file showed.

    Attributes:
        frames: Frames decoded, counted; never what a header says.
        rate: Sample rate of the first frame.
        peak: Largest absolute sample, 1.0 being full scale; may exceed it.
        codec: FFmpeg's or libsndfile's name of the coding.
        decoder: Which library decoded it.
    """

    frames: Frames
    rate: Hertz
    channels: int
    peak: float
    codec: str
    decoder: str


@dataclass(frozen=True, slots=True)
class LevelCurve:
    """How loud a file is, hop by hop, from its start to its end.

    A hop's level is the RMS of the mean of all channels, kept in half
    decibels below full scale, one byte a hop: 0 is 0 dBFS, 120 is -60 dBFS,
    255 is -127.5 dBFS or less, digital silence included.

    Attributes:
        levels: One byte a hop; the last hop may be shorter than the others.
        hop: Frames in a hop; a hundredth of a second, rounded to a frame.
        rate: Frames per second.
        frames: Length of the whole file.
    """

    levels: bytes = field(repr=False)
    hop: Frames
    rate: Hertz
    frames: Frames

    STEP_DB: ClassVar = 0.5

    @classmethod
    def quantized(cls, level: Dbfs) -> int:
        """Return the byte that stands for `level`."""
        if level == -math.inf:
            return 255
        return min(255, max(0, round(-level / cls.STEP_DB)))


class Fingerprint(
    msgspec.Struct,
    frozen=True,
    rename={"encoded": "texts", "missing_reason": "reason"},  # as the library has them
):
    """The acoustic fingerprint of one span.

    Attributes:
        span: The stretch it was taken from; at most its first 120 s count.
        encoded: Compressed fingerprints as AcoustID takes them, one for each
            start phase; a whole file has one, a cut-out passage four. Empty
            when there is a `missing_reason`.
        missing_reason: Why there is nothing to look up: "too short", "silence"
            or "no chromaprint".
    """

    span: Span
    encoded: tuple[str, ...] = ()
    missing_reason: str | None = None
