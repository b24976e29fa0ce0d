"""The man pages: correct for man, and complete."""

import re
import subprocess

import pytest

from segued.cli.service_files import generated_files
from tests.cli.test_completions import commands_of, help_of


def page_of(program: str) -> str:
    """Return the page as it is displayed, without line breaks."""
    source = generated_files()[f"man/man1/{program}.1"]
    done = subprocess.run(
        ("mandoc", "-T", "utf8", "-W", "error"),
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return " ".join(re.sub(".\b", "", done.stdout).split())


@pytest.mark.parametrize("program", ["segued", "seguectl"])
def test_the_page_has_each_command_with_its_options(program: str) -> None:
    """In the words of `--help`."""
    page = page_of(program)

    for command in sorted(commands_of(program)):
        assert f"{program} {command}" in page
        for option in re.findall(r"--[a-z-]+", help_of(program, command)):
            assert option in page or option == "--help"
    assert "EXIT STATUS 0 " in page


def test_text_is_not_taken_for_a_request() -> None:
    """A backquote, a hyphen and an apostrophe are shown as they are."""
    page = page_of("segued")

    assert "Remove what `segued service install` installed" in page
    assert "its title, instead of MusicBrainz's" in page
    assert "(--recording MBID | --no-song | --clear | --release MBID |" in page
