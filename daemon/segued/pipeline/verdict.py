"""What an error means for the file it hit."""

from enum import Enum, auto

from segued.errors import FileChangedError, FileError, FileVanishedError

__all__ = ["Verdict", "judge"]


class Verdict(Enum):
    """What becomes of a file."""

    MISSING = auto()
    AGAIN = auto()
    SET_ASIDE = auto()


def judge(error: FileError, *, tries: int, tries_max: int) -> Verdict:
    """Decide what becomes of a file whose `tries`-th try raised `error`."""
    match error:
        case FileVanishedError():
            return Verdict.MISSING
        case FileChangedError() if tries < tries_max:
            return Verdict.AGAIN
        case _:
            return Verdict.SET_ASIDE
