"""The completions of bash, zsh and fish match `--help`."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from segued.cli.service_files import generated_files
from segued.config.config import Settings
from segued.config.plain_names import PLAIN_NAMES
from segued.store.reading import reports

MODULES: Final = {"segued": "segued", "seguectl": "segued.cli.control"}

COMPLETE: Final = """
. /dev/stdin
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"_$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""

ZSH_COMPLETE: Final = r"""
zmodload zsh/zpty
zpty terminal zsh -f -i
# Write to the terminal, and read until a text that only the answer contains.
converse() { zpty -w terminal "$1"; zpty -r terminal reply "*$2*" }
converse "PS1='rea%(?.dy.)> '" 'ready> '
converse "fpath=(${(q)1} \$fpath); autoload -U compinit; compinit -D -u" 'ready> '
converse "zstyle ':completion:*' insert-tab false" 'ready> '
zpty -w -n terminal "$2"$'\t\t'
# Ctrl-U deletes the line, which is not run.
converse $'\x15print DONE$((1 + 1))' DONE2
print -r -- "$reply"
"""


def completions_for(*words: str) -> set[str]:
    """Return the completions of the last word."""
    script = generated_files()[f"bash-completion/completions/{words[0]}"]
    done = subprocess.run(
        ("bash", "-uc", COMPLETE, "bash", *words),
        input=script,
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
    assert completions_for(program, "expl") == {"explain"}


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
    offered = completions_for("segued", "library", "")
    assert offered == {*reports.TOPICS, "check"}
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
    assert completions_for("segued", "import", "--workers", "2", begun) == {
        f"{tmp_path}/music"
    }


def fish_completions_for(*words: str) -> dict[str, str]:
    """Return the completions of the last word by fish, with their descriptions."""
    script = generated_files()[f"fish/vendor_completions.d/{words[0]}.fish"]
    line = " ".join(words)
    done = subprocess.run(
        ("fish", "--no-config", "-c", 'source -; complete -C "$LINE"'),
        input=script,
        env=os.environ | {"LINE": line},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stderr == ""
    rows = (row.partition("\t") for row in done.stdout.splitlines())
    return {word: description for word, _, description in rows}


def zsh_completions_for(folder: Path, *words: str) -> str:
    """Return what zsh shows for the last word of a line in a terminal."""
    for name in MODULES:
        text = generated_files()[f"zsh/site-functions/_{name}"]
        (folder / f"_{name}").write_text(text)
    done = subprocess.run(
        ("zsh", "-f", "-c", ZSH_COMPLETE, "zsh", folder, " ".join(words)),
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_fish_completes_commands_options_and_words(tmp_path: Path) -> None:
    """As bash does, and with the descriptions of the help."""
    (tmp_path / "music").mkdir()
    (tmp_path / "musings.toml").touch()

    for program in MODULES:
        assert set(fish_completions_for(program, "")) == commands_of(program)
    assert fish_completions_for("segued", "forget-") == {
        "forget-tags": "delete the tags that a file does not hold any more"
    }
    assert {
        each: set(fish_completions_for("segued", each, "--"))
        for each in commands_of("segued")
    } == {each: completions_for("segued", each, "--") for each in commands_of("segued")}
    assert set(fish_completions_for("segued", "similar", "--metric", "")) == {
        "squares",
        "variation",
    }
    assert set(fish_completions_for("segued", "import", f"{tmp_path}/mus")) == {
        f"{tmp_path}/music/"
    }
    assert set(fish_completions_for("segued", "explain", f"{tmp_path}/mus")) == {
        f"{tmp_path}/music/",
        f"{tmp_path}/musings.toml",
    }


@pytest.mark.parametrize(
    ("words", "shown", "hidden"),
    [
        (("segued", "forget-"), "segued forget-tags", "rematch"),
        (("segued", ""), "rematch", "--offline"),
        (("segued", "import", "--o"), "segued import --offline", "--wheel"),
        (("segued", "flavor", "inst"), "segued flavor install-models", "dump"),
        (("segued", "library", "pass"), "passages", "failures"),
        (("segued", "similar", "--metric", "sq"), "--metric squares", "variation"),
        (("seguectl", "settings", "sh"), "shortest_audio_seconds", "lead_in_db"),
    ],
)
def test_zsh_completes_commands_options_and_words(
    tmp_path: Path, words: tuple[str, ...], shown: str, hidden: str
) -> None:
    """In a terminal, by the key Tab."""
    terminal = zsh_completions_for(tmp_path, *words)

    assert shown in terminal
    assert hidden not in terminal
