"""Paths as text, and whether one is inside another."""

import os

__all__ = ["folder_prefix", "is_within", "shown"]


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
