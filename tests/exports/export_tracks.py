"""Tracks for tests of the formats."""

from typing import Any

from segued.exports.export_track import ExportTrack
from segued.units import TICKS_PER_SECOND

__all__ = ["SECOND", "make_track"]

SECOND = TICKS_PER_SECOND


def make_track(path: bytes = b"/music/a/song.mp3", **values: Any) -> ExportTrack:  # noqa: ANN401
    """Return a song of 200 s, alone in its file."""
    defaults: dict[str, Any] = {
        "passage_id": "p1",
        "file_id": "f1",
        "ordinal": 1,
        "passages_in_file": 1,
        "start_ticks": 0,
        "end_ticks": 200 * SECOND,
        "file_ticks": 200 * SECOND,
        "codec": "mp3",
        "title": "Joga",
        "artist": "Bjork",
        "album": "Homogenic",
    }
    return ExportTrack(path=path, **(defaults | values))
