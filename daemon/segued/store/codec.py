"""Encode values as JSON text and decode them with all types checked."""

import dataclasses
from functools import cache
from typing import Any, Final, TypeVar

import msgspec

__all__ = ["decode", "encode", "encode_sparse"]

T = TypeVar("T")

PLAIN_TYPES: Final = frozenset({str, int, float, bool, type(None)})

REQUIRED: Final = object()
"""Stands for the default of a field that has none."""


def encode(value: object) -> str:
    """Return a value made of `segued.model` types, numbers and text as JSON."""
    return msgspec.json.encode(value).decode()


def encode_sparse(value: object) -> str:
    """Return a value as `encode` does, without the fields that have their default.

    Most tags of a file are absent, and a long row takes a page of its own.

    Example:
        >>> encode_sparse(Signature(1, 2, 3)), encode_sparse(Tags(title="Jóga"))
        ('{"size":1,"mtime_ns":2,"inode":3}', '{"title":"Jóga"}')
    """
    return encode(_without_defaults(value))


def decode(text: str, expected_type: type[T]) -> T:
    """Return the value that `encode` encoded.

    Raises:
        msgspec.DecodeError: `text` is not JSON, or not of `expected_type`.
    """
    return msgspec.json.decode(text, type=expected_type)


def _without_defaults(value: Any) -> Any:  # noqa: ANN401
    kind: Any = type(value)
    if kind in PLAIN_TYPES:
        return value
    if fields := _fields(kind):
        found = {}
        for name, default in fields:
            each = getattr(value, name)
            if each != default:
                found[name] = _without_defaults(each)
        return found
    if isinstance(value, list | tuple):
        return [_without_defaults(each) for each in value]
    if isinstance(value, dict):
        return {key: _without_defaults(each) for key, each in value.items()}
    return value


@cache
def _fields(kind: Any) -> tuple[tuple[str, object], ...]:  # noqa: ANN401
    """Return the names and defaults of a dataclass; of another type, nothing."""
    if not dataclasses.is_dataclass(kind):
        return ()

    def default(field: dataclasses.Field[Any]) -> object:
        if field.default_factory is not dataclasses.MISSING:
            return field.default_factory()
        return REQUIRED if field.default is dataclasses.MISSING else field.default

    return tuple((each.name, default(each)) for each in dataclasses.fields(kind))
