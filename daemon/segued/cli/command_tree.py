"""The commands of a program as plain values, read from its parser.

Completions and man pages are generated from them. Imports the standard library only.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from segued.config.plain_names import PLAIN_NAMES

__all__ = ["Argument", "Command", "Completed", "command_tree"]

SETTING_NAMES: Final = (
    *(plain.key for plain in PLAIN_NAMES.values()),
    *PLAIN_NAMES,
    "contact",
    "cover_art_archive",
    "music_folders",
)


@dataclass(frozen=True)
class Completed:
    """What a shell completes an argument to; without anything, to nothing.

    Attributes:
        words: One of these words.
        files: A path of a file or a folder.
        folders: A path of a folder.
    """

    words: tuple[str, ...] = ()
    files: bool = False
    folders: bool = False


BY_METAVAR: Final = {
    "FILE": Completed(files=True),
    "PATH": Completed(files=True),
    "CODE|PATH": Completed(files=True),
    "FOLDER": Completed(folders=True),
    "KEY": Completed(words=SETTING_NAMES),
}
"""What an argument without choices is completed to, by its name in the help."""


@dataclass(frozen=True)
class Argument:
    """An option, or an argument by place.

    Attributes:
        names: The names of an option, such as ("-n", "--number"); empty by place.
        value: The name of its value in the help, such as "FILE"; empty without a value.
        help: What it is.
        is_repeated: Whether it may be given several times.
        completed: What its value is completed to.
    """

    names: tuple[str, ...]
    value: str
    help: str
    is_repeated: bool
    completed: Completed


@dataclass(frozen=True)
class Command:
    """A program, or one of its commands.

    Attributes:
        words: The program and the command, such as ("segued", "config", "check").
        usage: Its arguments in one line, such as "[--json] FOLDER [FOLDER ...]".
        help: One line in the list of commands.
        description: One or more sentences.
        epilog: What follows the options in the help, such as the exit codes.
        arguments: Its options, then its arguments by place.
        children: The commands under it.
    """

    words: tuple[str, ...]
    usage: str
    help: str
    description: str
    epilog: str
    arguments: tuple[Argument, ...]
    children: tuple["Command", ...]

    @property
    def name(self) -> str:
        """The words as they are typed."""
        return " ".join(self.words)

    @property
    def options(self) -> tuple[Argument, ...]:
        """The arguments that have a name."""
        return tuple(each for each in self.arguments if each.names)

    @property
    def places(self) -> tuple[Argument, ...]:
        """The arguments without a name, in order."""
        return tuple(each for each in self.arguments if not each.names)

    def walk(self) -> Iterator["Command"]:
        """Yield this command and all under it."""
        yield self
        for child in self.children:
            yield from child.walk()


def command_tree(
    parser: argparse.ArgumentParser, words: Sequence[str] = (), line: str = ""
) -> Command:
    """Return the command of a parser, with all commands under it.

    Args:
        parser: The parser of a program or a command.
        words: The words of the command; empty for a program.
        line: Its line in the list of commands.
    """
    words = tuple(words) or (parser.prog,)
    arguments: list[Argument] = []
    children: list[Command] = []
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            lines = {each.dest: each.help for each in action._choices_actions}  # noqa: SLF001
            children = [
                command_tree(child, (*words, name), lines.get(name) or "")
                for name, child in action.choices.items()
            ]
        else:
            arguments.append(_argument(action))
    # Python 3.14 colors the usage in a terminal.
    usage = re.sub(r"\x1b\[[0-9;]*m", "", parser.format_usage())
    usage = " ".join(usage.split()).replace("[-h]", "", 1)
    return Command(
        words,
        usage.removeprefix(f"usage: {' '.join(words)}").strip(),
        line,
        parser.description or line,
        parser.epilog or "",
        tuple(sorted(arguments, key=lambda each: not each.names)),
        tuple(children),
    )


def _argument(action: argparse.Action) -> Argument:
    names = tuple(action.option_strings)
    takes_value = action.nargs != 0
    value = str(action.metavar or action.dest.upper()) if takes_value else ""
    if names and action.choices:
        value = "|".join(map(str, action.choices))
    completed = BY_METAVAR.get(value, Completed())
    if action.choices:
        completed = Completed(words=tuple(map(str, action.choices)))
    return Argument(
        names,
        value,
        action.help or "",
        is_repeated=action.nargs in {"*", "+"},
        completed=completed,
    )
