"""All formats of `segued export`, by name."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from segued.exports.audacity import write_audacity_labels
from segued.exports.cue_sheet import write_cue_sheet
from segued.exports.export_track import ExportOptions, ExportTrack
from segued.exports.jspf import write_jspf
from segued.exports.liquidsoap import write_liquidsoap
from segued.exports.m3u8 import write_m3u8
from segued.exports.row_lines import write_csv, write_json_lines
from segued.exports.xspf import write_xspf

__all__ = ["EXPORT_FORMATS", "ROW_WRITERS", "ExportFormat"]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format.

    Attributes:
        media_type: Its type, for HTTP.
        ending: The usual ending of a file, without the dot.
        write: Yields a list of tracks in parts.
        has_locations: Whether a URL may stand for the path of a file.
    """

    media_type: str
    ending: str
    write: Callable[[Iterable[ExportTrack], ExportOptions], Iterator[str]]
    has_locations: bool = False


def _csv(tracks: Iterable[ExportTrack], _options: ExportOptions) -> Iterator[str]:
    return write_csv(track.columns for track in tracks)


def _json_lines(
    tracks: Iterable[ExportTrack], _options: ExportOptions
) -> Iterator[str]:
    return write_json_lines(track.columns for track in tracks)


EXPORT_FORMATS: Final = {
    "m3u8": ExportFormat("audio/mpegurl", "m3u8", write_m3u8, has_locations=True),
    "xspf": ExportFormat(
        "application/xspf+xml", "xspf", write_xspf, has_locations=True
    ),
    "jspf": ExportFormat("application/json", "jspf", write_jspf, has_locations=True),
    "csv": ExportFormat("text/csv", "csv", _csv),
    "jsonl": ExportFormat("application/x-ndjson", "jsonl", _json_lines),
    "cue": ExportFormat("application/x-cue", "cue", write_cue_sheet),
    "audacity": ExportFormat("text/plain", "txt", write_audacity_labels),
    "liquidsoap": ExportFormat(
        "text/plain", "liquidsoap.txt", write_liquidsoap, has_locations=True
    ),
}

ROW_WRITERS: Final = {"csv": write_csv, "jsonl": write_json_lines}
"""The formats that also write rows of albums."""
