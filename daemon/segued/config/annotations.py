"""Annotations of configuration values: whole-string patterns, and secrets."""

import json
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import inspect

__all__ = ["SECRET", "SharedSecret", "mask", "mask_secrets", "quoted", "whole"]

StructT = TypeVar("StructT", bound=msgspec.Struct)

SECRET: Final = msgspec.Meta(extra={"secret": True})
"""Marks a field whose value appears in no message, log or response."""

LENGTH_MIN: Final = 8
"""Shorter secrets are masked completely: two letters would reveal too much."""


def whole(pattern: str) -> str:
    r"""Return a pattern for strings that match as a whole.

    `$` alone matches before a final line break as well, and JSON Schema does not have
    `\Z`. The result means the same to Python and to JSON Schema.
    """
    return rf"^(?:{pattern})$(?!\n)"


SharedSecret: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("[!-~]{16,}|"),
        max_length=256,
        description="16 to 256 characters of ASCII without spaces, or empty",
    ),
    SECRET,
]
"""A secret that two sides share: long enough that nobody guesses it."""


def mask(value: object) -> str:
    """Return a secret masked except its last two letters."""
    is_long = isinstance(value, str) and len(value) >= LENGTH_MIN
    return f"...{value[-2:]}" if is_long and isinstance(value, str) else "..."


def mask_secrets(values: StructT) -> StructT:
    """Return `values` with all its secrets masked; an empty one stays empty."""
    masked = {
        name: mask(value)
        for name in _secret_fields(type(values))
        if (value := getattr(values, name))
    }
    return msgspec.structs.replace(values, **masked)


def quoted(kind: type[msgspec.Struct], name: str, value: object) -> str:
    """Return the value of the field `name` for a message; a secret is masked."""
    shown_value = mask(value) if name in _secret_fields(kind) else value
    return json.dumps(shown_value, default=str, ensure_ascii=False)


def _secret_fields(kind: type[msgspec.Struct]) -> set[str]:
    info = inspect.type_info(kind)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return {field.name for field in fields if _is_secret(field.type)}


def _is_secret(info: Any) -> bool:  # noqa: ANN401
    if isinstance(info, inspect.UnionType):
        return any(map(_is_secret, info.types))
    return isinstance(info, inspect.Metadata) and bool((info.extra or {}).get("secret"))
