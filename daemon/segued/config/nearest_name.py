"""The name that was probably meant, for messages about an unknown one."""

from collections.abc import Iterable

__all__ = ["suggestion"]


def suggestion(word: object, names: Iterable[str]) -> str:
    """Return "; did you mean NAME?" for the name most like a word; else nothing."""
    # Only for an error message: most commands never need it.
    from difflib import get_close_matches  # noqa: PLC0415

    by_lower = {name.lower(): name for name in names if name}
    close = get_close_matches(str(word).lower(), by_lower, n=1)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""
