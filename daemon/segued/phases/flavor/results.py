"""What was heard of a passage here, and what follows from it; nothing is heard anew."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from segued.matching import essentia_flavor, musicnn_flavor
from segued.matching.flavor import validate_flavor
from segued.phases.base import PhaseContext
from segued.store import codec, flavors
from segued.store.flavors import Measures

__all__ = [
    "CLASSIFIERS",
    "ESSENTIA",
    "LOUDNESS",
    "MUSICNN",
    "AnalysisResults",
    "local_flavor_source",
]

LOUDNESS: Final = "loudness"
ESSENTIA: Final = "essentia"
CLASSIFIERS: Final = "essentia-svm"
MUSICNN: Final = "musicnn"

FLAVOR_ANALYZERS: Final = (ESSENTIA, MUSICNN)
"""Those whose words together are a flavor; classifiers need no help."""


@dataclass(frozen=True, slots=True)
class AnalysisResults:
    """What is known of a passage by what was heard here.

    Attributes:
        current: JSON of each who heard it and hears today, by name.
        outdated: JSON of others, or of other versions of them: enough to measure by.
        failures: Why somebody could not, by name.
    """

    current: Mapping[str, bytes]
    outdated: Mapping[str, bytes] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def measures(self) -> Measures:
        """What there are columns for."""
        found: dict[str, Any] = dict(self._parse_output(LOUDNESS))
        found |= essentia_flavor.measures(self._parse_output(ESSENTIA))
        columns = {each.name for each in fields(Measures)}
        return Measures(**{name: found[name] for name in columns & found.keys()})

    def flavor(self, analyzers: Mapping[str, str]) -> flavors.Flavor | None:
        """Return how it sounds, if anybody could tell.

        Args:
            analyzers: Who hears, and which version of them.
        """
        shares: dict[str, Mapping[str, float]] = {}
        sources = [each for each in FLAVOR_ANALYZERS if each in self.current]
        if CLASSIFIERS in self.current:
            shares |= validate_flavor(self._parse_output(CLASSIFIERS))
            sources = [CLASSIFIERS] if shares else sources
        if not shares:
            for each in sources:
                shares |= _CHARACTERISTICS_OF[each](self._parse_output(each))
        if not shares:
            return None
        measures = essentia_flavor.measures(self._parse_output(ESSENTIA))
        text = codec.encode({"characteristics": shares, "measures": measures})
        return flavors.Flavor(text, *_source_and_version(sources, analyzers))

    def _parse_output(self, analyzer: str) -> dict[str, Any]:
        text = self.current.get(analyzer) or self.outdated.get(analyzer, b"{}")
        found: dict[str, Any] = json.loads(text)
        return found


_CHARACTERISTICS_OF: Final = {
    ESSENTIA: essentia_flavor.characteristics,
    MUSICNN: musicnn_flavor.characteristics,
}


_RULE_VERSIONS: Final = {
    ESSENTIA: essentia_flavor.VERSION,
    MUSICNN: musicnn_flavor.VERSION,
    CLASSIFIERS: 1,
}
"""Versions of what is made of their words."""


def _source_and_version(
    sources: list[str], analyzers: Mapping[str, str]
) -> tuple[str, str]:
    versions = (f"{analyzers[each]}/{_RULE_VERSIONS[each]}" for each in sources)
    return "+".join(sources), ", ".join(versions)


def local_flavor_source(context: PhaseContext) -> tuple[str, str] | None:
    """Return source and version of a flavor that is worked out here, if any is."""
    if CLASSIFIERS in context.analyzers:
        return _source_and_version([CLASSIFIERS], context.analyzers)
    sources = [each for each in FLAVOR_ANALYZERS if each in context.analyzers]
    return _source_and_version(sources, context.analyzers) if sources else None
