"""Whether this machine runs on battery."""

from pathlib import Path
from typing import Final

__all__ = ["is_on_battery"]

SUPPLIES: Final = Path("/sys/class/power_supply")


def is_on_battery(supplies: Path = SUPPLIES) -> bool:
    """Return whether a battery discharges and no mains supply is connected.

    A machine without a battery, or whose system does not state it, is not on battery.
    """
    kinds = {each: _read(each / "type") for each in supplies.glob("*")}
    mains = [each for each, kind in kinds.items() if kind in {"Mains", "USB"}]
    if any(_read(each / "online") == "1" for each in mains):
        return False
    return any(
        kind == "Battery"
        and _read(each / "scope") != "Device"  # a mouse has one of its own
        and _read(each / "status") == "Discharging"
        for each, kind in kinds.items()
    )


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
