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


def mask_secrets(settings: Settings) -> dict[str, Any]:
    """Return settings as anybody may see them: what is secret is masked."""
    shown: dict[str, Any] = msgspec.to_builtins(settings)
    if key := shown["acoustid_api_key"]:
        # Of a short one two letters would be too much.
        shown["acoustid_api_key"] = f"...{key[-2:] if len(key) >= KEY_LETTERS else ''}"
    return shown


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
