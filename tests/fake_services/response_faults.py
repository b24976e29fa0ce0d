"""Response faults: wrong, malformed or oversized responses.

Network faults are in `tests.fake_services.network_faults`.
"""

import gzip
import io
import json
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal, Protocol, TypeAlias

from aiohttp import web

from tests.fake_services.messages import JSON, ServiceResponse, send_response

__all__ = [
    "DeepJsonFault",
    "EmptyFault",
    "Fault",
    "FaultQueue",
    "GarbageFault",
    "GzipBombFault",
    "HtmlFault",
    "HugeFault",
    "RedirectFault",
    "StatusFault",
    "WrongKind",
    "WrongTypesFault",
]

MEBIBYTE: Final = 1 << 20


class Fault(Protocol):
    """A fault in the handling of one request."""

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Send the faulty response instead of the `proper` one."""


class FaultyResponse(ABC):
    """A complete response that is not the proper one."""

    @abstractmethod
    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the response to send instead."""

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Send the faulty response instead of the `proper` one."""
        return await send_response(request, self.response_for(proper))


@dataclass(frozen=True, slots=True)
class StatusFault(FaultyResponse):
    """A fixed response."""

    code: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the fixed response, of type JSON unless its headers have another."""
        del proper
        return ServiceResponse(
            self.code, self.body, {"Content-Type": JSON, **self.headers}
        )


@dataclass(frozen=True, slots=True)
class GarbageFault(FaultyResponse):
    """Any bytes, declared as JSON."""

    content: bytes = b'{"status": "ok", "results": [{"id"\xff\x00'

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the bytes with status 200."""
        del proper
        return ServiceResponse(200, self.content, {"Content-Type": JSON})


@dataclass(frozen=True, slots=True)
class EmptyFault(FaultyResponse):
    """Status 200 without a body, declared as JSON."""

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return an empty body with status 200."""
        del proper
        return ServiceResponse(200, b"", {"Content-Type": JSON})


@dataclass(frozen=True, slots=True)
class HtmlFault(FaultyResponse):
    """An HTML page like that of a captive portal."""

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the page with status 200."""
        del proper
        page = b"<!DOCTYPE html><title>Welcome</title><p>Please accept our terms."
        return ServiceResponse(200, page, {"Content-Type": "text/html; charset=utf-8"})


WrongKind: TypeAlias = Literal[
    "score",
    "recordings",
    "ids",
    "results",
    "status",
    "lengths",
    "titles",
    "media",
    "highlevel",
    "everything",
]

WRONG: Final[dict[WrongKind, tuple[frozenset[str], Any]]] = {
    "score": (frozenset({"score"}), "high"),
    "recordings": (frozenset({"recordings", "recording"}), None),
    "ids": (frozenset({"id"}), 4711),
    "results": (frozenset({"results", "releases"}), {}),
    "lengths": (frozenset({"length", "duration"}), "long"),
    "titles": (frozenset({"title", "name"}), 7),
    "media": (frozenset({"media", "tracks"}), {}),
    "highlevel": (frozenset({"highlevel", "all"}), []),
}
"""The names whose values are replaced, and the replacement."""


@dataclass(frozen=True, slots=True)
class WrongTypesFault(FaultyResponse):
    """The proper response with values of a wrong type, at any depth.

    Attributes:
        kind: Which values: `score` is "high"; `recordings` are null; `ids` are
            numbers; `results` and `releases` are an object; `lengths` are a
            word; `titles` are numbers; `media` and `tracks` are an object;
            `highlevel` is a list; `status` is missing; `everything` is null.
    """

    kind: WrongKind

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the proper response with the values replaced."""
        return ServiceResponse.from_json(self._corrupted(proper.json), proper.status)

    def _corrupted(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, list):
            return [self._corrupted(each) for each in value]
        if not isinstance(value, dict):
            return value
        if self.kind == "status":
            return {name: each for name, each in value.items() if name != "status"}
        if self.kind == "everything":
            return dict.fromkeys(value)
        names, wrong = WRONG[self.kind]
        return {
            name: wrong if name in names else self._corrupted(each)
            for name, each in value.items()
        }


@dataclass(frozen=True, slots=True)
class HugeFault(FaultyResponse):
    """The proper response padded with leading white space, which JSON allows."""

    size_bytes: int

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the padded response."""
        body = b" " * (self.size_bytes - len(proper.body)) + proper.body
        return ServiceResponse(proper.status, body, proper.headers)


@dataclass(frozen=True, slots=True)
class GzipBombFault(FaultyResponse):
    """A small body that unpacks to `size_mib` MiB of valid JSON."""

    size_mib: int

    def __post_init__(self) -> None:
        """Compress it now: a waiting client would time out."""
        _bomb(self.size_mib)

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the compressed body with status 200."""
        del proper
        headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
        return ServiceResponse(200, _bomb(self.size_mib), headers)


@dataclass(frozen=True, slots=True)
class RedirectFault(FaultyResponse):
    """A redirect to another URL."""

    to: str
    code: int = 302

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the redirect."""
        del proper
        return ServiceResponse(self.code, b"", {"Location": self.to})


@dataclass(frozen=True, slots=True)
class DeepJsonFault(FaultyResponse):
    """Valid JSON, nested more deeply than parsers accept."""

    depth: int = 60_000

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the nested document with status 200."""
        del proper
        body = b"[" * self.depth + b"]" * self.depth
        return ServiceResponse(200, body, {"Content-Type": JSON})


class FaultQueue:
    """The faults of the next requests, in the order in which they were added."""

    def __init__(self) -> None:
        self._planned: deque[tuple[Fault, int | None]] = deque()

    def add(self, fault: Fault, times: int | None) -> None:
        """Append a fault for `times` requests; None is until `clear`."""
        self._planned.append((fault, times))

    def clear(self) -> None:
        """Remove all faults."""
        self._planned.clear()

    def next_fault(self) -> Fault | None:
        """Return the fault of the next request, or None."""
        while self._planned:
            fault, times = self._planned.popleft()
            if times is None:
                self._planned.appendleft((fault, None))
                return fault
            if times > 0:
                self._planned.appendleft((fault, times - 1))
                return fault
        return None


@lru_cache(maxsize=2)
def _bomb(size_mib: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0) as file:
        for _ in range(size_mib):
            file.write(b" " * MEBIBYTE)
        file.write(json.dumps({}).encode())
    return packed.getvalue()
