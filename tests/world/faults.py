"""What can be wrong with an answer: the wrong one, or one too much to read.

What can be wrong on the way is in `tests.world.wire`.
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

from tests.world.traffic import JSON, Answer, send

__all__ = [
    "DeepJson",
    "Empty",
    "Fault",
    "Garbage",
    "GzipBomb",
    "Html",
    "Huge",
    "Redirect",
    "Script",
    "Status",
    "WrongKind",
    "WrongTypes",
]

MEBIBYTE: Final = 1 << 20


class Fault(Protocol):
    """Something that goes wrong with one request."""

    async def send(self, request: web.Request, proper: Answer) -> web.StreamResponse:
        """Send what is sent instead of the `proper` answer."""


class WrongAnswer(ABC):
    """An answer that arrives, and is not the proper one."""

    @abstractmethod
    def instead_of(self, proper: Answer) -> Answer:
        """Return what is sent instead."""

    async def send(self, request: web.Request, proper: Answer) -> web.StreamResponse:
        """Send what is sent instead of the `proper` answer."""
        return await send(request, self.instead_of(proper))


@dataclass(frozen=True, slots=True)
class Status(WrongAnswer):
    """An answer made up beforehand."""

    code: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def instead_of(self, proper: Answer) -> Answer:
        """Return it; JSON unless its headers say otherwise."""
        del proper
        return Answer(self.code, self.body, {"Content-Type": JSON, **self.headers})


@dataclass(frozen=True, slots=True)
class Garbage(WrongAnswer):
    """Any bytes, called JSON."""

    content: bytes = b'{"status": "ok", "results": [{"id"\xff\x00'

    def instead_of(self, proper: Answer) -> Answer:
        """Return them, as a success."""
        del proper
        return Answer(200, self.content, {"Content-Type": JSON})


@dataclass(frozen=True, slots=True)
class Empty(WrongAnswer):
    """A success without a body, called JSON."""

    def instead_of(self, proper: Answer) -> Answer:
        """Return nothing, as a success."""
        del proper
        return Answer(200, b"", {"Content-Type": JSON})


@dataclass(frozen=True, slots=True)
class Html(WrongAnswer):
    """The page with which a hotel's network answers everything."""

    def instead_of(self, proper: Answer) -> Answer:
        """Return the page, as a success."""
        del proper
        page = b"<!DOCTYPE html><title>Welcome</title><p>Please accept our terms."
        return Answer(200, page, {"Content-Type": "text/html; charset=utf-8"})


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
class WrongTypes(WrongAnswer):
    """The proper answer with some values of another type, wherever in it.

    Attributes:
        kind: `score` is "high"; `recordings` are null; `ids` are numbers;
            `results` and `releases` are an object; `lengths` are a word;
            `titles` are numbers; `media` and `tracks` are an object;
            `highlevel` is a list; `status` is missing; `everything` is null.
    """

    kind: WrongKind

    def instead_of(self, proper: Answer) -> Answer:
        """Return the proper answer, spoilt."""
        return Answer.of(self._spoilt(proper.json), proper.status)

    def _spoilt(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, list):
            return [self._spoilt(each) for each in value]
        if not isinstance(value, dict):
            return value
        if self.kind == "status":
            return {name: each for name, each in value.items() if name != "status"}
        if self.kind == "everything":
            return dict.fromkeys(value)
        names, wrong = WRONG[self.kind]
        return {
            name: wrong if name in names else self._spoilt(each)
            for name, each in value.items()
        }


@dataclass(frozen=True, slots=True)
class Huge(WrongAnswer):
    """The proper answer after so much white space, which JSON allows."""

    size_bytes: int

    def instead_of(self, proper: Answer) -> Answer:
        """Return the proper answer, swollen."""
        body = b" " * (self.size_bytes - len(proper.body)) + proper.body
        return Answer(proper.status, body, proper.headers)


@dataclass(frozen=True, slots=True)
class GzipBomb(WrongAnswer):
    """A small body that unpacks to so many MiB of valid JSON."""

    size_mib: int

    def __post_init__(self) -> None:
        """Make it now: a client that waits for it has little time."""
        _bomb(self.size_mib)

    def instead_of(self, proper: Answer) -> Answer:
        """Return the bomb, as a success."""
        del proper
        headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
        return Answer(200, _bomb(self.size_mib), headers)


@dataclass(frozen=True, slots=True)
class Redirect(WrongAnswer):
    """A look elsewhere."""

    to: str
    code: int = 302

    def instead_of(self, proper: Answer) -> Answer:
        """Return the redirection."""
        del proper
        return Answer(self.code, b"", {"Location": self.to})


@dataclass(frozen=True, slots=True)
class DeepJson(WrongAnswer):
    """Valid JSON, nested deeper than a parser cares to follow."""

    depth: int = 60_000

    def instead_of(self, proper: Answer) -> Answer:
        """Return it, as a success."""
        del proper
        body = b"[" * self.depth + b"]" * self.depth
        return Answer(200, body, {"Content-Type": JSON})


class Script:
    """The faults that are still to come, in the order they were planned."""

    def __init__(self) -> None:
        self._planned: deque[tuple[Fault, int | None]] = deque()

    def plan(self, fault: Fault, times: int | None) -> None:
        """Let a fault happen so many times, or for ever, after those planned."""
        self._planned.append((fault, times))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._planned.clear()

    def take(self) -> Fault | None:
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
