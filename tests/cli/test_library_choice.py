"""Which library a command is about, if its command line does not name one."""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from segued.cli import library_choice
from segued.cli.library_choice import choose_library
from segued.errors import DaemonError, StoreError
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner


@pytest.fixture(name="home", autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a library, on a machine without a service."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    monkeypatch.setattr(library_choice, "SYSTEM_SOCKET", tmp_path / "none.sock")
    monkeypatch.setattr(library_choice, "SYSTEM_CONFIG", tmp_path / "none.toml")
    return tmp_path / "home"


@pytest.fixture(name="daemon")
def _daemon(tmp_path: Path) -> Iterator[RunningDaemon]:
    """A daemon that has imported one file."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    with running_daemon(SeguedRunner(tmp_path / "service"), music) as daemon:
        daemon.wait_until_done(1)
        yield daemon


def options(**values: object) -> argparse.Namespace:
    """Return a parsed command line that names only these."""
    defaults = {"config": None, "database": None, "json": False}
    return argparse.Namespace(**{**defaults, **values})


def write(path: Path, text: str = "") -> Path:
    """Write a file, and the folders that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_library_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It needs no word, and is not looked for elsewhere."""
    config = write(tmp_path / "a.toml", '[library]\ndatabase = "/a/library.db"\n')

    by_option = choose_library(options(database=Path("/b/library.db"), config=config))
    by_file = choose_library(options(config=config))

    assert by_option.database == Path("/b/library.db")
    assert by_file.database == Path("/a/library.db")
    assert capsys.readouterr().err == ""


def test_the_own_library_comes_before_that_of_the_service(
    home: Path,
    daemon: RunningDaemon,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the own configuration, or where imports write it."""
    monkeypatch.setattr(library_choice, "SYSTEM_SOCKET", daemon.client.path)
    library = write(home / ".local/state/segued/library.db")

    own = choose_library(options())
    said = capsys.readouterr().err
    config = write(
        home / ".config/segued/segued.toml", '[library]\ndatabase = "/c/library.db"\n'
    )
    configured = choose_library(options())

    assert (own.database, said) == (library, f"Library: {library} (your own)\n")
    assert configured.database == Path("/c/library.db")
    assert capsys.readouterr().err == f"Library: /c/library.db (by {config})\n"


def test_the_daemon_of_the_machine_is_asked(
    daemon: RunningDaemon,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """If there is no other library; its name goes to standard error."""
    monkeypatch.setattr(library_choice, "SYSTEM_SOCKET", daemon.client.path)

    choice = choose_library(options())
    choose_library(options(json=True))

    assert choice.database == daemon.segued.database
    assert capsys.readouterr().err == (
        f"Library: {choice.database} (of the daemon that runs, process"
        f" {daemon.process.pid})\n"
    )
    assert choice.daemon() is not None


def test_a_stopped_service_has_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its library is below /var/lib, unless the file names another."""
    config = write(tmp_path / "etc.toml", '[library]\ndatabase = "/d/library.db"\n')
    monkeypatch.setattr(library_choice, "SYSTEM_CONFIG", config)

    assert choose_library(options()).database == Path("/d/library.db")


def test_a_library_that_only_the_daemon_may_read(
    daemon: RunningDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon gives the same rows and reasons as the file."""
    monkeypatch.setattr(library_choice, "SYSTEM_SOCKET", daemon.client.path)
    choice = choose_library(options())
    song = os.fsencode(daemon.segued.home.parent / "music" / "song.wav")
    direct = [
        *map(list, (choice.rows("files"), choice.rows("passages"))),
        choice.explanation(song),
    ]

    monkeypatch.setattr(os, "access", lambda *_: False)
    asked = [
        *map(list, (choice.rows("files"), choice.rows("passages"))),
        choice.explanation(song),
    ]

    def comparable(values: object) -> object:
        return json.loads(json.dumps(values, default=bytes.hex))

    assert asked == comparable(direct)
    assert len(asked[0]) == 1
    with pytest.raises(DaemonError, match="there is no such table"):
        list(choice.rows("secrets"))


def test_a_library_that_nobody_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken for one that does not exist."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    choice = choose_library(options(database=write(tmp_path / "library.db")))

    with pytest.raises(StoreError, match="this account may not read it"):
        list(choice.rows("files"))
