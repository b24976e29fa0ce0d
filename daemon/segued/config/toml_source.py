"""Where the configuration comes from: lines of a TOML file, environment variables."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from segued.errors import ConfigError

__all__ = ["ConfigSource", "Variable", "read_source"]

VARIABLE_PREFIX: Final = "SEGUED_"
VARIABLE_SEPARATOR: Final = "__"
"""SEGUED_LIBRARY__FOLDERS is the key `folders` of the section `[library]`."""

FILE_SUFFIX: Final = "_file"
"""SEGUED_PAGE__TOKEN_FILE names a file that holds the value, such as a secret."""

VALUE_BYTES_MAX: Final = 65_536

SYNTAX_HINTS: Final = {
    "Invalid value": "this value is not valid; text needs quotation marks",
    "Expected newline": "a value ends before the end of the line; text needs quotation"
    " marks",
    "Cannot overwrite a value": "this key is set a second time",
    "Cannot declare": "this section is there a second time",
    "Illegal character '\\n'": "the closing quotation mark is missing",
    "Unescaped '\\' in a string": "a backslash in quotation marks is written twice",
}
"""Plain text for the most frequent messages of Python's TOML parser."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that sets a key."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """The values as they are in the file and in the environment, not yet checked.

    Attributes:
        path: The file; None if there is none.
        text: The content of the file.
        in_file: The values in the file, by section and key.
        variables: The environment variables by section and key, in lower case.
    """

    path: Path | None = None
    text: str = ""
    in_file: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[tuple[str, str], Variable] = field(default_factory=dict)

    def place(self, section: str, *keys: str) -> str:
        """Return the file and the line that hold a section or one of its keys."""
        line = _line_of(self.text, section, *keys)
        return f"{self.path}, line {line}" if line else str(self.path)


def read_source(path: Path | None) -> ConfigSource:
    """Read a configuration file, if one is given, and the environment variables.

    Raises:
        ConfigError: The file cannot be read, or is not TOML.
    """
    variables = _environment_variables()
    if path is None:
        return ConfigSource(variables=variables)
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: this is not UTF-8 text") from error
    try:
        return ConfigSource(path, text, tomllib.loads(text), variables)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax_message(path, text, str(error))) from error


def _environment_variables() -> dict[tuple[str, str], Variable]:
    """Return the variables that set a key; an empty one counts as missing.

    Raises:
        ConfigError: A file that a variable names cannot be read, or two variables set
            the same key.
    """
    variables: dict[tuple[str, str], Variable] = {}
    for name, text in os.environ.items():
        section, separator, key = name.removeprefix(VARIABLE_PREFIX).partition(
            VARIABLE_SEPARATOR
        )
        if not (name.startswith(VARIABLE_PREFIX) and separator and text):
            continue
        variable = Variable(name, text)
        if key.lower().endswith(FILE_SUFFIX):
            key = key[: -len(FILE_SUFFIX)]
            variable = Variable(name, _content(name, Path(text)))
        place = (section.lower(), key.lower())
        if place in variables:
            raise ConfigError(f"{variables[place].name} and {name} set the same value")
        variables[place] = variable
    return variables


def _content(name: str, path: Path) -> str:
    """Return the text of a file that a variable names, without the last line end."""
    try:
        with path.open("rb") as file:
            content = file.read(VALUE_BYTES_MAX)
        return content.decode().removesuffix("\n")
    except OSError as error:
        reason = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(f"{name}: {reason}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: {path}: this is not UTF-8 text") from error


def _syntax_message(path: Path, text: str, detail: str) -> str:
    """Return the parser's message with the file and the line in front."""
    found = re.fullmatch(
        r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)",
        detail,
        re.DOTALL,
    )
    if found is None:
        return f"{path}: not valid TOML: {detail}"
    what, line = found["what"], found["line"]
    if line is None and not what.startswith("Cannot"):
        line, what = str(_complete_lines(text) + 1), "what begins here does not end"
    plain = next(
        (hint for start, hint in SYNTAX_HINTS.items() if what.startswith(start)),
        what[:1].lower() + what[1:],
    )
    number = int(line or len(text.splitlines()))
    begin = _complete_lines("\n".join(text.split("\n")[:number])) + 1
    since = f" (what begins on line {begin} may have no end)" if begin < number else ""
    return f"{path}, line {number}: {plain}{since}"


def _complete_lines(text: str) -> int:
    """Return how many of the first lines are TOML on their own."""
    lines = text.split("\n")
    for count in range(len(lines), 0, -1):
        try:
            tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        return count
    return 0


def _line_of(text: str, *keys: str) -> int | None:
    """Return the line, from 1, on which a section or key begins; None if unknown.

    It is the first after those lines that are TOML without this key.
    """
    lines = text.split("\n")
    before = 0
    for count in range(1, len(lines) + 1):
        try:
            parsed: Any = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue  # inside a value of several lines
        if _holds(parsed, keys):
            return before + 1
        before = count
    return None


def _holds(values: Any, keys: tuple[str, ...]) -> bool:  # noqa: ANN401
    for key in keys:
        if not isinstance(values, dict) or key not in values:
            return False
        values = values[key]
    return True
