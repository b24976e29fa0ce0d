"""What is said about an invalid configuration: the place, the key, what is allowed."""

import re
from pathlib import Path

import pytest

from segued.config.checking import check
from segued.config.config import SECTIONS, Config, check_setting, read_config
from segued.config.toml_source import read_source
from segued.errors import ConfigError


def message_for(text: str, folder: Path) -> str:
    """Return what is said about a configuration file, behind its path."""
    path = folder / "segued.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_config(path)
    return str(error.value).removeprefix(f"{path}, ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[compute\n", "line 1: expected ']' at the end of a table declaration"),
        (
            '[library]\n\n# moved\ndatbase = "x"\n',
            "line 4: [library] there is no key datbase; did you mean database?",
        ),
        ("[libary]\n", "line 1: there is no section [libary]; did you mean library?"),
        (
            "[library]\nport = 1\n",
            "line 2: [library] there is no key port; port belongs to [page]",
        ),
        (
            'folders = ["/srv"]\n',
            "line 1: folders is in no section; folders belongs to [library]",
        ),
        (
            "library = 1\n",
            "line 1: library is a section: write [library], and its keys below",
        ),
        (
            '[compute]\nprocesses = "2"\n',
            (
                'line 2: [compute] processes = "2": this must be a whole number from 0'
                " to 1024"
            ),
        ),
        (
            "[compute]\nmemory_mib = 1\n",
            (
                "line 2: [compute] memory_mib = 1: this must be a whole number from 512"
                " to 1048576"
            ),
        ),
        (
            "[watching]\nsettle_seconds = 0\n",
            (
                "line 2: [watching] settle_seconds = 0: this must be a number above 0"
                " and at most 3600"
            ),
        ),
        (
            '[flavoring]\nsources = [\n  "essentai",\n]\n',
            (
                'line 2: [flavoring] sources = ["essentai"]: this must be a list in'
                ' brackets of "acousticbrainz", "essentia", "musicnn"; did you mean'
                " essentia?"
            ),
        ),
        (
            '[logging]\nlevel = "warn"\n',
            (
                'line 2: [logging] level = "warn": this must be one of "debug",'
                ' "error", "info", "warning", ""; did you mean warning?'
            ),
        ),
        (
            '[flavoring]\nhours = "22-6"\n',
            (
                'line 2: [flavoring] hours = "22-6": this must be two times of day, as'
                ' "22:00-06:30", or empty for always'
            ),
        ),
        (
            '[cluster]\nsend = ["hashing"]\n',
            (
                'line 2: [cluster] send = ["hashing"]: this must be a list of'
                ' "hearing" and "decoding"'
            ),
        ),
        (
            '[cluster]\nlisten = "0.0.0.0"\n',
            (
                'line 2: [cluster] listen = "0.0.0.0": this must be an address and a'
                ' port, as "0.0.0.0:5724", or empty'
            ),
        ),
        (
            '[library]\nfolders = "/srv"\n',
            (
                'line 2: [library] folders = "/srv": this must be a list in brackets of'
                " texts in quotation marks"
            ),
        ),
        (
            '[page]\naddress = ""\n',
            (
                'line 2: [page] address = "": this must be text in quotation marks (not'
                " empty)"
            ),
        ),
        (
            '[scanning]\nfollow_links = "yes"\n',
            'line 2: [scanning] follow_links = "yes": this must be true or false',
        ),
        (
            "[settings]\nsilence_threshold_dB = -60\n",
            (
                "line 2: [settings] silence_threshold_dB = -60: this must be a number"
                " above 0 and at most 120"
            ),
        ),
        (
            "[settings]\nsilence_seconds = 0.01\n",
            (
                "line 2: [settings] silence_seconds = 0.01: this must be a number from"
                " 0.05 to 86400"
            ),
        ),
        (
            "[settings]\nworkers = 2\nai_processing_thread_count = 3\n",
            (
                "line 3: [settings] ai_processing_thread_count is workers, which is set"
                " as well; keep one of the two"
            ),
        ),
        (
            "[library]\nfolders = /srv/music\n",
            "line 2: this value is not valid; text needs quotation marks",
        ),
        (
            '[library]\ndatabase = "/srv\nfolders = []\n',
            "line 2: the closing quotation mark is missing",
        ),
        (
            '[library]\nfolders = [\n  "/srv",\n\n[page]\nport = 1\n',
            (
                "line 5: this value is not valid; text needs quotation marks (what"
                " begins on line 2 may have no end)"
            ),
        ),
        (
            '[library]\nfolders = [\n  "/srv",\n',
            "line 2: what begins here does not end",
        ),
        ("[page]\nport = 1\nport = 2\n", "line 3: this key is set a second time"),
        (
            "[page]\nport = -1\nprot = 2\nshow = true\n",
            (
                "line 2: [page] port = -1: this must be a whole number from 0 to 65535"
                " (and 2 more; see segued config check)"
            ),
        ),
    ],
)
def test_the_line_the_key_and_what_is_allowed_are_named(
    text: str, message: str, tmp_path: Path
) -> None:
    """And the name that was probably meant, or the section to which the key belongs."""
    assert message_for(text, tmp_path) == message


def test_bytes_that_are_no_text_are_reported(tmp_path: Path) -> None:
    """With the line; no other program's words."""
    path = tmp_path / "segued.toml"
    path.write_bytes(b'[library]\ndatabase = "\xff"\n')

    with pytest.raises(ConfigError) as error:
        read_config(path)

    assert str(error.value) == f"{path}, line 2: this is not UTF-8 text"


def test_every_key_says_what_it_allows_without_a_pattern(tmp_path: Path) -> None:
    """A regular expression explains nothing to most people."""
    for section, kind in SECTIONS.items():
        for key in kind.__struct_fields__:
            message = message_for(f"[{section}]\n{key} = 1979-05-27\n", tmp_path)

            assert f"{key} = " in message
            assert re.search(r"this must be [a-z0-9]", message), message
            assert not re.search(r"[\\^$]|None|Expected|object", message), message


def test_plain_names_are_the_stored_settings(tmp_path: Path) -> None:
    """In seconds instead of ticks."""
    path = tmp_path / "segued.toml"
    path.write_text("[settings]\nworkers = 4\nsilence_seconds = 1.5\n")

    assert read_config(path).settings.as_dict() == {
        "ai_processing_thread_count": 4,
        "silence_min_duration_ticks": 42_336_000,
    }
    assert check_setting("workers", 2) == ("ai_processing_thread_count", 2)
    with pytest.raises(ConfigError) as error:
        check_setting("silence_second", 2)
    assert (
        str(error.value)
        == "no such setting: silence_second; did you mean silence_seconds?"
    )
    for value in (True, float("nan"), float("inf"), "2"):
        with pytest.raises(ConfigError, match=r"a number from 0\.05 to 86400"):
            check_setting("silence_seconds", value)


def test_environment_variables_override_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Written as in the file; text and single items need no quotation marks."""
    path = tmp_path / "segued.toml"
    path.write_text('[library]\nfolders = ["/a"]\ndatabase = "b"\n[page]\nport = 1\n')
    for name, value in {
        "SEGUED_LIBRARY__FOLDERS": "/srv/music, old",
        "SEGUED_PAGE__HOSTS": '["a", "b"]',
        "SEGUED_PAGE__PORT": "2",
        "SEGUED_PAGE__TOKEN": "",
        "SEGUED_PAGE__SHOWN": "false",
        "SEGUED_SETTINGS__SILENCE_THRESHOLD_DB": "55",
        "SEGUED_SETTINGS__ACOUSTID_KEY": "0123456789",
        "SEGUED_OTHER": "of another program",
    }.items():
        monkeypatch.setenv(name, value)

    config = read_config(path)

    assert config.library.folders == ("/srv/music, old",)
    assert config.library.database == "b"
    assert (config.page.hosts, config.page.port) == (("a", "b"), 2)
    assert (config.page.token, config.page.shown) == ("", False)
    assert config.settings.as_dict() == {
        "silence_threshold_dB": 55.0,
        "acoustid_api_key": "0123456789",
    }


def test_a_variable_may_name_a_file_that_holds_the_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As container engines pass secrets; the last line end is no part of it."""
    secret = tmp_path / "token"
    secret.write_text("0123456789abcdef\n")
    monkeypatch.setenv("SEGUED_PAGE__TOKEN_FILE", str(secret))

    source = read_source(None)
    checked = check(source, SECTIONS)

    assert (checked.problems, checked.values) == (
        [],
        {"page": {"token": "0123456789abcdef"}},
    )
    assert checked.origins["page", "token"].text(source) == "SEGUED_PAGE__TOKEN_FILE"
    secret.unlink()
    with pytest.raises(
        ConfigError, match=r"TOKEN_FILE: .*token: cannot be read: No such"
    ):
        read_source(None)
    secret.write_bytes(b"\xff")
    with pytest.raises(
        ConfigError, match=r"TOKEN_FILE: .*token: this is not UTF-8 text"
    ):
        read_source(None)
    monkeypatch.setenv("SEGUED_PAGE__TOKEN", "fedcba9876543210")
    secret.write_text("0123456789abcdef")
    with pytest.raises(ConfigError, match=r"_TOKEN.* and SEGUED_.* set the same value"):
        read_source(None)


def test_invalid_environment_variables_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Instead of a file and a line."""
    monkeypatch.setenv("SEGUED_PAGE__PRT", "1")
    monkeypatch.setenv("SEGUED_PAGES__PORT", "1")
    monkeypatch.setenv("SEGUED_COMPUTE__PROCESSES", "many")

    problems = check(read_source(None), SECTIONS).problems

    assert sorted(problems) == [
        (
            'SEGUED_COMPUTE__PROCESSES: processes = "many": this must be a whole number'
            " from 0 to 1024"
        ),
        "SEGUED_PAGES__PORT: there is no section [pages]; did you mean page?",
        "SEGUED_PAGE__PRT: there is no key prt; did you mean port?",
    ]
    with pytest.raises(ConfigError):
        read_config(None)


def test_every_section_can_be_checked() -> None:
    """A section that is added to the configuration is checked as well."""
    assert set(SECTIONS) == set(Config.__struct_fields__)
