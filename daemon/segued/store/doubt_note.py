"""A note beside a library whose disk reported an error: check all of it when it opens.

A check reads every page, which takes most of a minute for a million files. It is worth
that only where a disk has shown that it cannot be trusted.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["is_in_doubt", "note_doubt", "remove_doubt"]

SUFFIX: Final = "-check"
"""Added to the library's name, as SQLite does for its own files."""


def note_doubt(library: Path, reason: str) -> None:
    """Leave a note, as far as the disk takes it."""
    _try(lambda: _note(library).write_text(f"{reason}\n"))


def is_in_doubt(library: Path) -> bool:
    """Return whether there is a note; so too if that cannot be found out."""
    try:
        return _note(library).exists()
    except OSError:
        return True


def remove_doubt(library: Path) -> None:
    """Remove the note of a library that was checked."""
    _try(lambda: _note(library).unlink(missing_ok=True))


def _note(library: Path) -> Path:
    return library.with_name(library.name + SUFFIX)


def _try(action: Callable[[], object]) -> None:
    # Without the note, the next damaged page that is read says so.
    with suppress(OSError):
        action()
