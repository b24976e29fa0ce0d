"""Load and save the settings stored in the library."""

from typing import Any, Final

import msgspec

from segued.config.config import PinnedSettings, Settings, check_setting, cpu_count
from segued.errors import ConfigError
from segued.store.schema.files import Setting

__all__ = ["load", "mask_secrets", "save"]

KEY_LENGTH_MIN: Final = 8
"""Shorter keys are masked completely."""


def load(pinned: PinnedSettings) -> Settings:
    """Return the settings in force: pinned, else stored, else the default.

    A setting without a stored value is stored with its default. So the number of
    workers, whose default depends on the machine, stays the same from then on.

    Raises:
        ConfigError: A stored value is out of range; the message names it.
    """
    stored = {row.key: msgspec.json.decode(row.value) for row in Setting.select()}
    values: dict[str, Any] = {}
    for name, default in _defaults().items():
        if name not in stored:
            save(name, default)
        values[name] = _check_stored(name, stored.get(name, default))
    return Settings(**(values | pinned.as_dict()))


def mask_secrets(settings: Settings) -> Settings:
    """Return the settings with the API key masked except its last two letters."""
    key = settings.acoustid_api_key
    if not key:
        return settings
    # Two letters of a short key would reveal too much of it.
    masked = f"...{key[-2:] if len(key) >= KEY_LENGTH_MIN else ''}"
    return msgspec.structs.replace(settings, acoustid_api_key=masked)


def save(name: str, value: object) -> None:
    """Store a setting."""
    Setting.insert(
        key=name, value=msgspec.json.encode(value).decode()
    ).on_conflict_replace().execute()


def _defaults() -> dict[str, Any]:
    defaults: dict[str, Any] = msgspec.to_builtins(Settings())
    return defaults | {"ai_processing_thread_count": cpu_count() + 1}


def _check_stored(name: str, value: object) -> object:
    try:
        return check_setting(name, value)
    except ConfigError as error:
        raise ConfigError(f"stored {error}") from error
