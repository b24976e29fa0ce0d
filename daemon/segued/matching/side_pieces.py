"""Decide by the fingerprints of a side's pieces whether they are a release's tracks."""

from collections.abc import Sequence
from enum import Enum

from segued.matching.evidence import PassageEvidence, Release, Track
from segued.matching.scores import FINGERPRINT_FROM

__all__ = ["PiecesVerdict", "judge_pieces"]


class PiecesVerdict(Enum):
    """What AcoustID's answers for the pieces say about release and cut."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    OPEN = "open"


def judge_pieces(
    pieces: Sequence[PassageEvidence], tracks: Sequence[Track], release: Release
) -> PiecesVerdict:
    """Return what the answers for the pieces say.

    A piece is named right if a recording found for it is that of its track, or is on an
    album of the release's group and not one of its other tracks: another edition. Right
    ones outnumber the wrong ones, or the other way round; a tie, as without any answer,
    is open.

    Args:
        pieces: The pieces, with AcoustID's candidates.
        tracks: The track that each of them should be.
        release: The release of the tracks.
    """
    right = wrong = 0
    every = {track.recording.mbid for track in release.tracks}
    for piece, track in zip(pieces, tracks, strict=True):
        found = [each for each in piece.candidates if each.score >= FINGERPRINT_FROM]
        if not found:
            continue
        if any(
            each.recording_mbid == track.recording.mbid
            or (
                each.recording_mbid not in every
                and release.group_mbid in each.release_groups
            )
            for each in found
        ):
            right += 1
        else:
            wrong += 1
    if right == wrong:
        return PiecesVerdict.OPEN
    return PiecesVerdict.CONFIRMED if right > wrong else PiecesVerdict.REFUTED
