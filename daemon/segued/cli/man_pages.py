"""Generates the man page of a program from its commands."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from segued.cli.command_tree import Argument, Command

__all__ = ["man_page"]

FILES: Final = (
    ("/etc/segued/segued.toml", "the configuration of the service"),
    ("~/.config/segued/segued.toml", "the configuration of a user's own service"),
    ("/var/lib/segued/library.db", "the library of the service"),
    ("~/.local/state/segued/library.db", "the library of a user"),
    ("/run/segued/control.sock", "the control socket of the service"),
)

OTHER: Final = {"segued": "seguectl", "seguectl": "segued"}


def man_page(program: Command, version: str) -> str:
    """Return the page of section 1, in the macros of man(7)."""
    return "\n".join([*_page(program, version), ""])


def _page(program: Command, version: str) -> Iterator[str]:
    name = program.name
    yield f'.TH {name.upper()} 1 "" "segued {version}" "User Commands"'
    yield ".SH NAME"
    subject = program.description.partition(". ")[0].rstrip(".")
    yield _text(f"{name} - {subject[:1].lower()}{subject[1:]}")
    yield ".SH SYNOPSIS"
    for number, command in enumerate(_runnable(program)):
        if number:
            yield ".P"
        yield from _synopsis(command)
    yield ".SH DESCRIPTION"
    yield _text(program.description)
    yield _text(f"{name} COMMAND --help prints the help of one command.")
    yield ".SH OPTIONS"
    yield "Most commands have these options."
    shared = _shared_options(program)
    for option in shared:
        yield from _item(option)
    yield ".SH COMMANDS"
    for command in _runnable(program):
        yield f".SS {_text(command.name)}"
        yield _text(command.description)
        for argument in command.arguments:
            if argument.help and argument not in shared:
                yield from _item(argument)
    yield ".SH EXIT STATUS"
    for code, meaning in _exit_codes(program):
        yield from (".TP", f".B {code}", _text(meaning))
    yield ".SH FILES"
    for path, meaning in FILES:
        yield from (".TP", f".I {_text(path)}", _text(meaning))
    yield ".SH SEE ALSO"
    yield f".BR {OTHER[name]} (1)"


def _runnable(program: Command) -> list[Command]:
    """Return the commands that have no others under them."""
    return [each for each in program.walk() if not each.children]


def _synopsis(command: Command) -> Iterator[str]:
    yield f".B {_text(command.name)}"
    if command.usage:
        yield _text(command.usage)


def _shared_options(program: Command) -> list[Argument]:
    """Return the options that more than half of the commands have."""
    commands = _runnable(program)
    counts = Counter(option for each in commands for option in each.options)
    return [option for option, count in counts.items() if count > len(commands) / 2]


def _item(argument: Argument) -> Iterator[str]:
    label = " ".join(part for part in (", ".join(argument.names), argument.value))
    yield from (".TP", f".B {_text(label.strip())}", _text(argument.help))


def _exit_codes(program: Command) -> Iterator[tuple[str, str]]:
    """Yield the codes and their meanings from the epilogs of the program."""
    rows: list[list[str]] = []
    for command in program.walk():
        for line in command.epilog.splitlines()[1:]:
            code, _, meaning = line.strip().partition(" ")
            if code.isdecimal():
                rows.append([code, meaning.strip()])
            elif rows:
                rows[-1].append(line.strip())
    for code, *lines in rows:
        yield code, " ".join(lines)


def _text(text: str) -> str:
    """Return text for roff: no character is a command, hyphens stay hyphens."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    # A line that begins with one of these marks would be a request.
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
