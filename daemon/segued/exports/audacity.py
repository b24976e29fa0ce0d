"""Audacity's labels: the passages of one file, to look at or to cut in an editor."""

from collections.abc import Iterable, Iterator

from segued.errors import ExportError
from segued.exports.export_track import ExportOptions, ExportTrack
from segued.exports.lines import one_line
from segued.paths import shown
from segued.units import ticks_to_seconds

__all__ = ["write_audacity_labels"]


def write_audacity_labels(
    tracks: Iterable[ExportTrack], _options: ExportOptions
) -> Iterator[str]:
    """Yield a line for each passage: start and end in seconds, and a name.

    Raises:
        ExportError: The passages are of several files: a label track has only one.
    """
    first: ExportTrack | None = None
    for track in tracks:
        first = first or track
        if track.path != first.path:
            raise ExportError(
                "labels are for one file, but the search finds"
                f" {shown(first.path)} and {shown(track.path)}"
            )
        name = f"{track.artist} - {track.name}" if track.artist else track.name
        start, end = (
            f"{ticks_to_seconds(ticks):.6f}"
            for ticks in (track.start_ticks, track.end_ticks)
        )
        yield f"{start}\t{end}\t{one_line(name)}\n"
