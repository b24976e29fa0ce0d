"""Folders that an account may not read, and the command that lets it."""

import multiprocessing
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from segued.intake.folder_choices import FolderChoices, list_folder

NOBODY = 65_534
OWNER = 12_345


@pytest.fixture(name="home")
def _home() -> Iterator[Path]:
    """A closed home folder with music, on a path that every account may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        home = folder / "it's alice's"
        (home / "Music" / "Album").mkdir(parents=True)
        (home / "Music" / "Album" / "song.mp3").touch()
        home.chmod(0o700)
        os.chown(home, OWNER, OWNER)
        yield home


def listed_by_nobody(path: Path, *, in_container: bool = False) -> FolderChoices:
    """Return what the account nobody gets for a folder."""
    context = multiprocessing.get_context("fork")
    with context.Pool(1, initializer=os.setuid, initargs=(NOBODY,)) as pool:
        arguments = (os.fsencode(path), {"mp3"})
        return pool.apply(list_folder, arguments, {"in_container": in_container})


def test_the_command_for_a_closed_folder_opens_it(home: Path) -> None:
    """And nothing of the closed folder around it but the way."""
    before = listed_by_nobody(home / "Music")
    around = listed_by_nobody(home.parent)
    assert before.command is not None
    for part in before.command.split(" && "):
        sudo, *command = shlex.split(part)
        assert sudo == "sudo"
        subprocess.run(command, check=True)
    after = listed_by_nobody(home / "Music" / "Album")

    assert before.problem == (
        f"the account nobody, which segued runs as, may not read {home}"
    )
    assert [each.is_readable for each in around.folders] == [False]
    assert (after.problem, after.music_files) == (None, 1)
    assert listed_by_nobody(home).problem is not None


def test_a_container_is_started_as_the_owner(home: Path) -> None:
    """Commands inside of it would not help."""
    found = listed_by_nobody(home / "Music", in_container=True)

    assert found.command == f"--user {OWNER}:{OWNER}"
    assert found.problem is not None
    assert "the account nobody of this container" in found.problem


def test_a_container_is_not_started_as_root(home: Path) -> None:
    """A folder that belongs to root has no command."""
    os.chown(home, 0, 0)

    found = listed_by_nobody(home, in_container=True)

    assert found.command is None
    assert found.problem is not None
    assert "which belongs to root: let others read it" in found.problem
