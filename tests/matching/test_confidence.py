"""How sure a match is: `segued.matching`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.matching.confidence import Claims, band, judge_claims
from segued.matching.normalize import key, normalised
from segued.model import Confidence

MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"


@pytest.mark.parametrize(
    ("claims", "confidence"),
    [
        pytest.param(Claims(MBID, "T", "A", tagged=True), "Medium", id="an id, named"),
        pytest.param(Claims(MBID, None, None, tagged=False), "Medium", id="an id"),
        pytest.param(Claims(None, "T", "A", tagged=True), "Low", id="names in tags"),
        pytest.param(Claims(None, "T", None, tagged=True), "None", id="no artist"),
        pytest.param(Claims(None, "T", "A", tagged=False), "None", id="a file name"),
        pytest.param(Claims(None, None, None, tagged=False), "None", id="nothing"),
    ],
)
def test_a_files_own_word_is_never_high(claims: Claims, confidence: str) -> None:
    """An id is one strong kind of evidence, names are weak, a file name is none."""
    judged = judge_claims(claims)

    assert judged.confidence == confidence
    assert judged.confidence is band(judged.score)
    assert judged.reason


def test_an_id_with_names_beats_one_without() -> None:
    """It was not set blindly."""
    named = judge_claims(Claims(MBID, "T", "A", tagged=True))
    bare = judge_claims(Claims(MBID, None, None, tagged=False))

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
def test_bands_begin_where_they_are_said_to(
    score: float, confidence: Confidence
) -> None:
    """The lower bound belongs to the band."""
    assert band(score) is confidence


def test_names_compare_without_their_looks() -> None:
    """Case, accents, punctuation and spacing say nothing."""
    assert normalised("  The BEATLES ") == normalised("the beatles")
    assert normalised("Sigur Rós") == "sigur ros"
    assert normalised("AC/DC") == "ac dc"
    assert key("!!!", "Me and Giuliani") != key("???", "Me and Giuliani")


@given(st.text(max_size=40))
def test_a_name_is_normalised_once_and_for_all(name: str) -> None:
    """Twice is the same as once."""
    assert normalised(normalised(name)) == normalised(name)
