"""Values to JSON text and back, with every type checked on the way in."""

from typing import TypeVar

import msgspec

__all__ = ["decode", "encode"]

T = TypeVar("T")


def encode(value: object) -> str:
    """Return a value of `segued.build` types, numbers and text as JSON."""
    return msgspec.json.encode(value).decode()


def decode(text: str, expected_type: type[T]) -> T:
    """Read back what `encode` wrote.

    Raises:
        msgspec.DecodeError: It is not JSON, or not a `expected_type`.
    """
    return msgspec.json.decode(text, type=expected_type)
