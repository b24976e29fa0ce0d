"""Paths: as people read them, and one inside another."""

import os

__all__ = ["folder_prefix", "is_within", "shown"]


def shown(path: bytes | str) -> str:
    """Return a path as text for a person: control and invalid bytes escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def folder_prefix(folder: bytes) -> bytes:
    """Return what the paths of all that is in a folder begin with."""
    return folder.rstrip(b"/") + b"/"


def is_within(path: bytes, folder: bytes) -> bool:
    """Return whether a path is a folder, or below it."""
    return folder_prefix(path).startswith(folder_prefix(folder))
