"""Decode JSON answers and validate them against typed models."""

import re
from typing import Annotated, Final, TypeVar

import msgspec

from segued.config.annotations import whole
from segued.errors import GarbledAnswerError, ServiceAnswerError

__all__ = ["Mbid", "ResponseModel", "decode_response", "validate_mbid"]

ModelT = TypeVar("ModelT")

MBID: Final = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

Mbid = Annotated[str, msgspec.Meta(pattern=whole(MBID))]
"""A MusicBrainz id."""


class ResponseModel(msgspec.Struct, frozen=True, rename="kebab"):
    """A JSON object in a service's answer; fields not declared are ignored."""


def decode_response(
    service: str, raw: bytes | msgspec.Raw, model: type[ModelT]
) -> ModelT:
    """Decode an answer of `service` as an instance of `model`.

    Raises:
        GarbledAnswerError: It is not JSON.
        ServiceAnswerError: It does not match the model.
    """
    try:
        return msgspec.json.decode(raw, type=model)
    except msgspec.ValidationError as error:
        raise ServiceAnswerError(service, f"unexpected answer: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GarbledAnswerError(service, "answer is not JSON") from error


def validate_mbid(text: str) -> str:
    """Return a MusicBrainz id in lower case, as URLs have it.

    Raises:
        ValueError: `text` is not a MusicBrainz id.
    """
    if not re.fullmatch(MBID, text):
        raise ValueError(f"not a MusicBrainz id: {text!r}")
    return text.lower()
