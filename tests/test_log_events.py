"""Keep the list of log events in ARCHITECTURE.md equal to the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[1]
SOURCE: Final = PROJECT / "daemon" / "segued"

LOG_METHODS: Final = frozenset(
    {"critical", "debug", "error", "exception", "info", "warning"}
)


def documented_events() -> list[str]:
    """Return the event names in ARCHITECTURE.md's section on log events."""
    text = (PROJECT / "ARCHITECTURE.md").read_text()
    section = text.partition("\n## Log events\n")[2].partition("\n## ")[0]
    return re.findall(r"`([a-z_]+\.[a-z_]+)`", section)


def events_in(module: ast.Module) -> Iterator[str]:
    """Yield the event names that a module logs: by `log`, or as the key "event"."""
    for node in ast.walk(module):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name("log"), attr=method),
                args=[ast.Constant(str(event)), *_],
            ) if method in LOG_METHODS:
                yield event
            case ast.Dict(
                keys=[ast.Constant("event"), *_], values=[ast.Constant(str(event)), *_]
            ):
                yield event


def unnamed_events_in(module: ast.Module) -> Iterator[int]:
    """Yield the lines of log calls whose event is not a literal."""
    for node in ast.walk(module):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name("log"), attr=method), args=args
            ) if method in LOG_METHODS:
                if not args or not isinstance(args[0], ast.Constant):
                    yield node.lineno


def modules() -> dict[str, ast.Module]:
    """Return the parsed modules of the program, by path."""
    return {
        str(path.relative_to(PROJECT)): ast.parse(path.read_text())
        for path in sorted(SOURCE.rglob("*.py"))
    }


def test_documented_log_events_are_exactly_those_logged() -> None:
    """Every event is documented once, and every documented event is logged."""
    logged = {event for module in modules().values() for event in events_in(module)}

    assert sorted(documented_events()) == sorted(logged)


def test_event_names_are_literals() -> None:
    """Events can be found by their names in the source."""
    unnamed = [
        f"{path}:{line}"
        for path, module in modules().items()
        for line in unnamed_events_in(module)
    ]

    assert unnamed == []
