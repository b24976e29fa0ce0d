"""The data types of an import: values passed from phase to phase.

All are frozen. Checkpoints consist of these types, numbers, text and tuples, so
that types can be checked when a checkpoint is loaded.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from operator import attrgetter
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
    "PassedOver",
    "PhaseNumber",
    "Service",
    "SessionState",
    "Signature",
    "SongStatus",
    "Span",
    "SpectrumCurve",
    "Tags",
]

FileId = NewType("FileId", str)
"""Permanent id of a file: UUID text, kept across renames, retags and re-imports."""


class PhaseNumber(IntEnum):
    """The ten phases, in the order in which they run for a file."""

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
    """A lookup service; the value is its name in the library."""

    ACOUSTID = "acoustid"
    MUSICBRAINZ = "musicbrainz"
    ACOUSTICBRAINZ = "acousticbrainz"


class Need(StrEnum):
    """What a deferred phase waits for; the value is stored in its checkpoint."""

    ACOUSTID = Service.ACOUSTID.value
    MUSICBRAINZ = Service.MUSICBRAINZ.value
    ACOUSTICBRAINZ = Service.ACOUSTICBRAINZ.value
    FOLDER = "folder"  # the other files of the folder
    CHROMAPRINT = "chromaprint"  # the library libchromaprint
    FLAVOR_SOURCE = "essentia"  # any installed analyzer that computes a flavor
    IDLE = "idle"  # no new files to import, within the active hours


class FileStatus(StrEnum):
    """Import status of a file."""

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
"""A file in one of these states is not imported again until its bytes change."""


class PassedOver(StrEnum):
    """Why a scan did not import a file or folder; the value is stored."""

    ENDING = "ending"  # no ending of a music file
    HIDDEN = "hidden"
    IGNORED_FOLDER = "ignored-folder"  # by its name, or by a marker in it
    LINK = "link"
    MOVING_PICTURE = "moving-picture"
    NOT_REGULAR = "not-regular"  # a FIFO, socket or device
    PARTIAL = "partial"  # an incomplete download or copy
    PERMISSION = "permission"  # a folder that may not be read
    UNREADABLE = "unreadable"  # a folder that cannot be read for another cause


class PassageStatus(StrEnum):
    """Import status of a passage: whether all phases are done."""

    PENDING = "PENDING"
    COMPLETE = "INGEST COMPLETE"


class SongStatus(StrEnum):
    """Whether the flavor of a song is known."""

    PENDING = "PENDING"
    FLAVOR_READY = "FLAVOR READY"
    FLAVORING_FAILED = "FLAVORING FAILED"


class SessionState(StrEnum):
    """State of an import session; phases have no state of their own here."""

    SCANNING = "SCANNING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class Confidence(StrEnum):
    """Confidence that a passage is the recording that it was matched with."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"
    NONE = "None"


@dataclass(frozen=True, slots=True)
class Signature:
    """Size, mtime and inode of a file; if one of them differs, so do its bytes.

    Attributes:
        ctime_ns: When bytes, owner, mode or links last changed; None if not known. It
            is not compared: if only it differs, phase 1 compares the tags.
    """

    size_bytes: int
    mtime_ns: int
    inode: int
    ctime_ns: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AudioFile:
    """One file being imported.

    Attributes:
        path: Absolute path, as the file system's bytes.
        root: The music folder it was found in.
        signature: The signature that the scan found.
    """

    id: FileId
    path: bytes
    root: bytes
    signature: Signature


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A directory entry that may be a music file, with its signature."""

    path: bytes
    signature: Signature


@dataclass(frozen=True, slots=True)
class FolderListing:
    """One folder as a walk listed it: its candidate files, without subfolders.

    Attributes:
        passed_over: The names in it that are not scanned, with the reason; an empty
            name stands for the folder itself.
        is_linked: Whether the walk came to it through a link.
        sheets: Its CUE sheets.
        sheets_digest: What identifies them; None if there are none.
        lyrics: The lyrics beside its files, by the path of the file.
    """

    root: bytes
    path: bytes
    files: tuple[FileEntry, ...]
    passed_over: tuple[tuple[PassedOver, bytes], ...] = ()
    is_linked: bool = False
    sheets: tuple[FileEntry, ...] = ()
    sheets_digest: str | None = None
    lyrics: Mapping[bytes, FileEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a file's audio: `[start, end)`, in ticks."""

    start: Ticks
    end: Ticks

    @property
    def length(self) -> Ticks:
        """Length in ticks."""
        return Ticks(self.end - self.start)


@dataclass(frozen=True, slots=True)
class PassageMark:
    """A passage listed by a CUE sheet or a chapter list.

    Attributes:
        start: Start in ticks.
        end: End in ticks; None if it ends where the next one starts.
    """

    start: Ticks
    end: Ticks | None = None
    title: str | None = None
    artist: str | None = None
    isrc: str | None = None


@dataclass(frozen=True, slots=True)
class FileWarning:
    """A problem of a file that was imported nevertheless."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture embedded in a file: only its type, size and hash are stored."""

    mime: str
    size_bytes: int
    blake3: str


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of a file. An absent or an empty tag is None or ()."""

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
    original_date: str | None = None
    compilation: bool | None = None
    composers: tuple[str, ...] = ()
    work: str | None = None
    lyrics: str | None = None

    def merged_with(self, newer: "Tags") -> "Tags":
        """Return these tags, overwritten by all values that `newer` has.

        A value that `newer` lacks is kept, so that it is not lost when its tag is
        removed from the file.
        """
        values_of = attrgetter(*Tags.__slots__)
        pairs = zip(values_of(self), values_of(newer), strict=True)
        return Tags(*(old if new is None or new == () else new for old, new in pairs))


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """Properties measured while a whole file was decoded.

    Attributes:
        frames: Number of frames decoded, whatever the header declares.
        rate: Sample rate of the first frame, in Hz.
        peak: Largest absolute sample; 1.0 is full scale and may be exceeded.
        codec: Name of the codec in FFmpeg or libsndfile.
        decoder: The library that decoded it.
    """

    frames: Frames
    rate: Hertz
    channels: int
    peak: float
    codec: str
    decoder: str


@dataclass(frozen=True, slots=True)
class LevelCurve:
    """The level of a whole file, hop by hop.

    The level of a hop is the RMS of the mean of all channels, stored in half
    decibels below full scale, one byte per hop: 0 is 0 dBFS, 120 is -60 dBFS,
    255 is -127.5 dBFS or less, including digital silence.

    Attributes:
        levels: One byte per hop; the last hop may be shorter than the others.
        hop: Frames per hop: 10 ms, rounded to a frame.
        rate: Sample rate in Hz.
        frames: Length of the whole file.
    """

    levels: bytes = field(repr=False)
    hop: Frames
    rate: Hertz
    frames: Frames

    STEP_DB: ClassVar = 0.5

    @classmethod
    def quantized(cls, level: Dbfs) -> int:
        """Return the byte that `levels` stores for a level in dBFS."""
        if level == -math.inf:
            return 255
        return min(255, max(0, round(-level / cls.STEP_DB)))


@dataclass(frozen=True, slots=True)
class SpectrumCurve:
    """The distribution of a whole file's energy, two short spectra a second.

    A spectrum has the energies of the twelve notes from A on, each of all octaves,
    and those of eight bands from low to high, in decibels below full scale.

    Attributes:
        values: `VALUES` bytes per spectrum; the last one is complete.
        interval: Frames from the start of one spectrum to that of the next.
    """

    values: bytes = field(repr=False)
    interval: Frames

    VALUES: ClassVar = 20
    STEP_DB: ClassVar = 1.0


class Fingerprint(
    msgspec.Struct,
    frozen=True,
    rename={"encoded": "texts", "missing_reason": "reason"},  # names in the library
):
    """The acoustic fingerprint of one span.

    Attributes:
        span: The range it was computed from; at most its first 120 s are used.
        encoded: Compressed fingerprints as AcoustID accepts them, one per start
            offset: one for a whole file, four for a passage inside a file. Empty
            if there is a `missing_reason`.
        missing_reason: Why there is no fingerprint: "too short", "silence" or
            "no chromaprint".
    """

    span: Span
    encoded: tuple[str, ...] = ()
    missing_reason: str | None = None
