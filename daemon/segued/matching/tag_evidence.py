"""What a file's own word is worth, with nobody asked; and what a score is called."""

from dataclasses import dataclass
from typing import Final

from segued.model import Confidence

__all__ = [
    "LOW_FROM",
    "MEDIUM_FROM",
    "NAMES_BONUS",
    "Judgment",
    "TagClaims",
    "confidence_band",
    "judge_claims",
]

HIGH_FROM: Final = 0.85
MEDIUM_FROM: Final = 0.70
LOW_FROM: Final = 0.60

NAMES_BONUS: Final = 0.05
"""What names beside an embedded id add to it: it was not set blindly."""

FILE_NAME_SCORE: Final = 0.30
"""The whole weight of metadata; a file name alone identifies nothing."""


@dataclass(frozen=True, slots=True)
class TagClaims:
    """What a file says of a passage, with nobody asked.

    Attributes:
        recording_mbid: The MusicBrainz recording its tags name.
        tagged: Title and artist come from tags, a CUE sheet or chapters,
            not from the file's name.
    """

    recording_mbid: str | None
    title: str | None
    artist: str | None
    tagged: bool


@dataclass(frozen=True, slots=True)
class Judgment:
    """A score, 0 to 1, its band, and the reason in words."""

    score: float
    confidence: Confidence
    reason: str


def confidence_band(score: float) -> Confidence:
    """Return the band of a score.

    Source: SPEC032; the bands of phase 6.

    Example:
        >>> [confidence_band(score).value for score in (0.85, 0.7, 0.6, 0.59)]
        ['High', 'Medium', 'Low', 'None']
    """
    if score >= HIGH_FROM:
        return Confidence.HIGH
    if score >= MEDIUM_FROM:
        return Confidence.MEDIUM
    if score >= LOW_FROM:
        return Confidence.LOW
    return Confidence.NONE


def judge_claims(claims: TagClaims) -> Judgment:
    """Judge a passage by the file's own word alone.

    An embedded id is one strong kind of evidence, and so Medium at best: 2.8 %
    of them are wrong, and High needs sound and names to agree. Names in tags
    are weak evidence. A file name is none.

    Example:
        >>> judge_claims(TagClaims(None, "Jóga", "Björk", tagged=True)).confidence.value
        'Low'
    """
    named = bool(claims.title and claims.artist)
    if claims.recording_mbid:
        score = MEDIUM_FROM + NAMES_BONUS * named
        return Judgment(
            score, confidence_band(score), "the tags name the recording; not checked"
        )
    if named and claims.tagged:
        return Judgment(
            LOW_FROM, confidence_band(LOW_FROM), "named by title and artist alone"
        )
    if claims.title:
        reason = "title or artist unknown" if claims.tagged else "only a file name"
        return Judgment(FILE_NAME_SCORE, confidence_band(FILE_NAME_SCORE), reason)
    return Judgment(0.0, Confidence.NONE, "nothing names it")
