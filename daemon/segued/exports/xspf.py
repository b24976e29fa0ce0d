"""XSPF 1: a playlist in XML, one track for each passage.

The start and end of a passage in a file of several are in `meta` elements; XSPF has no
field for them.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

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

__all__ = ["write_xspf"]

NAMESPACE: Final = "http://xspf.org/ns/0/"


def write_xspf(tracks: Iterable[ExportTrack], options: ExportOptions) -> Iterator[str]:
    """Yield the playlist in parts."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<playlist version="1" xmlns="{NAMESPACE}">\n'
        f"  {_element('title', options.title)}\n  <trackList>\n"
    )
    for track in tracks:
        yield _track(track, options)
    yield "  </trackList>\n</playlist>\n"


def _track(track: ExportTrack, options: ExportOptions) -> str:
    # The schema wants no order, but some players do: that of the specification.
    elements = [
        _element("location", uri_location(track, options)),
        _element("identifier", RECORDING_URI, track.recording_mbid),
        _element("title", track.name),
        _element("creator", track.artist),
        _element("image", track.cover_url),
        _element("album", track.album),
        _element("trackNum", str(track.track) if track.track else None),
        _element("duration", str(round(1_000 * duration_seconds(track)))),
        *_metas(track),
    ]
    body = "".join(f"      {each}\n" for each in elements if each)
    return f"    <track>\n{body}    </track>\n"


def _metas(track: ExportTrack) -> Iterator[str]:
    if track.release_mbid:
        yield _meta("https://musicbrainz.org/release", RELEASE_URI + track.release_mbid)
    for mbid in track.artist_mbids:
        yield _meta("https://musicbrainz.org/artist", ARTIST_URI + mbid)
    if not track.is_whole_file:
        yield _meta(START_META, f"{ticks_to_seconds(track.start_ticks):.6f}")
        yield _meta(END_META, f"{ticks_to_seconds(track.end_ticks):.6f}")
    if track.gain_db is not None:
        yield _meta(GAIN_META, f"{track.gain_db:.2f} dB")


def _meta(relation: str, value: str) -> str:
    return f"<meta rel={quoteattr(relation)}>{_text(value)}</meta>"


def _element(name: str, text: str | None, suffix: str | None = "") -> str:
    """Return an element; nothing if its text or the end of it is missing."""
    if text is None or suffix is None:
        return ""
    return f"<{name}>{_text(text + suffix)}</{name}>"


def _text(text: str) -> str:
    """Return a text for XML, which cannot hold most control characters."""
    return escape(
        "".join(c if _is_allowed(ord(c)) else "\N{REPLACEMENT CHARACTER}" for c in text)
    )


def _is_allowed(code: int) -> bool:
    return (
        code in (0x9, 0xA)
        or 0x20 <= code <= 0xD7FF  # noqa: PLR2004
        or 0xE000 <= code <= 0xFFFD  # noqa: PLR2004
        or code >= 0x10000  # noqa: PLR2004
    )
