"""JSPF: XSPF as JSON, with the extension of MusicBrainz that ListenBrainz reads."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from segued.exports.export_track import ExportOptions, ExportTrack, duration_seconds
from segued.exports.uris import (
    ARTIST_URI,
    END_META,
    GAIN_META,
    RECORDING_URI,
    RELEASE_URI,
    START_META,
    uri_location,
)
from segued.units import ticks_to_seconds

__all__ = ["PLAYLIST_EXTENSION", "TRACK_EXTENSION", "write_jspf"]

PLAYLIST_EXTENSION: Final = "https://musicbrainz.org/doc/jspf#playlist"
TRACK_EXTENSION: Final = "https://musicbrainz.org/doc/jspf#track"


def write_jspf(tracks: Iterable[ExportTrack], options: ExportOptions) -> Iterator[str]:
    """Yield the playlist in parts: a line for each track."""
    extension = json.dumps({PLAYLIST_EXTENSION: {"public": False}})
    yield (
        f'{{"playlist": {{"title": {json.dumps(options.title)},'
        f' "extension": {extension}, "track": ['
    )
    comma = ""
    for track in tracks:
        yield f"{comma}\n{json.dumps(_track(track, options), ensure_ascii=False)}"
        comma = ","
    yield "\n]}}\n"


def _track(track: ExportTrack, options: ExportOptions) -> dict[str, Any]:
    identifiers = [RECORDING_URI + track.recording_mbid] if track.recording_mbid else []
    values = {
        "location": [uri_location(track, options)],
        "identifier": identifiers or None,
        "title": _text(track.name),
        "creator": _text(track.artist),
        "album": _text(track.album),
        "image": track.cover_url,
        "trackNum": track.track or None,
        "duration": round(1_000 * duration_seconds(track)),
        "meta": _metas(track) or None,
        "extension": {TRACK_EXTENSION: _extension(track)},
    }
    return {name: value for name, value in values.items() if value is not None}


def _metas(track: ExportTrack) -> list[dict[str, str]]:
    metas: dict[str, str] = {}
    if not track.is_whole_file:
        metas[START_META] = f"{ticks_to_seconds(track.start_ticks):.6f}"
        metas[END_META] = f"{ticks_to_seconds(track.end_ticks):.6f}"
    if track.gain_db is not None:
        metas[GAIN_META] = f"{track.gain_db:.2f} dB"
    return [{name: value} for name, value in metas.items()]


def _extension(track: ExportTrack) -> dict[str, Any]:
    """Return what MusicBrainz's extension has of a track."""
    values = {
        "artist_identifiers": [ARTIST_URI + mbid for mbid in track.artist_mbids],
        "release_identifier": RELEASE_URI + track.release_mbid
        if track.release_mbid
        else None,
        "added_at": track.added_at,
    }
    return {name: value for name, value in values.items() if value}


def _text(text: str | None) -> str | None:
    """Return a text without lone surrogates, which JSON in UTF-8 cannot hold."""
    return text and text.encode("utf-8", "replace").decode()
