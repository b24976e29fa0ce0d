"""Confidence from tags alone, and the bands that scores fall into."""

from dataclasses import dataclass
from typing import Final

from segued.matching.questions import QuestionKind
from segued.model import Confidence

__all__ = [
    "HIGH_FROM",
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
"""Added to the score of a recording id for names beside it: not set blindly."""

FILE_NAME_SCORE: Final = 0.30
"""The whole weight of metadata; a file name alone identifies no recording."""


@dataclass(frozen=True, slots=True)
class TagClaims:
    """The identity of a passage by its file alone, without any lookup.

    Attributes:
        recording_mbid: The MusicBrainz recording id in the tags.
        recording_by: The program that names the recording instead of the tags, if any.
        tagged: Whether title and artist come from tags, a CUE sheet or chapters,
            not from the file name.
    """

    recording_mbid: str | None
    title: str | None
    artist: str | None
    tagged: bool
    recording_by: str = ""


@dataclass(frozen=True, slots=True)
class Judgment:
    """A score, 0 to 1, its band, and the reason as a sentence.

    Attributes:
        kinds: What is uncertain, if a person could settle it.
    """

    score: float
    confidence: Confidence
    reason: str
    kinds: tuple[QuestionKind, ...] = ()


def confidence_band(score: float) -> Confidence:
    """Return the band of a score, 0 to 1; the lower bound of a band belongs to it.

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
    """Judge a passage by its tags alone.

    A recording id in tags is one strong kind of evidence and so Medium at best:
    2.8 % of them are wrong, and High needs fingerprint and names to agree. Names
    in tags are weak evidence, a file name is none.

    Example:
        >>> judge_claims(TagClaims(None, "Jóga", "Björk", tagged=True)).confidence.value
        'Low'
    """
    named = bool(claims.title and claims.artist)
    if claims.recording_mbid:
        # Names beside an id that is not in the tags were not written with it.
        score = MEDIUM_FROM + NAMES_BONUS * (named and not claims.recording_by)
        who = f"{claims.recording_by} names" if claims.recording_by else "the tags name"
        return Judgment(
            score, confidence_band(score), f"{who} the recording; unconfirmed"
        )
    if named and claims.tagged:
        reason = "title and artist from the tags alone"
        kinds = (QuestionKind.UNCONFIRMED,)
        return Judgment(LOW_FROM, confidence_band(LOW_FROM), reason, kinds)
    if claims.title:
        reason = "title or artist unknown" if claims.tagged else "only a file name"
        band, kinds = confidence_band(FILE_NAME_SCORE), (QuestionKind.UNIDENTIFIED,)
        return Judgment(FILE_NAME_SCORE, band, reason, kinds)
    return Judgment(0.0, Confidence.NONE, "no title", (QuestionKind.UNIDENTIFIED,))
