"""Thousands of passages with known recordings: `contrib/bench/matching`."""

from collections.abc import Sequence

import pytest
from bench.matching import (
    GOLDEN,
    MatchOutcome,
    outcome_table,
    outcomes,
    review_targets,
    targets,
)

from segued.matching.tag_evidence import confidence_band
from segued.model import Confidence


@pytest.fixture(scope="module", name="outcomes")
def _outcomes() -> Sequence[MatchOutcome]:
    return list(outcomes())


def test_the_targets_are_reached(outcomes: Sequence[MatchOutcome]) -> None:
    """High is right, also with colliding fingerprints, and not rare."""
    assert [each.what for each in targets(outcomes) if not each.is_reached] == []


def test_questions_find_what_is_wrong(outcomes: Sequence[MatchOutcome]) -> None:
    """Each wrong match below High has a card; of all cards, most deserve one."""
    missed = [each.what for each in review_targets(outcomes) if not each.is_reached]

    assert missed == []


def test_matching_table_equals_the_golden_file(
    outcomes: Sequence[MatchOutcome],
) -> None:
    """`contrib/bench/matching --golden` writes the file."""
    assert outcome_table(outcomes) == GOLDEN.read_text()


def test_every_decision_can_be_explained(outcomes: Sequence[MatchOutcome]) -> None:
    """It has a reason, evidence, and a sentence for each rejected candidate."""
    for each in outcomes:
        decision, passage = each.decision, each.passage.evidence
        mbids = {candidate.recording_mbid for candidate in passage.candidates}
        chosen = decision.recording.mbid if decision.recording else None
        sentences = "\n".join(decision.rejected)
        assert decision.reason
        assert decision.evidence["duration"]
        assert [mbid for mbid in mbids - {chosen} if mbid not in sentences] == []


def test_band_matches_the_score(outcomes: Sequence[MatchOutcome]) -> None:
    """A passage with confidence None has no recording."""
    for each in outcomes:
        assert each.band is confidence_band(each.decision.score)
        assert each.band is not Confidence.NONE or each.decision.recording is None
