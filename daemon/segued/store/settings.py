"""Load and save the settings stored in the library."""

from typing import Any, Final

import msgspec

from segued.config.config import PinnedSettings, Settings, check_setting, cpu_count
from segued.errors import ConfigError
from segued.store.schema.files import Setting

__all__ = ["FIRST_VISIT_ENDED", "load", "save"]

FIRST_VISIT_ENDED: Final = "first_visit_ended"
"""A key beside those of the settings: the questions of the page are not asked again."""


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
        return check_setting(name, value)[1]
    except ConfigError as error:
        raise ConfigError(f"stored {error}") from error
