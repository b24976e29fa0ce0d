"""Encode values as JSON text and decode them with all types checked."""

from typing import TypeVar

import msgspec

__all__ = ["decode", "encode"]

T = TypeVar("T")


def encode(value: object) -> str:
    """Return a value made of `segued.model` types, numbers and text as JSON."""
    return msgspec.json.encode(value).decode()


def decode(text: str, expected_type: type[T]) -> T:
    """Return the value that `encode` encoded.

    Raises:
        msgspec.DecodeError: `text` is not JSON, or not of `expected_type`.
    """
    return msgspec.json.decode(text, type=expected_type)
