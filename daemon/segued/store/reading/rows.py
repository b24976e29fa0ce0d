"""Types of the rows and pages that the browsing queries return."""

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
    "PassedOverPage",
    "PassedOverRow",
    "PhaseRow",
    "RememberedTag",
]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The requested page of a listing.

    Attributes:
        page: Page number from 1; beyond the last page it stands for the last one.
        page_size: Rows per page.
        total: Number of rows on all pages; None before that is known.
    """

    page: int = 1
    page_size: int = 50
    total: int | None = None

    def with_total(self, total: int) -> "PageRequest":
        """Return the request for a known total, with the page limited to the last."""
        pages = max(1, -(-total // self.page_size))
        return PageRequest(min(self.page, pages), self.page_size, total)

    @property
    def pages(self) -> int:
        """Number of pages; one if there are no rows."""
        return max(1, -(-(self.total or 0) // self.page_size))

    @property
    def offset(self) -> int:
        """Number of rows before the page."""
        return (self.page - 1) * self.page_size

    @property
    def limit(self) -> int:
        """Number of rows on the page, so that SQLite does not search for more."""
        return max(0, min(self.page_size, (self.total or 0) - self.offset))


@dataclass(frozen=True, slots=True)
class LibraryCounts:
    """Counts of files by status, passages by confidence, and failed files by code.

    Attributes:
        passed_over: Number of files and folders that scans passed over, by reason.
        waiting_events: Number of events that a receiver has not taken, by receiver.
    """

    statuses: dict[str, int]
    confidences: dict[str, int]
    failures: dict[str, int]
    passed_over: dict[str, int]
    waiting_events: dict[str, int]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file in a listing.

    Attributes:
        passages: Number of passages.
        title: Title of the first passage; artist and confidence are its as well.
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
    """A page of the files that match a search.

    Attributes:
        total: Number of files that match the search and the status, as far as they
            are counted.
        statuses: Number of files that match the search, by status; of the first ones,
            if not all are counted.
        more: Whether more files match than are counted.
    """

    files: list[FileRow]
    page: int
    per: int
    pages: int
    total: int
    statuses: dict[str, int] = field(default_factory=dict)
    more: bool = False


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage in a listing; positions are in ticks from the file's start."""

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
    """A page of the passages that match a search.

    Attributes:
        total: Number of passages that match the search and the confidence, as far as
            they are counted.
        confidences: Number of passages that match the search, by confidence; of the
            first ones, if not all are counted.
        more: Whether more passages match than are counted.
    """

    passages: list[PassageRow]
    page: int
    per: int
    pages: int
    total: int
    confidences: dict[str, int] = field(default_factory=dict)
    more: bool = False


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """The number of files with the same problem.

    Attributes:
        fatal: Whether the files failed; otherwise they were imported nevertheless.
    """

    code: str
    fatal: bool
    count: int


@dataclass(frozen=True, slots=True)
class FailureRow:
    """The problem of a file.

    Attributes:
        retry_at: When the file is tried again by itself; None if only its bytes, or a
            request, can help.
    """

    file: str
    path: str
    status: str
    phase: int
    code: str
    detail: str
    fatal: bool
    at: str
    retry_at: str | None


@dataclass(frozen=True, slots=True)
class FailurePage:
    """A page of failures, and the counts of all failures by code."""

    groups: list[FailureGroup]
    failures: list[FailureRow]
    page: int
    per: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class PassedOverRow:
    """A file or folder that is not imported.

    Attributes:
        reason: Why; "ending" if its name is not that of a music file.
        path: Its path; or that of a folder, if `more` is not 0.
        more: How many further ones there are in this folder, which are not listed.
    """

    reason: str
    path: str
    more: int


@dataclass(frozen=True, slots=True)
class PassedOverPage:
    """A page of what is not imported, and the counts of everything, by reason."""

    counts: dict[str, int]
    passed_over: list[PassedOverRow]
    page: int
    per: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Properties of a file; None until the phase that determines them has run."""

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
    """A finished phase of a file.

    Attributes:
        at: When it finished, in UTC.
        needs: What a deferred phase waits for; None if it is complete.
    """

    phase: int
    at: str
    needs: str | None


@dataclass(frozen=True, slots=True)
class RememberedTag:
    """The value of a tag that a file does not hold any more, and its last read."""

    value: Any
    read_at: str | None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another file with the same content."""

    file: str
    path: str


@dataclass(frozen=True, slots=True)
class PassageFacts(PassageRow):
    """A passage with all details, among them the reasons for its match.

    Attributes:
        evidence: Evidence for the match, by kind.
        rejected: Rejected candidates, each with the reason.
        overruled: Whether an override decides what it is.
        flavor: Characteristics and measures, by name.
        flavor_version: Version of the flavor's source.
        flavor_failure: Why the flavor is missing or incomplete.
        key_strength: Strength of the musical key, 0 to 1.
        album_id: The album that it is on; None if it is on none.
        disc: Its place there, as `track`; 0 if that is not known.
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
    album_id: str | None
    disc: int | None
    track: int | None


@dataclass(frozen=True, slots=True)
class FileLocation:
    """The path of a file, as the file system's bytes, and its codec."""

    path: bytes
    codec: str | None
