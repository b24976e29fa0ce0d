"""MPD's stickers: values that its clients show, sort by and search for."""

import json
from typing import Final

from segued.exports.export_track import ExportTrack

__all__ = ["PREFIX", "RATING", "rating_of", "stickers_of"]

PREFIX: Final = "segued_"
"""Our stickers begin with this, so that those of other programs are left alone."""

RATING: Final = "rating"
"""The sticker, 0 to 10, in which MPD's clients keep a person's rating."""

MEASURES: Final = {
    "bpm": "bpm",
    "key": "key",
    "scale": "scale",
    "loudness_lufs": "loudness_lufs",
    "track_gain_db": "track_gain_db",
    "confidence": "confidence",
    "recording_mbid": "recording_mbid",
    "release_mbid": "release_mbid",
    "play_count": "play_count",
}
"""The columns that are stickers, and their names."""


def stickers_of(track: ExportTrack) -> dict[str, str]:
    """Return the stickers of a passage that is a whole file, by name.

    Shares of a flavor are percent, as whole numbers: MPD compares those.
    """
    found = {
        PREFIX + name: str(track.columns[column])
        for column, name in MEASURES.items()
        if track.columns.get(column) is not None
    }
    flavor = json.loads(track.columns.get("flavor") or "{}")
    for name, shares in flavor.get("characteristics", {}).items():
        for each, share in shares.items():
            if not each.startswith("not_"):
                suffix = "" if name == f"mood_{each}" else f"_{each}"
                found[f"{PREFIX}{name}{suffix}"] = str(round(100 * share))
    return found


def rating_of(track: ExportTrack) -> str | None:
    """Return the rating of a passage as MPD's clients count, 0 to 10; None without."""
    rating = track.columns.get("rating")
    return None if rating is None else str(round(rating / 10))
