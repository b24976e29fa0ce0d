"""Paths, as people read them."""

import os

__all__ = ["shown"]


def shown(path: bytes | str) -> str:
    """Return a path as text for a person: control and invalid bytes escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
