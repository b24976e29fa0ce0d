"""The bash completions match `--help`."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from segued.config.config import Settings
from segued.config.plain_names import PLAIN_NAMES
from segued.store.reading import reports

FOLDER: Final = Path(__file__).parents[2] / "contrib" / "completions"
MODULES: Final = {"segued": "segued", "seguectl": "segued.cli.control"}

COMPLETE: Final = """
. "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"_$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completions_for(*words: str) -> set[str]:
    """Return the completions of the last word."""
    script = FOLDER / f"{words[0]}.bash"
    done = subprocess.run(
        ("bash", "-uc", COMPLETE, "bash", script, *words),
        capture_output=True,
        check=True,
        text=True,
    )
    return set(done.stdout.split())


def help_of(program: str, *words: str) -> str:
    """Return the help of a program, or of one of its commands."""
    command = (sys.executable, "-m", MODULES[program], *words, "--help")
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return done.stdout


def commands_of(program: str) -> set[str]:
    """Return the commands that the help of a program lists."""
    return set(re.findall(r"^ {4}([\w-]+)(?: |$)", help_of(program), re.MULTILINE))


@pytest.mark.parametrize("program", MODULES)
def test_all_commands_are_offered(program: str) -> None:
    """The first word completes to a command."""
    commands = commands_of(program)

    assert {"explain"} < commands
    assert completions_for(program, "") == {*commands, "--help", "--version"}
    assert completions_for(program, "ex") == {"explain"}


@pytest.mark.parametrize("program", MODULES)
def test_all_options_of_a_command_are_offered(program: str) -> None:
    """Each command completes to its own options."""
    commands = sorted(commands_of(program))

    offered = {each: completions_for(program, each, "--") for each in commands}

    assert offered == {
        each: set(
            re.findall(r"--[a-z-]+", help_of(program, each).split("exit codes")[0])
        )
        for each in commands
    }


def test_words_that_a_command_knows_are_offered() -> None:
    """Topics of the library and names of settings are completed."""
    assert completions_for("segued", "library", "") == set(reports.TOPICS)
    assert completions_for("seguectl", "settings", "") == {
        *Settings.__struct_fields__,
        *PLAIN_NAMES,
    }
    assert completions_for("seguectl", "settings", "acoustid_api_key", "") == set()


def test_folders_and_files_are_offered(tmp_path: Path) -> None:
    """Music folders complete to folders; songs and `--config` also to files."""
    (tmp_path / "music").mkdir()
    (tmp_path / "musings.toml").touch()
    begun = f"{tmp_path}/mus"

    assert completions_for("segued", "import", begun) == {f"{tmp_path}/music"}
    assert completions_for("segued", "serve", "--config", begun) == {
        f"{tmp_path}/music",
        f"{tmp_path}/musings.toml",
    }
    assert completions_for("segued", "import", "--workers", "") == set()
