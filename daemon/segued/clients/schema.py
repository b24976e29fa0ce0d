"""What every answer is measured by: the shape that was agreed on."""

import re
from typing import Annotated, Final, TypeVar

import msgspec

from segued.errors import ServiceAnswerError

__all__ = ["Mbid", "ResponseModel", "decode_response", "validate_mbid"]

ModelT = TypeVar("ModelT")

MBID: Final = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

Mbid = Annotated[str, msgspec.Meta(pattern=f"^{MBID}$")]
"""A MusicBrainz id."""


class ResponseModel(msgspec.Struct, frozen=True, rename="kebab"):
    """A JSON object, as much of it as is of use; the rest is passed over."""


def decode_response(
    service: str, raw: bytes | msgspec.Raw, model: type[ModelT]
) -> ModelT:
    """Return an answer as the values it stands for.

    Raises:
        ServiceAnswerError: It is not JSON, or not of that shape.
    """
    try:
        return msgspec.json.decode(raw, type=model)
    except msgspec.ValidationError as error:
        raise ServiceAnswerError(service, f"answers otherwise: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ServiceAnswerError(service, "does not answer in JSON") from error


def validate_mbid(text: str) -> str:
    """Return a MusicBrainz id as it is written in an address.

    Raises:
        ValueError: It is none.
    """
    if not re.fullmatch(MBID, text):
        raise ValueError(f"not a MusicBrainz id: {text!r}")
    return text.lower()
