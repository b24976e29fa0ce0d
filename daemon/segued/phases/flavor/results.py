"""What was heard of a passage here, and what follows from it; nothing is heard anew."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from segued.matching import essentia_flavor, musicnn_flavor
from segued.matching.flavor import sane
from segued.phases.base import Tools
from segued.store import codec, flavors
from segued.store.flavors import Measured

__all__ = ["CLASSIFIERS", "ESSENTIA", "LOUDNESS", "MUSICNN", "Heard", "expected"]

LOUDNESS: Final = "loudness"
ESSENTIA: Final = "essentia"
CLASSIFIERS: Final = "essentia-svm"
MUSICNN: Final = "musicnn"

SAY_FLAVOR: Final = (ESSENTIA, MUSICNN)
"""Those whose words together are a flavor; classifiers need no help."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a passage by what was heard here.

    Attributes:
        said: JSON of each who heard it and hears today, by name.
        before: JSON of others, or of other versions of them: enough to measure by.
        failures: Why somebody could not, by name.
    """

    said: Mapping[str, bytes]
    before: Mapping[str, bytes] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def measured(self) -> Measured:
        """What there are columns for."""
        found: dict[str, Any] = dict(self._read(LOUDNESS))
        found |= essentia_flavor.measures(self._read(ESSENTIA))
        there = {each.name for each in fields(Measured)}
        return Measured(**{name: found[name] for name in there & found.keys()})

    def flavor(self, hears: Mapping[str, str]) -> flavors.Flavor | None:
        """Return how it sounds, if anybody could tell.

        Args:
            hears: Who hears, and which version of them.
        """
        shares: dict[str, Mapping[str, float]] = {}
        who = [each for each in SAY_FLAVOR if each in self.said]
        if CLASSIFIERS in self.said:
            shares |= sane(self._read(CLASSIFIERS))
            who = [CLASSIFIERS] if shares else who
        if not shares:
            for each in who:
                shares |= _SAYS[each](self._read(each))
        if not shares:
            return None
        measures = essentia_flavor.measures(self._read(ESSENTIA))
        text = codec.encode({"characteristics": shares, "measures": measures})
        return flavors.Flavor(text, *_signed(who, hears))

    def _read(self, who: str) -> dict[str, Any]:
        text = self.said.get(who) or self.before.get(who, b"{}")
        found: dict[str, Any] = json.loads(text)
        return found


_SAYS: Final = {
    ESSENTIA: essentia_flavor.characteristics,
    MUSICNN: musicnn_flavor.characteristics,
}


_RULES: Final = {
    ESSENTIA: essentia_flavor.VERSION,
    MUSICNN: musicnn_flavor.VERSION,
    CLASSIFIERS: 1,
}
"""Versions of what is made of their words."""


def _signed(who: list[str], hears: Mapping[str, str]) -> tuple[str, str]:
    versions = (f"{hears[each]}/{_RULES[each]}" for each in who)
    return "+".join(who), ", ".join(versions)


def expected(tools: Tools) -> tuple[str, str] | None:
    """Return source and version of a flavor that is worked out here, if any is."""
    if CLASSIFIERS in tools.hears:
        return _signed([CLASSIFIERS], tools.hears)
    who = [each for each in SAY_FLAVOR if each in tools.hears]
    return _signed(who, tools.hears) if who else None
