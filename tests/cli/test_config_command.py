"""`segued config`: what is wrong with the configuration, and where values come from."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from segued.config.config import Config

INVALID = """\
[library]
datbase = "x"

[page]
port = -1
"""


def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `segued config` with some more environment variables."""
    return subprocess.run(
        (sys.executable, "-m", "segued", "config", *arguments),
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without any file of segued."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "Music").mkdir()
    return tmp_path


def test_all_errors_are_listed(home: Path) -> None:
    """One line each, with exit code 2; in JSON as well."""
    path = home / "broken.toml"
    path.write_text(INVALID)
    problems = [
        f"{path}, line 2: [library] there is no key datbase; did you mean database?",
        (
            f"{path}, line 5: [page] port = -1: this must be a whole number from 0 to"
            " 65535"
        ),
    ]

    done = run("check", "--config", path)
    as_json = run("check", "--config", path, "--json")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"segued: {each}" for each in problems]
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout) == {
        "file": str(path),
        "valid": False,
        "problems": problems,
        "warnings": [],
    }


def test_what_only_the_daemon_refuses_is_an_error(home: Path) -> None:
    """A page for other machines without a token, a library among the music."""
    path = home / "open.toml"
    path.write_text('[page]\naddress = "0.0.0.0"\n')
    inside = home / "inside.toml"
    inside.write_text(f'[library]\ndatabase = "{home}/Music/library.db"\n')

    no_token, in_music = (
        run("check", "--config", path),
        run("check", "--config", inside),
    )

    assert (no_token.returncode, in_music.returncode) == (2, 2)
    assert "page.token must be set" in no_token.stderr
    assert "cannot be inside the music folder" in in_music.stderr


def test_a_missing_folder_is_no_error(home: Path) -> None:
    """The daemon waits for it; but its name may be mistyped."""
    done = run("check", SEGUED_LIBRARY__FOLDERS=str(home / "musik"))

    assert done.returncode == 0
    assert done.stdout == "no configuration file, all defaults: valid\n"
    assert done.stderr == (
        f"segued: {home}/musik: there is no such folder, or this account may not see"
        " it; segued waits for it\n"
    )


def test_the_own_configuration_is_the_default(home: Path) -> None:
    """That of the user's own service."""
    path = home / ".config" / "segued" / "segued.toml"
    path.parent.mkdir(parents=True)
    path.write_text("")

    assert run("check").stdout == f"{path}: valid\n"
    path.write_text("[page]\nport = true\n")
    assert run("check").returncode == 2


def test_each_value_is_shown_with_its_origin(home: Path) -> None:
    """A line of the file, a variable, an option, or the default; secrets are masked."""
    path = home / "segued.toml"
    path.write_text(
        '[page]\ntoken = "0123456789abcdef"\nport = 1\n[settings]\nworkers = 7\n'
    )
    arguments = ("show", "--config", path, "--database", home / "other.db")

    text = run(*arguments, SEGUED_PAGE__PORT="2").stdout
    values = json.loads(run(*arguments, "--json", SEGUED_PAGE__PORT="2").stdout)

    assert values["page"]["token"] == {"value": "...ef", "origin": f"{path}, line 2"}
    assert values["page"]["port"] == {"value": 2, "origin": "SEGUED_PAGE__PORT"}
    assert values["page"]["shown"] == {"value": True, "origin": "default"}
    assert values["library"]["database"] == {
        "value": str(home / "other.db"),
        "origin": "--database",
    }
    assert values["settings"]["ai_processing_thread_count"] == {
        "value": 7,
        "origin": f"{path}, line 5",
    }
    assert f'\ntoken = "...ef"   # {path}, line 2\n' in text
    assert "\nport = 2   # SEGUED_PAGE__PORT\n" in text
    assert "0123456789" not in text


def test_what_is_shown_is_a_configuration_file(home: Path) -> None:
    """With every value, so that one can begin with it."""
    shown = tomllib.loads(run("show").stdout)

    assert shown["library"]["folders"] == ["~/Music"]
    assert shown["library"]["database"] == f"{home}/.local/state/segued/library.db"
    assert {*shown} == {*Config.__struct_fields__}
    assert shown["watching"] == msgspec.to_builtins(Config().watching)


def test_settings_of_the_library_are_shown(home: Path) -> None:
    """Unless the file fixes them."""
    database = home / "library.db"
    settings = ("settings", "silence_seconds", "3", "--database", str(database))
    subprocess.run(
        (sys.executable, "-m", "segued.cli.control", *settings),
        capture_output=True,
        check=True,
    )

    values = json.loads(
        run(
            "show", "--json", "--database", database, SEGUED_SETTINGS__SILENCE_DB="50"
        ).stdout
    )["settings"]

    assert values["silence_min_duration_ticks"] == {
        "value": 3 * 28_224_000,
        "origin": f"the library {database}",
    }
    assert values["silence_threshold_dB"] == {
        "value": 50.0,
        "origin": "SEGUED_SETTINGS__SILENCE_DB",
    }


def test_what_the_page_sets_is_shown_in_its_section(home: Path) -> None:
    """Folders and contact address, unless the file names them."""
    database = home / "library.db"
    for name, value in (("music_folders", '["/srv/music"]'), ("contact", "me@home")):
        settings = ("settings", name, value, "--database", str(database))
        subprocess.run(
            (sys.executable, "-m", "segued.cli.control", *settings),
            capture_output=True,
            check=True,
        )
    arguments = ("show", "--json", "--database", database)

    stored = json.loads(run(*arguments).stdout)
    fixed = json.loads(run(*arguments, SEGUED_LIBRARY__FOLDERS="/music").stdout)

    origin = f"the library {database}"
    assert stored["library"]["folders"] == {"value": ["/srv/music"], "origin": origin}
    assert stored["services"]["contact"] == {"value": "me@home", "origin": origin}
    assert "contact" not in stored["settings"]
    assert fixed["library"]["folders"] == {
        "value": ["/music"],
        "origin": "SEGUED_LIBRARY__FOLDERS",
    }
