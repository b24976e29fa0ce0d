"""Generates the completions of bash, zsh and fish from the commands of a program."""

from collections.abc import Iterable, Iterator
from typing import Final

from segued.cli.command_tree import Argument, Command, Completed

__all__ = ["bash_completions", "fish_completions", "zsh_completions"]

BASH: Final = """\
# shellcheck shell=bash
# Completions of bash for `{program}`, generated from its parser.

_{program}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    local command={program} place=0 index

    COMPREPLY=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        case "$command ${{COMP_WORDS[index]}}" in
            {commands}) command+=" ${{COMP_WORDS[index]}}" ;;
            {valued}) ((++index)) ;;
            *\\ -*) ;;
            *) ((++place)) ;;
        esac
    done
    case $before in
{values}
    esac
    if [[ $word == -* ]]; then
        case $command in
{options}
        esac
        return
    fi
    case "$command:$place" in
{places}
    esac
}}

complete -F _{program} {program}
"""

BASH_WORDS: Final = "mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\")"
BASH_PATHS: Final = (
    'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -{} -- "$word")'
)


def bash_completions(program: Command) -> str:
    """Return the script for bash."""
    commands = [each for each in program.walk() if each.words != program.words]
    by_name = {
        name: option
        for command in program.walk()
        for option in command.options
        for name in option.names
    }
    valued = {name: option for name, option in by_name.items() if option.value}
    values = [
        f"        {name}) {_bash_action(option.completed)}return ;;"
        for name, option in valued.items()
    ]
    return BASH.format(
        program=program.name,
        commands=" | ".join(f'"{each.name}"' for each in commands),
        valued=" | ".join(f"*\\ {name}" for name in valued),
        values="\n".join(values),
        options="\n".join(_bash_options(program)),
        places="\n".join(_bash_places(program)),
    )


def _bash_options(program: Command) -> Iterator[str]:
    for command in program.walk():
        words = BASH_WORDS.format(" ".join(_option_names(command.options)))
        yield f'            "{command.name}") {words} ;;'


def _bash_places(program: Command) -> Iterator[str]:
    for command in program.walk():
        for number, argument in enumerate(command.places):
            place = "*" if argument.is_repeated else str(number)
            action = _bash_action(argument.completed)
            yield f'        "{command.name}:"{place}) {action};;'
        if command.children:
            # The options as well: nothing else can stand there.
            names = [child.words[-1] for child in command.children]
            words = (*names, *_option_names(command.options, short=False))
            yield f'        "{command.name}:"0) {BASH_WORDS.format(" ".join(words))} ;;'


def _bash_action(completed: Completed) -> str:
    if completed.words:
        return BASH_WORDS.format(" ".join(completed.words)) + "; "
    if completed.files or completed.folders:
        return BASH_PATHS.format("f" if completed.files else "d") + "; "
    return ""


def _option_names(options: Iterable[Argument], *, short: bool = True) -> list[str]:
    names = [name for option in options for name in option.names]
    return [name for name in names if name.startswith("--") or short]


def zsh_completions(program: Command) -> str:
    """Return the script for zsh, a function `_PROGRAM` that it loads by its name."""
    lines = [
        f"#compdef {program.name}",
        f"# Completions of zsh for `{program.name}`, generated from its parser.",
        "",
    ]
    for command in reversed(list(program.walk())):
        lines += [f"{_zsh_function(command)}() {{", *_zsh_body(command), "}", ""]
    return "\n".join([*lines, f'{_zsh_function(program)} "$@"', ""])


def _zsh_function(command: Command) -> str:
    return "_".join(("", *command.words)).replace("-", "_")


def _zsh_body(command: Command) -> Iterator[str]:
    specs = [spec for option in command.options for spec in _zsh_option(option)]
    if not command.children:
        for argument in command.places:
            place = "*" if argument.is_repeated else ""
            specs.append(f"'{place}:{argument.value}:{_zsh_action(argument)}'")
        yield f"    _arguments {' '.join(specs)}"
        return
    yield "    local context state line"
    yield "    local -A opt_args"
    yield "    local -a commands=("
    for child in command.children:
        yield f"        '{child.words[-1]}:{_zsh_text(child.help)}'"
    yield "    )"
    specs += ["'1:command:->command'", "'*::argument:->argument'"]
    yield f"    _arguments -C {' '.join(specs)} && return"
    yield "    case $state in"
    yield "        command) _describe -t commands command commands ;;"
    yield "        argument)"
    yield "            case $words[1] in"
    for child in command.children:
        yield f"                {child.words[-1]}) {_zsh_function(child)} ;;"
    yield "            esac"
    yield "            ;;"
    yield "    esac"


def _zsh_option(option: Argument) -> Iterator[str]:
    """Yield a spec of each name; one name excludes the others."""
    value = f":{option.value}:{_zsh_action(option)}" if option.value else ""
    excluded = " ".join(option.names)
    for name in option.names:
        yield f"'({excluded}){name}[{_zsh_text(option.help)}]{value}'"


def _zsh_action(argument: Argument) -> str:
    completed = argument.completed
    if completed.words:
        return f"({' '.join(completed.words)})"
    if completed.files or completed.folders:
        return "_files" if completed.files else "_files -/"
    return " "


def _zsh_text(text: str) -> str:
    """Return text for a spec in single quotation marks."""
    for mark in "\\[]:":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("'", "'\\''")


def fish_completions(program: Command) -> str:
    """Return the script for fish."""
    lines = [
        f"# Completions of fish for `{program.name}`, generated from its parser.",
        "",
        f"complete -c {program.name} -f",
    ]
    for command in program.walk():
        start = f"complete -c {program.name} -n '{_fish_condition(command)}'"
        lines += [f"{start}{rest}" for rest in _fish_command(command)]
    return "\n".join([*lines, ""])


def _fish_command(command: Command) -> Iterator[str]:
    """Yield what one command completes to."""
    for child in command.children:
        yield f" -a {child.words[-1]} -d {_quoted(child.help)}"
    for option in command.options:
        names = " ".join(
            f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
            for name in option.names
        )
        value = f" -r{_fish_action(option.completed) or ' -f'}" if option.value else ""
        yield f" {names}{value} -d {_quoted(option.help)}"
    for argument in command.places:
        if action := _fish_action(argument.completed):
            yield action


def _fish_condition(command: Command) -> str:
    """Return the condition that a command is typed, without a subcommand."""
    parts = [f"__fish_seen_subcommand_from {word}" for word in command.words[1:]]
    names = " ".join(child.words[-1] for child in command.children)
    if names:
        parts.append(f"not __fish_seen_subcommand_from {names}")
    return "; and ".join(parts)


def _fish_action(completed: Completed) -> str:
    if completed.words:
        return f" -f -a '{' '.join(completed.words)}'"
    if completed.folders:
        return " -f -a '(__fish_complete_directories)'"
    return " -F" if completed.files else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
