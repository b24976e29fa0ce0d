"""The start of the commands: what they import before they print anything."""

import subprocess
import sys
from pathlib import Path

import pytest

import segued

PACKAGE_PARENT = Path(segued.__file__).parents[1]

SLOW_MODULES = {
    "aiohttp",
    "av",
    "numpy",
    "peewee",
    "prometheus_client",
    "rich",
    "soundfile",
    "structlog",
}
"""Packages that take longer to import than the rest of a short command."""


def modules_imported_by(entry_point: str, *arguments: str) -> set[str]:
    """Return the top-level packages that a command imports until it ends."""
    code = f"from segued.cli.start import {entry_point}; {entry_point}()"
    ran = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [
        line.rpartition("|")[2].strip()
        for line in ran.stderr.splitlines()
        if line.startswith("import time:")
    ]
    assert f"segued.cli.{'main' if entry_point == 'segued' else 'control'}" in lines
    return {line.partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    ("entry_point", "arguments"),
    [
        ("segued", ("--version",)),
        ("segued", ("--help",)),
        ("segued", ("import", "--help")),
        ("seguectl", ("--version",)),
        ("seguectl", ("--help",)),
    ],
)
def test_help_and_version_import_nothing_slow(
    entry_point: str, arguments: tuple[str, ...]
) -> None:
    """They answer in a fraction of the time that the packages take to import."""
    assert modules_imported_by(entry_point, *arguments) & SLOW_MODULES == set()


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("segued.cli.main", ("service", "install", "--dry-run")),
        ("segued.cli.main", ("import", "--help")),
        ("segued.cli.service_files", ()),
    ],
)
def test_parsers_and_service_need_no_library(
    module: str, arguments: tuple[str, ...]
) -> None:
    """The wheel is built, and the service removed, where none is installed."""
    code = f"""
import sys
sys.path.insert(0, {str(PACKAGE_PARENT)!r})
import {module} as module
if sys.argv[1:]:
    module.main()
print(module.generated_files().keys())
"""
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout


@pytest.mark.parametrize("command", ["import_command", "serve_command"])
def test_the_main_process_loads_no_decoder(command: str) -> None:
    """Only its child processes decode; they are forked with the decoders loaded."""
    code = f"import sys, segued.cli.{command}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )

    decoders = {"av", "chromaprint", "soundfile", "soxr"}
    assert decoders & set(ran.stdout.split()) == set()


def test_an_import_loads_nothing_of_the_page() -> None:
    """The page's modules, and aiohttp below them, take as long as its own."""
    code = "import sys, segued.cli.early_start, segued.cli.import_command"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", f"{code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert {"aiohttp.web", "segued.web"} & set(ran.stdout.split()) == set()


def test_status_imports_nothing_slow(tmp_path: Path) -> None:
    """A status line in a prompt or a bar may ask once a second."""
    options = ("--socket", str(tmp_path / "none.sock"))
    library = ("--database", str(tmp_path / "library.db"))

    imported = modules_imported_by("seguectl", "status", *options, *library)

    assert imported & SLOW_MODULES == set()
