"""Decode the text of tags, whose declared encoding is often wrong.

Many programs write UTF-8 into fields that are declared, or specified, as Latin-1.
Other text is hardly ever valid UTF-8 by chance, unless it is ASCII.
"""

from typing import Final

__all__ = ["decode_text", "is_utf8"]

SEQUENCE_BYTES_MAX: Final = 4


def is_utf8(data: bytes) -> bool:
    """Return whether a text is valid UTF-8 with characters beyond ASCII."""
    if data.isascii():
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def decode_text(data: bytes, declared: str, *, cut_at: int | None = None) -> str:
    """Decode a text as UTF-8 if it is valid, else as declared.

    Args:
        data: The text.
        declared: The encoding that the tag's format specifies.
        cut_at: Length of the field. A text that fills it may end inside of a
            character, of which the rest is dropped.
    """
    if cut_at == len(data):
        for cut in range(SEQUENCE_BYTES_MAX):
            if is_utf8(data[: len(data) - cut]):
                return data[: len(data) - cut].decode("utf-8")
    return data.decode("utf-8" if is_utf8(data) else declared, "replace")
