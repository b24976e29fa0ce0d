"""What is told of a library that is browsed: lines, and pages of them."""

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Duplicate",
    "FailureGroup",
    "FailurePage",
    "FailureRow",
    "FileFacts",
    "FileLocation",
    "FilePage",
    "FileRow",
    "LibraryCounts",
    "PageRequest",
    "PassageFacts",
    "PassagePage",
    "PassageRow",
    "PhaseRow",
]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted, and how much is on one.

    Attributes:
        page: From 1. One past the last stands for the last.
        total: How much there is in all; None before that is known.
    """

    page: int = 1
    page_size: int = 50
    total: int | None = None

    def with_total(self, total: int) -> "PageRequest":
        """Return the cut of so much: the last page, if there are not so many."""
        pages = max(1, -(-total // self.page_size))
        return PageRequest(min(self.page, pages), self.page_size, total)

    @property
    def pages(self) -> int:
        """How many pages there are; one, when there is nothing."""
        return max(1, -(-(self.total or 0) // self.page_size))

    @property
    def offset(self) -> int:
        """How many come before it."""
        return (self.page - 1) * self.page_size

    @property
    def limit(self) -> int:
        """How many are on it, so that nobody looks for more."""
        return max(0, min(self.page_size, (self.total or 0) - self.offset))


@dataclass(frozen=True, slots=True)
class LibraryCounts:
    """What a library holds: files by status, passages by confidence, failed by code."""

    statuses: dict[str, int]
    confidences: dict[str, int]
    failures: dict[str, int]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file, as one line of many.

    Attributes:
        passages: How many it has.
        title: Of its first passage, as artist and confidence are.
    """

    file: str
    path: str
    name: str
    folder: str
    status: str
    duration_ticks: int | None
    codec: str | None
    passages: int
    title: str | None
    artist: str | None
    confidence: str | None
    failure_code: str | None


@dataclass(frozen=True, slots=True)
class FilePage:
    """Some of the files that were asked for, and how many there are.

    Attributes:
        total: Files that fit the search and the status.
        statuses: Files that fit the search, by status.
    """

    files: list[FileRow]
    page: int
    per: int
    pages: int
    total: int
    statuses: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage, as one line of many; positions in ticks from the file's start."""

    passage: str
    file: str
    path: str
    name: str
    ordinal: int
    start_ticks: int
    end_ticks: int
    lead_in_ticks: int | None
    lead_out_ticks: int | None
    title: str | None
    artist: str | None
    album: str | None
    recording_mbid: str | None
    release_mbid: str | None
    confidence: str
    score: float
    status: str
    flavor_source: str | None
    bpm: float | None
    key: str | None
    scale: str | None
    loudness_lufs: float | None


@dataclass(frozen=True, slots=True)
class PassagePage:
    """Some of the passages that were asked for, and how many there are.

    Attributes:
        total: Passages that fit the search and the confidence.
        confidences: Passages that fit the search, by confidence.
    """

    passages: list[PassageRow]
    page: int
    per: int
    pages: int
    total: int
    confidences: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Files with the same problem.

    Attributes:
        fatal: Whether they failed; else they were imported in spite of it.
    """

    code: str
    fatal: bool
    count: int


@dataclass(frozen=True, slots=True)
class FailureRow:
    """What is wrong with a file."""

    file: str
    path: str
    status: str
    phase: int
    code: str
    detail: str
    fatal: bool
    at: str


@dataclass(frozen=True, slots=True)
class FailurePage:
    """Some of the failures that were asked for, and all by what they are."""

    groups: list[FailureGroup]
    failures: list[FailureRow]
    page: int
    per: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """All that is known of a file itself; unknown as long as no phase told."""

    file: str
    path: str
    name: str
    folder: str
    root: str
    status: str
    size_bytes: int
    modified_at: str
    added_at: str
    finished_at: str | None
    content_hash: str | None
    audio_hash: str | None
    duration_ticks: int | None
    sample_rate: int | None
    channels: int | None
    codec: str | None


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase that is behind a file.

    Attributes:
        needs: What it waits for to go further.
    """

    phase: int
    at: str
    needs: str | None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another file with the same content."""

    file: str
    path: str


@dataclass(frozen=True, slots=True)
class PassageFacts(PassageRow):
    """A passage with the reasons for what is said of it.

    Attributes:
        evidence: What spoke for it, by kind.
        rejected: What else it could have been, each with the reason against.
        overruled: Whether a person said what it is.
        flavor: Characteristics and measures, by name.
        flavor_version: Of the source that says so.
        flavor_failure: Why it could not be found out how it sounds, or not all.
        key_strength: How clearly it is in its key, 0 to 1.
    """

    reason: str
    evidence: dict[str, str]
    rejected: list[str]
    overruled: bool
    flavor: dict[str, Any] | None
    flavor_version: str | None
    flavored_at: str | None
    flavor_failure: str | None
    key_strength: float | None
    loudness_range_lu: float | None
    true_peak_dbtp: float | None
    fade_in_ticks: int | None
    fade_out_ticks: int | None


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Where the bytes of a file are, as the system knows it, and their coding."""

    path: bytes
    codec: str | None
