"""Confidence from tags alone: `segued.matching.tag_evidence`."""

import pytest

from segued.matching.tag_evidence import TagClaims, confidence_band, judge_claims
from segued.model import Confidence

MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"


@pytest.mark.parametrize(
    ("claims", "confidence"),
    [
        pytest.param(
            TagClaims(MBID, "T", "A", tagged=True), "Medium", id="an id, named"
        ),
        pytest.param(TagClaims(MBID, None, None, tagged=False), "Medium", id="an id"),
        pytest.param(TagClaims(None, "T", "A", tagged=True), "Low", id="names in tags"),
        pytest.param(TagClaims(None, "T", None, tagged=True), "None", id="no artist"),
        pytest.param(TagClaims(None, "T", "A", tagged=False), "None", id="a file name"),
        pytest.param(TagClaims(None, None, None, tagged=False), "None", id="nothing"),
    ],
)
def test_tags_alone_are_never_high(claims: TagClaims, confidence: str) -> None:
    """An id is strong evidence, names are weak, a file name is none."""
    judged = judge_claims(claims)

    assert judged.confidence == confidence
    assert judged.confidence is confidence_band(judged.score)
    assert judged.reason


def test_an_id_with_names_scores_higher_than_one_without() -> None:
    """Names beside it show that the id was not set blindly."""
    named = judge_claims(TagClaims(MBID, "T", "A", tagged=True))
    bare = judge_claims(TagClaims(MBID, None, None, tagged=False))

    assert named.score > bare.score


@pytest.mark.parametrize(
    ("score", "confidence"),
    [
        (1.0, Confidence.HIGH),
        (0.85, Confidence.HIGH),
        (0.849, Confidence.MEDIUM),
        (0.70, Confidence.MEDIUM),
        (0.699, Confidence.LOW),
        (0.60, Confidence.LOW),
        (0.599, Confidence.NONE),
        (0.0, Confidence.NONE),
    ],
)
def test_band_lower_bounds_are_inclusive(score: float, confidence: Confidence) -> None:
    """The lower bound belongs to the band."""
    assert confidence_band(score) is confidence
