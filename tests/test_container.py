"""The container: what its files name exists. `contrib/container/test` runs it."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from segued.config.checking import check
from segued.config.config import SECTIONS
from segued.config.toml_source import read_source

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "contrib" / "container"
CONTAINERFILE = (FOLDER / "Containerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICE: dict[str, Any] = COMPOSE["services"]["segued"]

SHOW_ARGUMENTS = """#!/bin/sh
printf '%s|' "$@" "${SEGUED_LIBRARY__FOLDERS-}"
"""


def test_what_the_image_copies_exists() -> None:
    """Each source of a COPY, and each lock that it installs."""
    copied = [
        name
        for line in re.findall(
            r"^COPY (?!--from)(.*) \S+$", CONTAINERFILE, re.MULTILINE
        )
        for name in line.split()
    ]

    assert "daemon" in copied
    assert [name for name in copied if not (REPOSITORY / name).exists()] == []


def test_the_wheel_finds_its_files_in_the_image() -> None:
    """All folders from which `hatch_build.py` adds files."""
    from segued.cli.service_files import SOURCES  # noqa: PLC0415

    for folder in {name.partition("/")[0] for name in SOURCES}:
        assert f"COPY {folder} /source/{folder}\n" in CONTAINERFILE


def test_compose_sets_valid_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that are comments; the page is open to this machine only."""
    secret = tmp_path / "token"
    secret.write_text("0123456789abcdef\n")
    text = (FOLDER / "compose.yaml").read_text()
    variables = dict(
        re.findall(r"^ +(?:# )?(SEGUED_\w+): \"?([^\n\"]*)", text, re.MULTILINE)
    )
    assert {*SERVICE["environment"]} < {*variables}
    for name, value in variables.items():
        path = value.startswith("/run/secrets/")
        monkeypatch.setenv(name, str(secret) if path else value)

    problems = check(read_source(None), SECTIONS).problems

    assert problems == []
    assert SERVICE["ports"] == ["127.0.0.1:5723:5723"]
    assert SERVICE["volumes"][0].endswith(":/music:ro")
    assert SERVICE["read_only"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "serve|/music|"),
        (("serve", "--offline"), "serve|--offline|/music|"),
        (("library", "files"), "library|files||"),
    ],
)
def test_start_without_a_configuration(
    tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    """It watches /music; other commands get their arguments as they are."""
    program = tmp_path / "segued"
    program.write_text(SHOW_ARGUMENTS)
    program.chmod(0o755)

    done = subprocess.run(
        (FOLDER / "start", *arguments),
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == expected
