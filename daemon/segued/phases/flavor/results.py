"""The stored output of the local analyzers, and the flavor that follows from it."""

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
"""The analyzers whose outputs are combined to a flavor; classifiers give one alone."""


@dataclass(frozen=True, slots=True)
class AnalysisResults:
    """The output of the local analyzers for one passage.

    Attributes:
        current: The JSON output of the installed analyzers, by name.
        outdated: The JSON output of other analyzers or versions, by name: good
            enough for the measures.
        failures: The reasons why analyzers failed, by name.
    """

    current: Mapping[str, bytes]
    outdated: Mapping[str, bytes] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def measures(self) -> Measures:
        """Loudness, tempo and key: the measures that have columns of their own."""
        found: dict[str, Any] = dict(self._parse_output(LOUDNESS))
        found |= essentia_flavor.measures(self._parse_output(ESSENTIA))
        columns = {each.name for each in fields(Measures)}
        return Measures(**{name: found[name] for name in columns & found.keys()})

    def flavor(self, analyzers: Mapping[str, str]) -> flavors.Flavor | None:
        """Return the flavor by the current outputs; None if they give none.

        Args:
            analyzers: The versions of the installed analyzers, by name.
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
"""The versions of the rules from an analyzer's output to a flavor."""


def _source_and_version(
    sources: list[str], analyzers: Mapping[str, str]
) -> tuple[str, str]:
    versions = (f"{analyzers[each]}/{_RULE_VERSIONS[each]}" for each in sources)
    return "+".join(sources), ", ".join(versions)


def local_flavor_source(context: PhaseContext) -> tuple[str, str] | None:
    """Return source and version of a local flavor; None if no analyzer gives one."""
    if CLASSIFIERS in context.analyzers:
        return _source_and_version([CLASSIFIERS], context.analyzers)
    sources = [each for each in FLAVOR_ANALYZERS if each in context.analyzers]
    return _source_and_version(sources, context.analyzers) if sources else None
