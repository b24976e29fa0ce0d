"""AcousticBrainz: how recordings sound, as others worked it out.

The public service has answered nothing since August 2026; a mirror of your own
may. What its dumps hold has the same shape.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from segued.clients.schema import Shape, checked_mbid, decoded
from segued.clients.service_client import Service
from segued.matching.flavor import sane

__all__ = ["RECORDINGS_MAX", "AcousticBrainz", "Document", "document"]

NAME: Final = "AcousticBrainz"

RECORDINGS_MAX: Final = 25
"""A request may ask for no more."""

FIRST: Final = "0"
"""The number of the one document that is asked for; others submitted more."""

MAPPING: Final = "mbid_mapping"


class _Model(Shape, frozen=True):
    all: dict[str, float]


class _Version(Shape, frozen=True, rename="lower"):
    essentia: str = ""


class _Versions(Shape, frozen=True, rename="lower"):
    highlevel: _Version = _Version()


class _Metadata(Shape, frozen=True, rename="lower"):
    version: _Versions = _Versions()


class _HighLevel(Shape, frozen=True, rename="lower"):
    highlevel: dict[str, _Model]
    metadata: _Metadata = _Metadata()


class Document(msgspec.Struct, frozen=True):
    """What a document says.

    Attributes:
        characteristics: Those of the eighteen that make sense, each summing to 1.
        version: Of what worked them out.
    """

    characteristics: dict[str, dict[str, float]]
    version: str


class AcousticBrainz:
    """The service, or a mirror of it."""

    def __init__(self, service: Service) -> None:
        self.service: Final = service

    async def high_level(self, mbids: Iterable[str]) -> dict[str, bytes]:
        """Ask how up to `RECORDINGS_MAX` recordings sound.

        Returns:
            The document of each that it has one of, as it came and checked.

        Raises:
            ValueError: One is no MusicBrainz id, or they are too many.
            ServiceError: Any of them, but for its key.
        """
        wanted = list(dict.fromkeys(checked_mbid(each) for each in mbids))
        if len(wanted) > RECORDINGS_MAX:
            raise ValueError(f"at most {RECORDINGS_MAX} at once: {len(wanted)}")
        if not wanted:
            return {}
        found: dict[str, bytes] = {}

        def check(body: bytes) -> None:
            found.update(_read(self.service.name, body, wanted))

        asked = {"recording_ids": ";".join(wanted)}
        await self.service.get("/api/v1/high-level", asked, check)
        return found


def _read(service: str, body: bytes, wanted: Iterable[str]) -> dict[str, bytes]:
    """Return the documents in an answer, of those that were wanted."""
    there = decoded(service, body, dict[str, msgspec.Raw])
    found = {}
    for mbid, raw in there.items():
        if mbid == MAPPING or mbid.lower() not in wanted:
            continue
        numbered = decoded(service, raw, dict[str, msgspec.Raw])
        if FIRST in numbered:
            document(bytes(numbered[FIRST]))
            found[mbid.lower()] = bytes(numbered[FIRST])
    return found


def document(raw: bytes) -> Document:
    """Read a document.

    Raises:
        ServiceAnswerError: It is none.
    """
    said = decoded(NAME, raw, _HighLevel)
    shares = {name: model.all for name, model in said.highlevel.items()}
    return Document(sane(shares), said.metadata.version.highlevel.essentia)
