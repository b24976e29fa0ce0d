"""What fingerprints say about the pieces of a side: `segued.matching.side_pieces`."""

import pytest

from segued.matching.evidence import (
    Candidate,
    PassageEvidence,
    Recording,
    Release,
    Track,
)
from segued.matching.side_pieces import PiecesVerdict, judge_pieces
from segued.units import Seconds

CONFIRMED, REFUTED, OPEN = PiecesVerdict


def track(nth: int) -> Track:
    """Return a track whose recording is named after its number."""
    return Track(1, nth, f"Song {nth}", Recording(f"r{nth}", f"Song {nth}", "Artist"))


RELEASE = Release(
    "release", "Album", "Artist", "group", tracks=tuple(map(track, range(1, 5)))
)
FOUND = {
    "-": (),
    "o": (Candidate("other", 0.9, release_groups=("elsewhere",)),),
    "e": (Candidate("edition", 0.9, release_groups=("elsewhere", "group")),),
    "w": (Candidate("other", 0.4),),
} | {str(nth): (Candidate(f"r{nth}", 0.9),) for nth in range(1, 5)}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param("1234", CONFIRMED, id="every piece is its track"),
        pytest.param("---4", CONFIRMED, id="one answer is enough"),
        pytest.param("eeee", CONFIRMED, id="another edition"),
        pytest.param("12o4", CONFIRMED, id="most pieces"),
        pytest.param("oooo", REFUTED, id="another album"),
        pytest.param("o---", REFUTED, id="one answer refutes as well"),
        pytest.param("2341", REFUTED, id="the tracks in another order"),
        pytest.param("----", OPEN, id="no answer"),
        pytest.param("1o--", OPEN, id="a tie"),
        pytest.param("wwww", OPEN, id="scores that are too low"),
    ],
)
def test_pieces(answers: str, expected: PiecesVerdict) -> None:
    """The answers of most pieces decide."""
    pieces = [
        PassageEvidence(str(nth), nth, Seconds(100), candidates=FOUND[answer])
        for nth, answer in enumerate(answers)
    ]

    assert judge_pieces(pieces, RELEASE.tracks, RELEASE) is expected
