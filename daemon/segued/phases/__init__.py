"""The ten phases of an import, in running order."""

from typing import Any, Final

from segued.phases import (
    p01_filename,
    p02_hash,
    p03_tags,
    p04_segment,
    p05_fingerprint,
    p06_match,
    p07_record,
    p08_amplitude,
    p09_flavor,
    p10_finalize,
)
from segued.phases.base import Phase

__all__ = ["PHASES"]

PHASES: Final[tuple[Phase[Any], ...]] = (
    p01_filename.PHASE,
    p02_hash.PHASE,
    p03_tags.PHASE,
    p04_segment.PHASE,
    p05_fingerprint.PHASE,
    p06_match.PHASE,
    p07_record.PHASE,
    p08_amplitude.PHASE,
    p09_flavor.PHASE,
    p10_finalize.PHASE,
)
"""All phases; the runner runs them in this order."""
