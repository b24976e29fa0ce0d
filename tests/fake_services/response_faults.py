"""What can be wrong with an answer: the wrong one, or one too much to read.

What can be wrong on the way is in `tests.fake_services.network_faults`.
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
    """Something that goes wrong with one request."""

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Send what is sent instead of the `proper` answer."""


class FaultyResponse(ABC):
    """An answer that arrives, and is not the proper one."""

    @abstractmethod
    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return what is sent instead."""

    async def send(
        self, request: web.Request, proper: ServiceResponse
    ) -> web.StreamResponse:
        """Send what is sent instead of the `proper` answer."""
        return await send_response(request, self.response_for(proper))


@dataclass(frozen=True, slots=True)
class StatusFault(FaultyResponse):
    """An answer made up beforehand."""

    code: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return it; JSON unless its headers say otherwise."""
        del proper
        return ServiceResponse(
            self.code, self.body, {"Content-Type": JSON, **self.headers}
        )


@dataclass(frozen=True, slots=True)
class GarbageFault(FaultyResponse):
    """Any bytes, called JSON."""

    content: bytes = b'{"status": "ok", "results": [{"id"\xff\x00'

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return them, as a success."""
        del proper
        return ServiceResponse(200, self.content, {"Content-Type": JSON})


@dataclass(frozen=True, slots=True)
class EmptyFault(FaultyResponse):
    """A success without a body, called JSON."""

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return nothing, as a success."""
        del proper
        return ServiceResponse(200, b"", {"Content-Type": JSON})


@dataclass(frozen=True, slots=True)
class HtmlFault(FaultyResponse):
    """The page with which a hotel's network answers everything."""

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the page, as a success."""
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
"""The names whose values are replaced, and by what."""


@dataclass(frozen=True, slots=True)
class WrongTypesFault(FaultyResponse):
    """The proper answer with some values of another type, wherever in it.

    Attributes:
        kind: `score` is "high"; `recordings` are null; `ids` are numbers;
            `results` and `releases` are an object; `lengths` are a word;
            `phases` are numbers; `media` and `tracks` are an object;
            `highlevel` is a list; `stat` is missing; `everything` is null.
    """

    kind: WrongKind

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the proper answer, spoilt."""
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
    """The proper answer after so much white space, which JSON allows."""

    size_bytes: int

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the proper answer, swollen."""
        body = b" " * (self.size_bytes - len(proper.body)) + proper.body
        return ServiceResponse(proper.status, body, proper.headers)


@dataclass(frozen=True, slots=True)
class GzipBombFault(FaultyResponse):
    """A small body that unpacks to so many MiB of valid JSON."""

    size_mib: int

    def __post_init__(self) -> None:
        """Make it now: a client that waits for it has little time."""
        _bomb(self.size_mib)

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the bomb, as a success."""
        del proper
        headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
        return ServiceResponse(200, _bomb(self.size_mib), headers)


@dataclass(frozen=True, slots=True)
class RedirectFault(FaultyResponse):
    """A look elsewhere."""

    to: str
    code: int = 302

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return the redirection."""
        del proper
        return ServiceResponse(self.code, b"", {"Location": self.to})


@dataclass(frozen=True, slots=True)
class DeepJsonFault(FaultyResponse):
    """Valid JSON, nested deeper than a parser cares to follow."""

    depth: int = 60_000

    def response_for(self, proper: ServiceResponse) -> ServiceResponse:
        """Return it, as a success."""
        del proper
        body = b"[" * self.depth + b"]" * self.depth
        return ServiceResponse(200, body, {"Content-Type": JSON})


class FaultQueue:
    """The faults that are still to come, in the order they were planned."""

    def __init__(self) -> None:
        self._planned: deque[tuple[Fault, int | None]] = deque()

    def add(self, fault: Fault, times: int | None) -> None:
        """Let a fault happen so many times, or for ever, after those planned."""
        self._planned.append((fault, times))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._planned.clear()

    def next_fault(self) -> Fault | None:
        """Return what goes wrong with the next request, or None."""
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
