"""Plain names of stored settings, in seconds instead of ticks; both are accepted."""

import math
from typing import Final, NamedTuple

from segued.units import TICKS_PER_SECOND

__all__ = ["PLAIN_NAMES", "PlainName", "plain_form", "stored_form"]


class PlainName(NamedTuple):
    """The stored setting behind a plain name.

    Attributes:
        key: The name of the stored setting.
        factor: What a value is multiplied by to be stored.
    """

    key: str
    factor: int = 1


PLAIN_NAMES: Final = {
    "silence_db": PlainName("silence_threshold_dB"),
    "silence_seconds": PlainName("silence_min_duration_ticks", TICKS_PER_SECOND),
    "shortest_audio_seconds": PlainName(
        "minimum_passage_audio_duration_ticks", TICKS_PER_SECOND
    ),
    "lead_in_db": PlainName("lead_in_threshold_dB"),
    "lead_out_db": PlainName("lead_out_threshold_dB"),
    "acoustid_key": PlainName("acoustid_api_key"),
    "workers": PlainName("ai_processing_thread_count"),
}
"""The stored setting of each plain name."""


def stored_form(name: str, value: object) -> tuple[str, object]:
    """Return the stored name and value of a setting, which may have its plain name."""
    plain = PLAIN_NAMES.get(name)
    if plain is None:
        return name, value
    if plain.factor != 1 and isinstance(value, int | float):
        is_finite = math.isfinite(value) and not isinstance(value, bool)
        return plain.key, round(value * plain.factor) if is_finite else "not a number"
    return plain.key, value


def plain_form(key: str, value: object) -> tuple[str, object]:
    """Return the plain name and value of a stored setting; unchanged if it has none."""
    for name, plain in PLAIN_NAMES.items():
        if plain.key == key:
            if plain.factor != 1 and isinstance(value, int):
                return name, value / plain.factor
            return name, value
    return key, value
