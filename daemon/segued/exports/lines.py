"""Lists with a line for each file: where the file is, in text that players read."""

import posixpath

from segued.exports.export_track import ExportOptions, ExportTrack, file_uri

__all__ = ["line_location", "line_path", "one_line", "relative_path"]


def line_location(track: ExportTrack, options: ExportOptions) -> str:
    """Return the location of a track's file as one line.

    A path that a line of UTF-8 cannot hold (other bytes, a line break, blanks at an
    end) is written as a URI, which players of such lists read as well.
    """
    if track.url is not None:
        return track.url
    text = line_path(track, options)
    if text is None:
        return file_uri(track.path)
    if text.startswith("#") or (options.base is not None and ":" in text):
        return f"./{text}"  # neither a comment nor the scheme of a URI
    return text


def line_path(track: ExportTrack, options: ExportOptions) -> str | None:
    """Return the path of a track's file; None if a line of UTF-8 cannot hold it."""
    try:
        text = relative_path(track.path, options).decode()
    except UnicodeDecodeError:
        return None
    is_line = text == text.strip() and len(text.splitlines()) == 1 and "\0" not in text
    return text if is_line else None


def relative_path(path: bytes, options: ExportOptions) -> bytes:
    """Return a path relative to the folder of the options, if there is one."""
    return path if options.base is None else posixpath.relpath(path, options.base)


def one_line(text: str) -> str:
    """Return a text without line breaks, tabs and other control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
