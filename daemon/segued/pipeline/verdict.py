"""What an error means for the file it hit."""

from enum import Enum, auto

from segued.errors import FileChangedError, FileError, FileVanishedError

__all__ = ["Verdict", "decide_retry"]


class Verdict(Enum):
    """What becomes of a file."""

    MISSING = auto()
    RETRY = auto()
    FAIL = auto()


def decide_retry(error: FileError, *, tries: int, tries_max: int) -> Verdict:
    """Decide what becomes of a file whose `tries`-th try failed."""
    match error:
        case FileVanishedError():
            return Verdict.MISSING
        case FileChangedError() if tries < tries_max:
            return Verdict.RETRY
        case _:
            return Verdict.FAIL
