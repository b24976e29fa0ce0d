"""AcousticBrainz: high-level audio descriptors of recordings, submitted by others.

The public service has answered no request since August 2026; a private mirror
can. The documents in its dumps have the same format.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from segued.clients.schema import ResponseModel, decode_response, validate_mbid
from segued.clients.service_client import ServiceClient
from segued.matching.flavor import validate_flavor

__all__ = ["RECORDINGS_MAX", "AcousticBrainz", "HighLevelDocument", "parse_document"]

NAME: Final = "AcousticBrainz"

RECORDINGS_MAX: Final = 25
"""The service rejects requests for more recordings than this."""

FIRST_NUMBER: Final = "0"
"""The number of the only document used; a recording may have several submissions."""

MBID_MAPPING_KEY: Final = "mbid_mapping"


class _Model(ResponseModel, frozen=True):
    all: dict[str, float]


class _Version(ResponseModel, frozen=True, rename="lower"):
    essentia: str = ""


class _Versions(ResponseModel, frozen=True, rename="lower"):
    highlevel: _Version = _Version()


class _Metadata(ResponseModel, frozen=True, rename="lower"):
    version: _Versions = _Versions()


class _HighLevel(ResponseModel, frozen=True, rename="lower"):
    highlevel: dict[str, _Model]
    metadata: _Metadata = _Metadata()


class HighLevelDocument(msgspec.Struct, frozen=True):
    """The parsed content of one document.

    Attributes:
        characteristics: The valid ones of the eighteen; the shares of each sum to 1.
        version: Version of Essentia that computed them.
    """

    characteristics: dict[str, dict[str, float]]
    version: str


class AcousticBrainz:
    """Client of AcousticBrainz, or of a mirror of it."""

    def __init__(self, service: ServiceClient) -> None:
        self.service: Final = service

    async def high_level(self, mbids: Iterable[str]) -> dict[str, bytes]:
        """Request the documents of up to `RECORDINGS_MAX` recordings.

        Returns:
            The checked, unparsed document of each recording that has one.

        Raises:
            ValueError: An id is not a MusicBrainz id, or there are too many.
            ServiceError: Any kind except ServiceAuthError.
        """
        requested = list(dict.fromkeys(validate_mbid(each) for each in mbids))
        if len(requested) > RECORDINGS_MAX:
            raise ValueError(f"at most {RECORDINGS_MAX} at once: {len(requested)}")
        if not requested:
            return {}
        found: dict[str, bytes] = {}

        def check(body: bytes) -> None:
            found.update(_parse_documents(self.service.name, body, requested))

        params = {"recording_ids": ";".join(requested)}
        await self.service.get("/api/v1/high-level", params, check)
        return found


def _parse_documents(
    service: str, body: bytes, requested: Iterable[str]
) -> dict[str, bytes]:
    """Return the documents in an answer, limited to the requested recordings."""
    by_mbid = decode_response(service, body, dict[str, msgspec.Raw])
    found = {}
    for mbid, raw in by_mbid.items():
        if mbid == MBID_MAPPING_KEY or mbid.lower() not in requested:
            continue
        numbered = decode_response(service, raw, dict[str, msgspec.Raw])
        if FIRST_NUMBER in numbered:
            parse_document(bytes(numbered[FIRST_NUMBER]))
            found[mbid.lower()] = bytes(numbered[FIRST_NUMBER])
    return found


def parse_document(raw: bytes) -> HighLevelDocument:
    """Parse a document.

    Raises:
        ServiceAnswerError: It is not a high-level document.
    """
    high_level = decode_response(NAME, raw, _HighLevel)
    shares = {name: model.all for name, model in high_level.highlevel.items()}
    return HighLevelDocument(
        validate_flavor(shares), high_level.metadata.version.highlevel.essentia
    )
