"""The parser of command lines, whose errors name the nearest option or command."""

import argparse
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from segued.config.allowed import suggestion

__all__ = ["CommandParser"]

INVALID_CHOICE: Final = re.compile(
    r"argument (?P<name>.+?): invalid choice: '(?P<word>.*?)' "
    r"\(choose from (?P<names>.*)\)"
)


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
