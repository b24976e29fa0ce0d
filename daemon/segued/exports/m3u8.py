"""M3U8: a playlist that nearly all players read, in UTF-8.

A file is one entry. Of a file with several passages, all in order are one entry as
well; if only some are in the list, each is an entry with the start and stop times that
VLC obeys. A cue sheet has them for other players.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from segued.exports.export_track import ExportOptions, ExportTrack, duration_seconds
from segued.exports.lines import line_location, one_line
from segued.units import ticks_to_seconds

__all__ = ["write_m3u8"]


def write_m3u8(tracks: Iterable[ExportTrack], options: ExportOptions) -> Iterator[str]:
    """Yield the playlist in parts."""
    yield f"#EXTM3U\n#PLAYLIST:{one_line(options.title)}\n"
    for _, grouped in groupby(tracks, lambda track: track.path):
        group = list(grouped)
        if _is_complete(group):
            yield _entry(group[0], options, *_names_of_file(group))
            continue
        for track in group:
            cut = (
                f"#EXTVLCOPT:start-time={ticks_to_seconds(track.start_ticks):.3f}\n"
                f"#EXTVLCOPT:stop-time={ticks_to_seconds(track.end_ticks):.3f}\n"
            )
            yield _entry(
                track, options, duration_seconds(track), _artist_and_title(track), cut
            )


def _is_complete(group: Sequence[ExportTrack]) -> bool:
    """Return whether some passages of a file are all of them, each once, in order."""
    ordinals = [track.ordinal for track in group]
    return ordinals == list(range(1, group[0].passages_in_file + 1))


def _names_of_file(group: Sequence[ExportTrack]) -> tuple[float, str]:
    """Return the length and the name of a file of which all passages are listed."""
    first = group[0]
    length = first.file_ticks or group[-1].end_ticks
    if len(group) == 1:
        return ticks_to_seconds(length), _artist_and_title(first)
    album = first.album or first.name
    artist = first.album_artist or first.artist
    return ticks_to_seconds(length), f"{artist} - {album}" if artist else album


def _artist_and_title(track: ExportTrack) -> str:
    return f"{track.artist} - {track.name}" if track.artist else track.name


def _entry(
    track: ExportTrack,
    options: ExportOptions,
    seconds: float,
    name: str,
    cut: str = "",
) -> str:
    album = f"#EXTALB:{one_line(track.album)}\n" if track.album else ""
    cover = f"#EXTALBUMARTURL:{track.cover_url}\n" if track.cover_url else ""
    return (
        f"#EXTINF:{round(seconds)},{one_line(name)}\n{album}{cover}{cut}"
        f"{line_location(track, options)}\n"
    )
