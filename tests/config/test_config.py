"""The configuration: `segued.config.config` and `config/segued.toml`."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from segued.config.config import (
    Config,
    FileSettings,
    PinnedSettings,
    Settings,
    check_setting,
    cpu_count,
    read_config,
)
from segued.errors import ConfigError

DOCUMENTED = Path(__file__).parents[2] / "config" / "segued.toml"


def documented_with_all_settings() -> str:
    """Return the documented file with every setting uncommented."""
    text = DOCUMENTED.read_text()
    return re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)


def test_every_setting_is_documented_with_its_default() -> None:
    """The file's names and values are exactly those in the code."""
    in_file = tomllib.loads(documented_with_all_settings())
    in_code = msgspec.to_builtins(Config())
    stored = msgspec.to_builtins(FileSettings())
    stored["acoustid_api_key"] = ""
    stored["ai_processing_thread_count"] = 3
    in_code["settings"] = stored

    assert in_file == msgspec.json.decode(msgspec.json.encode(in_code))


def test_pinned_settings_mirror_the_settings() -> None:
    """Exactly the stored settings can be fixed in the configuration file."""
    assert PinnedSettings.__struct_fields__ == Settings.__struct_fields__


def test_the_documented_file_loads_as_it_is() -> None:
    """As shipped, it equals the defaults."""
    assert read_config(DOCUMENTED) == Config()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A missing configuration file is an error that names it."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        read_config(tmp_path / "nowhere.toml")


def test_settings_negate_the_stored_levels() -> None:
    """60 dB below full scale is -60 dBFS."""
    settings = Settings()

    assert (
        settings.silence_level,
        settings.lead_in_level,
        settings.lead_out_level,
    ) == (
        -60.0,
        -45.0,
        -40.0,
    )


def test_a_setting_is_checked_by_name() -> None:
    """Unknown names and values out of range are rejected; the message names them."""
    assert check_setting("lead_in_threshold_dB", 30) == ("lead_in_threshold_dB", 30.0)
    with pytest.raises(ConfigError, match="no such setting: volume"):
        check_setting("volume", 11)
    with pytest.raises(ConfigError, match="ai_processing_thread_count = 0"):
        check_setting("ai_processing_thread_count", 0)


def test_the_state_folder_follows_systemd_then_xdg(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The library is in systemd's state folder for a service, in XDG's for a user."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert Config().database == tmp_path / "state" / "segued" / "library.db"

    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/segued")
    assert Config().database == Path("/var/lib/segued/library.db")


def test_processes_default_to_the_processors() -> None:
    """0 stands for one process a CPU."""
    assert Config().processes == cpu_count() >= 1
    two = msgspec.structs.replace(Config().compute, processes=2)
    assert msgspec.structs.replace(Config(), compute=two).processes == 2
