"""Locations and identifiers as URIs, for the formats that have only those."""

from typing import Final
from urllib.parse import quote

from segued.exports.export_track import ExportOptions, ExportTrack, file_uri
from segued.exports.lines import relative_path

__all__ = [
    "ARTIST_URI",
    "END_META",
    "GAIN_META",
    "RECORDING_URI",
    "RELEASE_URI",
    "START_META",
    "uri_location",
]

RECORDING_URI: Final = "https://musicbrainz.org/recording/"
RELEASE_URI: Final = "https://musicbrainz.org/release/"
ARTIST_URI: Final = "https://musicbrainz.org/artist/"

START_META: Final = "urn:segued:start-seconds"
END_META: Final = "urn:segued:end-seconds"
GAIN_META: Final = "urn:segued:replaygain-track-gain"
"""Where a passage is inside its file, and how to level it."""


def uri_location(track: ExportTrack, options: ExportOptions) -> str:
    """Return the URI of a track's file; any path can be written so."""
    if track.url is not None:
        return track.url
    if options.base is None:
        return file_uri(track.path)
    path = quote(relative_path(track.path, options))
    return f"./{path}" if ":" in path.partition("/")[0] else path
