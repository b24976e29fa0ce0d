"""Paths as text, and whether one is inside another."""

import os
from collections.abc import Iterable, Iterator

__all__ = ["folder_prefix", "is_within", "ranges_outside", "shown"]


def shown(path: bytes | str) -> str:
    """Return a path as text for people; control and invalid bytes are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def folder_prefix(folder: bytes) -> bytes:
    """Return the prefix of all paths below a folder: its path and a slash."""
    return folder.rstrip(b"/") + b"/"


def is_within(path: bytes, folder: bytes) -> bool:
    """Return whether `path` is `folder`, or below it."""
    return folder_prefix(path).startswith(folder_prefix(folder))


def ranges_outside(folders: Iterable[bytes]) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield the ranges of paths that are not below the folders: first, and end if any.

    Example:
        >>> list(ranges_outside([b"/b", b"/a", b"/a/c"]))
        [(b'', b'/a/'), (b'/a0', b'/b/'), (b'/b0', None)]
    """
    start = b""
    for prefix in sorted(map(folder_prefix, folders)):
        if prefix < start:
            continue  # in the folder before
        yield start, prefix
        start = prefix[:-1] + b"0"  # the character after "/"
    yield start, None
