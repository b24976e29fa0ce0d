"""Mistyped command lines: the error is that of the command, with the nearest name."""

import subprocess
import sys

import pytest

from segued.cli.segued_parser import segued_parser

MODULES = {"segued": "segued", "seguectl": "segued.cli.control"}


@pytest.mark.parametrize(
    ("line", "usage", "error"),
    [
        (
            "segued import --ofline /music",
            "usage: segued import ",
            (
                "segued import: error: there is no option --ofline; did you mean"
                " --offline?"
            ),
        ),
        (
            "segued serve --databse=x",
            "usage: segued serve ",
            (
                "segued serve: error: there is no option --databse; did you mean"
                " --database?"
            ),
        ),
        (
            "segued flavor install-models --agan",
            "usage: segued flavor install-models ",
            (
                "segued flavor install-models: error: there is no option --agan; did"
                " you mean --again?"
            ),
        ),
        (
            "segued imprt /music",
            "usage: segued ",
            "segued: error: there is no command imprt; did you mean import?",
        ),
        (
            "segued library file",
            "usage: segued library ",
            "segued library: error: there is no table file; did you mean files?",
        ),
        (
            "segued library files passages",
            "usage: segued library ",
            "segued library: error: too many arguments: passages",
        ),
        (
            "seguectl pause now",
            "usage: seguectl pause ",
            "seguectl pause: error: too many arguments: now",
        ),
        (
            "seguectl stauts",
            "usage: seguectl ",
            "seguectl: error: there is no command stauts; did you mean status?",
        ),
        (
            "seguectl workers many",
            "usage: seguectl workers ",
            "seguectl workers: error: argument N: invalid int value: 'many'",
        ),
    ],
)
def test_the_nearest_name_is_offered(line: str, usage: str, error: str) -> None:
    """With the usage of the command, and exit code 2."""
    program, *arguments = line.split()
    done = subprocess.run(
        (sys.executable, "-m", MODULES[program], *arguments),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith(usage)
    assert done.stderr.splitlines()[-1] == error


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("export m3u8", ""),
        ("export m3u8 blue -o list", "blue"),
        ("export m3u8 -o list blue", "blue"),
        ("export jsonl --albums artist:bjork", "artist:bjork"),
        ("export m3u8 -o list -artist:bjork", "-artist:bjork"),
        ("export m3u8 -mood_happy>0.5", "-mood_happy>0.5"),
        ("export m3u8 -o list -- -x", "-x"),
    ],
)
def test_a_search_may_be_anywhere(line: str, query: str) -> None:
    """Also after options, and if it begins with a reversed condition."""
    assert segued_parser().parse_args(line.split()).query == query
