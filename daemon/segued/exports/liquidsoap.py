"""Liquidsoap: `annotate:` lines with cue points, gain and the start of the next song.

Their names are those that its scripts share: `liq_cue_in`, `liq_cross_start_next`.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

from segued.errors import ExportError
from segued.exports.export_track import ExportOptions, ExportTrack
from segued.exports.lines import line_location, line_path, one_line
from segued.exports.overlap import overlap_ticks
from segued.paths import shown
from segued.units import ticks_to_seconds

__all__ = ["annotation", "write_liquidsoap"]


def write_liquidsoap(
    tracks: Iterable[ExportTrack], options: ExportOptions
) -> Iterator[str]:
    """Yield a line for each passage, for Liquidsoap's `playlist`.

    Raises:
        ExportError: Liquidsoap cannot name a file.
    """
    for track, following in pairwise(chain(tracks, (None,))):
        if track is not None:
            yield f"{annotation(track, following, options)}\n"


def annotation(
    track: ExportTrack, following: ExportTrack | None, options: ExportOptions
) -> str:
    """Return the URI of a passage with its metadata.

    `liq_cross_start_next`, the position in the file where the next song starts, and
    `liq_cross_duration`, the time from there to the end, are those to `following`; of
    the last one, its lead-out. Without them, the script's own crossfade applies.

    Raises:
        ExportError: The name of the file is not UTF-8 or has a line break: Liquidsoap
            has no way to write it.
    """
    if track.url is None and line_path(track, options) is None:
        raise ExportError(
            f"{shown(track.path)}: Liquidsoap cannot name this file: its name is not"
            " UTF-8, or has a line break"
        )
    overlap = None
    if following is not None:
        overlap = overlap_ticks(track, following)
    elif track.lead_out_ticks is not None:
        overlap = track.end_ticks - track.lead_out_ticks
    values = {
        "title": one_line(track.name),
        "artist": track.artist and one_line(track.artist),
        "album": track.album and one_line(track.album),
        "liq_cue_in": f"{ticks_to_seconds(track.start_ticks):.6f}",
        "liq_cue_out": f"{ticks_to_seconds(track.end_ticks):.6f}",
    }
    if overlap is not None:
        start_next = ticks_to_seconds(track.end_ticks - overlap)
        values["liq_cross_start_next"] = f"{start_next:.6f}"
        values["liq_cross_duration"] = f"{ticks_to_seconds(overlap):.6f}"
    if track.gain_db is not None:
        values["replaygain_track_gain"] = f"{track.gain_db:.2f} dB"
    values |= {
        "musicbrainz_trackid": track.recording_mbid,
        "musicbrainz_albumid": track.release_mbid,
        "musicbrainz_artistid": "; ".join(track.artist_mbids),
        "segued_passage": track.passage_id,
    }
    pairs = ",".join(f"{name}={_quoted(text)}" for name, text in values.items() if text)
    return f"annotate:{pairs}:{line_location(track, options)}"


def _quoted(text: str) -> str:
    # Liquidsoap evaluates what follows "#{", however it is escaped.
    escaped = text.replace("#{", "# {").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
