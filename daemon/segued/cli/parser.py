"""The parser of command lines, whose errors name the nearest option or command."""

import argparse
import re
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

from segued.config.nearest_name import suggestion

__all__ = [
    "CommandParser",
    "Subparsers",
    "add_explain",
    "count",
    "mbid",
    "shared_options_parser",
]

Subparsers: TypeAlias = "argparse._SubParsersAction[CommandParser]"  # noqa: SLF001

INVALID_CHOICE: Final = re.compile(
    r"argument (?P<name>.+?): invalid choice: '(?P<word>.*?)' "
    r"\(choose from (?P<names>.*)\)"
)


REVERSED_CONDITION: Final = re.compile(r"-[a-z]\w+(\.[\w-]+)?[:<>=]")


class CommandParser(argparse.ArgumentParser):
    """Rejects what a command does not have in the words of this command.

    Without this, the parser of the whole program reports it, with its own usage.
    """

    def parse_known_args(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        namespace: Any = None,  # noqa: ANN401
    ) -> tuple[Any, list[str]]:
        """Parse the arguments; an unknown one is an error of this parser."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if getattr(parsed, "query", None) == "":
            parsed.query, unknown = _late_query(unknown)
        if unknown:
            self.error(self._unknown_message(unknown))
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """Print the usage of this parser and an error, and end with exit code 2."""
        if found := INVALID_CHOICE.search(message):
            what, word = found["name"].lower(), found["word"]
            names = re.findall(r"[\w-]+", found["names"])
            near = suggestion(word, names) or f"; there are {', '.join(names)}"
            message = f"there is no {what} {word}{near}"
        super().error(message)

    def _unknown_message(self, unknown: Sequence[str]) -> str:
        options = [each.partition("=")[0] for each in unknown if each.startswith("-")]
        if not options:
            return f"too many arguments: {' '.join(unknown)}"
        names = [
            name
            for action in self._actions
            for name in action.option_strings
            if name.startswith("--")
        ]
        return f"there is no option {options[0]}{suggestion(options[0], names)}"


def _late_query(unknown: list[str]) -> tuple[str, list[str]]:
    """Return the search that is among unknown arguments, and the other ones.

    argparse takes an optional argument for missing if options come before it, and a
    search that begins with a reversed condition, `-artist:bjork`, for an option.
    """
    words = [each for each in unknown if each != "--"]
    if len(words) == 1 and (
        "--" in unknown or words[0][:1] != "-" or REVERSED_CONDITION.match(words[0])
    ):
        return words[0], []
    return "", unknown


def shared_options_parser() -> CommandParser:
    """Return a parent parser with the options that every command has."""
    shared = CommandParser(add_help=False)
    shared.add_argument("--config", type=Path, metavar="FILE", help="segued.toml")
    shared.add_argument("--database", type=Path, metavar="FILE", help="the library")
    shared.add_argument("--json", action="store_true", help="print JSON, for programs")
    return shared


def count(text: str) -> int:
    """Return a number from 1 to 1024, for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= 1_024:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text}: not a number from 1 to 1024")
    return int(text)


def mbid(text: str) -> str:
    """Return a MusicBrainz id, for argparse."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: not a MusicBrainz id") from None


def add_explain(commands: Subparsers, shared: CommandParser) -> None:
    """Add `explain`, which both programs have."""
    explain = commands.add_parser(
        "explain",
        parents=[shared],
        help="show why a file is matched as it is",
        description="Show why the passages of a file are matched as they are.",
    )
    explain.add_argument("file", metavar="FILE")
    explain.set_defaults(command="explain")
