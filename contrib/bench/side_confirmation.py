"""Whether AcoustID's answers for the pieces of a side confirm its release.

AcoustID is taken to know the pieces whose boundaries are both right, except for some
songs that it does not know at all. It is asked as phase 6 does: if the lengths are
plausible.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from segued.dsp.side_tracks import Fit
from segued.matching.evidence import (
    Candidate,
    PassageEvidence,
    Recording,
    Release,
    Track,
)
from segued.matching.side_pieces import PiecesVerdict, judge_pieces
from segued.phases.album.side_split import PLAUSIBLE_CHANCE
from segued.units import Seconds, ticks_to_seconds

__all__ = ["is_confirmed"]

UNKNOWN_SHARE: Final = 0.06
"""So many songs are unknown to AcoustID."""

SCORE: Final = 0.95


def is_confirmed(fit: Fit, joins_right: Sequence[bool], seed: int) -> bool:
    """Return whether the right release is accepted when AcoustID is asked.

    Args:
        fit: The fit of the right release.
        joins_right: Whether each inner boundary is right.
        seed: Determines which songs AcoustID does not know.
    """
    if fit.chance > PLAUSIBLE_CHANCE:
        return fit.is_accepted
    rng = np.random.default_rng(seed)
    edges = (True, *joins_right, True)
    tracks, pieces = [], []
    for nth, span in enumerate(fit.spans):
        mbid = f"recording {nth}"
        tracks.append(Track(1, nth + 1, "", Recording(mbid, "", "")))
        known = edges[nth] and edges[nth + 1] and rng.random() >= UNKNOWN_SHARE
        found = (Candidate(mbid, SCORE),) if known else ()
        length_s = Seconds(ticks_to_seconds(span.length))
        pieces.append(PassageEvidence(str(nth), nth, length_s, candidates=found))
    release = Release("release", "", "", tracks=tuple(tracks))
    verdict = judge_pieces(pieces, tracks, release)
    return verdict is PiecesVerdict.CONFIRMED or fit.is_accepted
