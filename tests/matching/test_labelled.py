"""Thousands of passages whose recording is known: `contrib/bench/matching`."""

from collections.abc import Sequence

import pytest
from bench.matching import GOLDEN, Outcome, outcomes, table, targets

from segued.matching.tag_evidence import band
from segued.model import Confidence


@pytest.fixture(scope="module", name="found")
def _found() -> Sequence[Outcome]:
    return list(outcomes())


def test_the_targets_are_reached(found: Sequence[Outcome]) -> None:
    """High is right, no collision makes it wrong, and it is not rare."""
    assert [each.what for each in targets(found) if not each.reached] == []


def test_the_table_is_the_one_on_record(found: Sequence[Outcome]) -> None:
    """`contrib/bench/matching --golden` writes it anew."""
    assert table(found) == GOLDEN.read_text()


def test_every_decision_can_be_explained(found: Sequence[Outcome]) -> None:
    """It has a reason, what was found, and why each other candidate is not it."""
    for each in found:
        decision, piece = each.decision, each.passage.piece
        mbids = {candidate.recording_mbid for candidate in piece.candidates}
        chosen = decision.recording.mbid if decision.recording else None
        said = "\n".join(decision.rejected)
        assert decision.reason
        assert decision.evidence["duration"]
        assert [mbid for mbid in mbids - {chosen} if mbid not in said] == []


def test_the_band_is_that_of_the_score(found: Sequence[Outcome]) -> None:
    """And what is not identified is no recording."""
    for each in found:
        assert each.band is band(each.decision.score)
        assert each.band is not Confidence.NONE or each.decision.recording is None
