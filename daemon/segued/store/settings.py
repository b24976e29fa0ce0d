"""The settings that the library keeps, each under its name."""

from typing import Any, Final

import msgspec

from segued.config.config import PinnedSettings, Settings, check_setting, cpu_count
from segued.errors import ConfigError
from segued.store.schema.files import Setting

__all__ = ["load", "mask_secrets", "save"]

KEY_LETTERS: Final = 8


def load(pinned: PinnedSettings) -> Settings:
    """Return the settings in force: pinned, else stored, else the default.

    A setting that was never stored is stored with its default; the number of
    workers, which depends on the machine, is from then on what it was then.

    Raises:
        ConfigError: A stored value is out of range. Names it.
    """
    stored = {row.key: msgspec.json.decode(row.value) for row in Setting.select()}
    values: dict[str, Any] = {}
    for name, default in _defaults().items():
        if name not in stored:
            save(name, default)
        values[name] = _checked(name, stored.get(name, default))
    return Settings(**(values | pinned.as_dict()))


def mask_secrets(settings: Settings) -> Settings:
    """Return the settings with the API key masked down to its last two letters."""
    key = settings.acoustid_api_key
    if not key:
        return settings
    # Two letters of a short key would reveal too much of it.
    masked = f"...{key[-2:] if len(key) >= KEY_LETTERS else ''}"
    return msgspec.structs.replace(settings, acoustid_api_key=masked)


def save(name: str, value: object) -> None:
    """Store a setting."""
    Setting.insert(
        key=name, value=msgspec.json.encode(value).decode()
    ).on_conflict_replace().execute()


def _defaults() -> dict[str, Any]:
    defaults: dict[str, Any] = msgspec.to_builtins(Settings())
    return defaults | {"ai_processing_thread_count": cpu_count() + 1}


def _checked(name: str, value: object) -> object:
    try:
        return check_setting(name, value)
    except ConfigError as error:
        raise ConfigError(f"stored {error}") from error
