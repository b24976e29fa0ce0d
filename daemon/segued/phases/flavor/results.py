"""The stored output of the local analyzers, and the flavor that follows from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from segued.matching import essentia_flavor, musicnn_flavor
from segued.matching.flavor import validate_flavor
from segued.phases.base import PhaseContext
from segued.store import codec
from segued.store.analysis_cache import StoredOutput
from segued.store.flavors import Flavor, Measures

__all__ = [
    "CLASSIFIERS",
    "ESSENTIA",
    "FLAVOR_ANALYZERS",
    "LOUDNESS",
    "MUSICNN",
    "QUICK_SUFFIX",
    "AnalysisResults",
    "accepts",
    "is_current_flavor",
    "is_quick",
    "local_flavor_source",
]

LOUDNESS: Final = "loudness"
ESSENTIA: Final = "essentia"
CLASSIFIERS: Final = "essentia-svm"
MUSICNN: Final = "musicnn"

QUICK_SUFFIX: Final = " quick 1"
"""Added to the version of an analyzer that does only what a flavor needs; the number is
the version of `segued.media.analyzers.quick_analysis`."""

FLAVOR_ANALYZERS: Final = (ESSENTIA, MUSICNN)
"""The analyzers whose outputs are combined to a flavor; classifiers give one alone."""


@dataclass(frozen=True, slots=True)
class AnalysisResults:
    """The output of the local analyzers for one passage.

    Attributes:
        current: The output of the installed analyzers, by name.
        outdated: The output of other analyzers or versions, by name: good enough for
            the measures.
        failures: The reasons why analyzers failed, by name.
    """

    current: Mapping[str, StoredOutput]
    outdated: Mapping[str, StoredOutput] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def measures(self) -> Measures:
        """Loudness, tempo and key: the measures that have columns of their own."""
        found: dict[str, Any] = dict(self._parse_output(LOUDNESS))
        found |= essentia_flavor.measures(self._parse_output(ESSENTIA))
        columns = {each.name for each in fields(Measures)}
        return Measures(**{name: found[name] for name in columns & found.keys()})

    @property
    def flavor(self) -> Flavor | None:
        """The flavor by the current outputs; None if they give none."""
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
        versions = {name: each.version for name, each in self.current.items()}
        return Flavor(text, *_source_and_version(sources, versions))

    def _parse_output(self, analyzer: str) -> dict[str, Any]:
        output = self.current.get(analyzer) or self.outdated.get(analyzer)
        found: dict[str, Any] = json.loads(output.payload) if output else {}
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


def is_quick(version: str) -> bool:
    """Return whether an analyzer of this version does only what a flavor needs."""
    return version.endswith(QUICK_SUFFIX)


def accepts(wanted: str | None, version: str) -> bool:
    """Return whether stored output is as good as that of the wanted version.

    The output of a full analysis is as good as that of a quick one.

    Args:
        wanted: The version of the analyzer; None if it is not installed.
        version: The version of the analyzer whose output is stored.
    """
    return wanted is not None and version in {wanted, wanted.removesuffix(QUICK_SUFFIX)}


def _source_and_version(
    sources: list[str], analyzers: Mapping[str, str]
) -> tuple[str, str]:
    versions = (f"{analyzers[each]}/{_RULE_VERSIONS[each]}" for each in sources)
    return "+".join(sources), ", ".join(versions)


def local_flavor_source(context: PhaseContext) -> tuple[str, str] | None:
    """Return source and version of a local flavor; None if no analyzer gives one."""
    sources = _flavor_analyzers(context)
    return _source_and_version(sources, context.analyzers) if sources else None


def is_current_flavor(context: PhaseContext, flavor: Flavor) -> bool:
    """Return whether a flavor is by the installed analyzers and the present rules."""
    sources = _flavor_analyzers(context)
    versions = flavor.version.split(", ")
    if flavor.source != "+".join(sources) or len(versions) != len(sources):
        return False
    suffixes = [f"/{_RULE_VERSIONS[each]}" for each in sources]
    return all(
        version.endswith(suffix)
        and accepts(context.analyzers[each], version.removesuffix(suffix))
        for each, version, suffix in zip(sources, versions, suffixes, strict=True)
    )


def _flavor_analyzers(context: PhaseContext) -> list[str]:
    if CLASSIFIERS in context.analyzers:
        return [CLASSIFIERS]
    return [each for each in FLAVOR_ANALYZERS if each in context.analyzers]
