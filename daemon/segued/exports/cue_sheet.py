"""A CUE sheet: the passages of cut files, to the frame of a CD (1/75 s)."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from segued.errors import ExportError
from segued.exports.export_track import ExportOptions, ExportTrack
from segued.exports.lines import one_line, relative_path
from segued.paths import shown
from segued.units import TICKS_PER_SECOND

__all__ = ["write_cue_sheet"]

FRAMES_PER_SECOND: Final = 75
TICKS_PER_FRAME: Final = TICKS_PER_SECOND // FRAMES_PER_SECOND
"""A frame is a whole number of ticks: a mark that was read is written unchanged."""

TRACKS_MAX: Final = 99

FILE_TYPES: Final = {"mp3": "MP3"}
"""What the FILE line calls a codec; all others are called WAVE, as is usual."""


def write_cue_sheet(
    tracks: Iterable[ExportTrack], options: ExportOptions
) -> Iterator[str]:
    """Yield the sheet in parts; a file begins with a FILE line.

    The end of a passage that ends before the next begins is the next one's INDEX 00.

    Raises:
        ExportError: There are more than 99 passages, or the name of a file has a
            quote, a line break, or bytes that are not UTF-8.
    """
    number = 0
    for _, group in groupby(tracks, lambda track: track.path):
        end = None
        for track in group:
            if number == 0:
                yield from _head(track, options)
            if end is None:
                yield _file_line(track, options)
            number += 1
            if number > TRACKS_MAX:
                raise ExportError(
                    f"a CUE sheet has at most {TRACKS_MAX} tracks; the search finds"
                    " more passages"
                )
            yield from _track_lines(number, track, end)
            end = track.end_ticks


def _head(track: ExportTrack, options: ExportOptions) -> Iterator[str]:
    if track.genres:
        yield f"REM GENRE {_quoted(track.genres[0])}\n"
    if track.date:
        yield f"REM DATE {one_line(track.date)}\n"
    if track.release_mbid:
        yield f"REM MUSICBRAINZ_ALBUM_ID {track.release_mbid}\n"
    yield from _gain_lines("", "ALBUM", track.album_gain_db, track.album_peak_dbtp)
    if artist := track.album_artist or track.artist:
        yield f"PERFORMER {_quoted(artist)}\n"
    yield f"TITLE {_quoted(track.album or options.title)}\n"


def _file_line(track: ExportTrack, options: ExportOptions) -> str:
    try:
        name = relative_path(track.path, options).decode()
    except UnicodeDecodeError as error:
        raise ExportError(
            f"{shown(track.path)}: a CUE sheet cannot name this file: its name is not"
            " UTF-8"
        ) from error
    if '"' in name or not name.isprintable():
        raise ExportError(
            f"{shown(track.path)}: a CUE sheet cannot name a file with quotes, line"
            " breaks or other control characters"
        )
    return f'FILE "{name}" {FILE_TYPES.get(track.codec or "", "WAVE")}\n'


def _track_lines(number: int, track: ExportTrack, end: int | None) -> Iterator[str]:
    """Yield the lines of a passage; `end` is that of the one before in the file."""
    yield f"  TRACK {number:02} AUDIO\n"
    yield f"    TITLE {_quoted(track.name)}\n"
    if track.artist:
        yield f"    PERFORMER {_quoted(track.artist)}\n"
    if track.recording_mbid:
        yield f"    REM MUSICBRAINZ_TRACK_ID {track.recording_mbid}\n"
    yield from _gain_lines("    ", "TRACK", track.gain_db, track.peak_dbtp)
    start = _frames(track.start_ticks)
    if end is not None and _frames(end) < start:
        yield f"    INDEX 00 {_time(_frames(end))}\n"
    yield f"    INDEX 01 {_time(start)}\n"


def _gain_lines(
    indent: str, whose: str, gain: float | None, peak: float | None
) -> Iterator[str]:
    if gain is not None:
        yield f"{indent}REM REPLAYGAIN_{whose}_GAIN {gain:.2f} dB\n"
    if peak is not None:
        yield f"{indent}REM REPLAYGAIN_{whose}_PEAK {10 ** (peak / 20):.6f}\n"


def _frames(ticks: int) -> int:
    """Return the nearest frame."""
    return (ticks + TICKS_PER_FRAME // 2) // TICKS_PER_FRAME


def _time(frames: int) -> str:
    seconds, frame = divmod(frames, FRAMES_PER_SECOND)
    minute, second = divmod(seconds, 60)
    return f"{minute:02}:{second:02}:{frame:02}"


def _quoted(text: str) -> str:
    """Return a text in quotes; CUE sheets have no way to write a quote in it."""
    return '"' + one_line(text).replace('"', "'") + '"'
