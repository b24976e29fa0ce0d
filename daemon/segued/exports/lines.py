"""Lists with a line for each file: where the file is, in text that players read."""

import posixpath

from segued.exports.export_track import ExportOptions, ExportTrack, file_uri

__all__ = ["line_location", "one_line", "relative_path"]


def line_location(track: ExportTrack, options: ExportOptions) -> str:
    """Return the location of a track's file as one line.

    A path that a line of UTF-8 cannot hold (other bytes, a line break, blanks at an
    end) is written as a URI, which players of such lists read as well.
    """
    if track.url is not None:
        return track.url
    path = relative_path(track.path, options)
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return file_uri(track.path)
    if text != text.strip() or len(text.splitlines()) != 1 or "\0" in text:
        return file_uri(track.path)
    if text.startswith("#") or (options.base is not None and ":" in text):
        return f"./{text}"  # neither a comment nor the scheme of a URI
    return text


def relative_path(path: bytes, options: ExportOptions) -> bytes:
    """Return a path relative to the folder of the options, if there is one."""
    return path if options.base is None else posixpath.relpath(path, options.base)


def one_line(text: str) -> str:
    """Return a text without line breaks, tabs and other control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
