"""What a key of the configuration may be, as text for people."""

from typing import Any

from msgspec import inspect

__all__ = ["allowed_values"]


def allowed_values(info: Any, divisor: float = 1) -> str:  # noqa: ANN401
    """Return which values a type allows: "a whole number from 1 to 1024".

    Args:
        info: The type, as `msgspec.inspect` describes it.
        divisor: What bounds are divided by, for a value in another unit.
    """
    text = "true or false"
    match info:
        case inspect.Metadata():
            described = (info.extra_json_schema or {}).get("description")
            text = described or allowed_values(info.type, divisor)
        case inspect.UnionType():
            kinds = (each for each in info.types if each != inspect.NoneType())
            text = " or ".join(allowed_values(each, divisor) for each in kinds)
        case inspect.VarTupleType():
            text = f"a list in brackets of {_several(info.item_type)}"
        case inspect.LiteralType():
            text = f"one of {_words(info)}"
        case inspect.IntType() if divisor == 1:
            text = f"a whole number{_bounds(info, divisor)}"
        case inspect.IntType() | inspect.FloatType():
            text = f"a number{_bounds(info, divisor)}"
        case inspect.StrType():
            text = "text in quotation marks" + " (not empty)" * bool(info.min_length)
    return text


def _several(info: Any) -> str:  # noqa: ANN401
    if isinstance(info, inspect.LiteralType):
        return _words(info)
    return "texts in quotation marks"


def _words(info: inspect.LiteralType) -> str:
    """Return the words that a type allows; an empty one is the last."""
    words = sorted(map(str, info.values), key=lambda each: (not each, each))
    return ", ".join(f'"{each}"' for each in words)


def _bounds(info: Any, divisor: float) -> str:  # noqa: ANN401
    def text(bound: float) -> str:
        return f"{bound / divisor:g}" if divisor != 1 else str(bound)

    if info.ge is not None and info.le is not None:
        return f" from {text(info.ge)} to {text(info.le)}"
    parts = [
        *([f"above {text(info.gt)}"] if info.gt is not None else []),
        *([f"at least {text(info.ge)}"] if info.ge is not None else []),
        *([f"at most {text(info.le)}"] if info.le is not None else []),
    ]
    return " " + " and ".join(parts) if parts else ""
