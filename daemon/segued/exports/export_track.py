"""A passage as it is exported: what the formats of other programs need of it."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from segued.paths import shown
from segued.units import ticks_to_seconds

__all__ = ["ExportOptions", "ExportTrack", "duration_seconds", "file_uri"]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a list is written.

    Attributes:
        title: The name of the list.
        base: The folder that paths are relative to; None: they are absolute.
    """

    title: str = "segued"
    base: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTrack:
    """A passage; positions are in ticks from the first frame of its file.

    Attributes:
        path: The path of the file, as the file system's bytes.
        passages_in_file: How many passages the file has.
        file_ticks: The length of the file.
        lead_in_ticks: Until where it may overlap the passage before; None: not known.
        lead_out_ticks: From where it may overlap the next one; None: not known.
        gain_db: ReplayGain 2; so are the album's gain and the peaks, in dB.
        columns: All columns of the row, for tables.
        artist_mbids: The MusicBrainz ids of the artists that have one.
        cover_url: Where the cover is; None: there is none.
        url: Where the file can be fetched; None: at its path.
    """

    passage_id: str
    file_id: str
    path: bytes
    ordinal: int
    passages_in_file: int
    start_ticks: int
    end_ticks: int
    file_ticks: int | None
    lead_in_ticks: int | None = None
    lead_out_ticks: int | None = None
    codec: str | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    album_id: str | None = None
    album_artist: str | None = None
    track: int | None = None
    date: str | None = None
    genres: tuple[str, ...] = ()
    recording_mbid: str | None = None
    release_mbid: str | None = None
    artist_mbids: tuple[str, ...] = ()
    bpm: float | None = None
    gain_db: float | None = None
    peak_dbtp: float | None = None
    album_gain_db: float | None = None
    album_peak_dbtp: float | None = None
    added_at: str | None = None
    has_picture: bool = False
    columns: Mapping[str, Any] = field(default_factory=dict)
    cover_url: str | None = None
    url: str | None = None

    @property
    def name(self) -> str:
        """The title; of an unnamed passage, the name of its file."""
        return self.title or shown(posixpath.basename(self.path))

    @property
    def is_whole_file(self) -> bool:
        """Whether the passage is the only one of its file."""
        return self.passages_in_file == 1


def duration_seconds(track: ExportTrack) -> float:
    """Return the length of a passage in seconds."""
    return ticks_to_seconds(track.end_ticks - track.start_ticks)


def file_uri(path: bytes) -> str:
    """Return the URI of an absolute path; each byte outside of ASCII is escaped.

    Example:
        >>> file_uri("/m/caf\N{LATIN SMALL LETTER E WITH ACUTE} #1.mp3".encode())
        'file:///m/caf%C3%A9%20%231.mp3'
    """
    return "file://" + quote(path)
