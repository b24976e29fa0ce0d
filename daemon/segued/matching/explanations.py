"""Why a passage is held to be a recording, in words, for `explain`."""

from collections.abc import Sequence

from segued.matching.candidates import Weighed
from segued.matching.evidence import Piece, Recording, Release, Track
from segued.matching.scores import AGREED_FROM

__all__ = ["evidence_of", "rejected_of"]


def evidence_of(
    piece: Piece,
    recording: Recording | None,
    track: Track | None,
    release: Release | None,
    weighed: Sequence[Weighed],
) -> dict[str, str]:
    """Return what was found, by its kind; what is not there is left out."""
    mbid = recording.mbid if recording else None
    it = next((each for each in weighed if each.mbid == mbid), None)
    names = " / ".join(name for name in (piece.artist, piece.title) if name)
    found = {
        "duration": _duration(piece, it),
        "fingerprint": _fingerprint(piece, it, weighed),
        "names": _names(piece, names, it),
        "embedded id": _embedded(piece, weighed),
        "album": _album(track, release),
    }
    return {kind: what for kind, what in found.items() if what}


def rejected_of(
    piece: Piece,
    recording: Recording | None,
    track: Track | None,
    weighed: Sequence[Weighed],
) -> tuple[str, ...]:
    """Return a sentence for each candidate that was not taken, best first."""
    mbid = recording.mbid if recording else None
    it = next((each for each in weighed if each.mbid == mbid), None)
    others = [each for each in weighed if each.mbid != mbid]
    others.sort(key=lambda each: (-each.candidate.score, each.mbid))
    sentences = [
        f"{_called(each.recording)} ({each.mbid}): {_why_not(each, it, track)}"
        for each in others
    ]
    embedded = piece.recording_mbid
    if embedded not in (None, mbid) and all(each.mbid != embedded for each in weighed):
        why = "not among the candidates" if weighed else "not the album's track"
        sentences.append(f"the recording that the tags name ({embedded}): {why}")
    return tuple(sentences)


def _duration(piece: Piece, it: Weighed | None) -> str:
    if it is None or it.seconds is None:
        return f"{piece.seconds:.1f} s"
    return f"{piece.seconds:.1f} s, {abs(piece.seconds - it.seconds):.1f} s off"


def _fingerprint(piece: Piece, it: Weighed | None, weighed: Sequence[Weighed]) -> str:
    if it is not None:
        sources = sum(each.candidate.sources for each in weighed)
        return (
            f"{it.candidate.score:.2f}, "
            f"{it.candidate.sources} of {sources} sources, "
            f"{len(weighed)} recordings"
        )
    if weighed:
        return f"of {len(weighed)} other recordings"
    return "AcoustID knows nothing" if piece.asked else "not looked up"


def _names(piece: Piece, names: str, it: Weighed | None) -> str:
    if not names:
        return ""
    whose = names if piece.tagged else f"{names} (by the file's name)"
    if it is None or it.agreement.metadata is None:
        return whose
    return f"{whose}: {it.agreement.metadata:.2f} alike"


def _embedded(piece: Piece, weighed: Sequence[Weighed]) -> str:
    if piece.recording_mbid is None:
        return ""
    if any(each.mbid == piece.recording_mbid for each in weighed):
        return f"{piece.recording_mbid}, among the candidates"
    if weighed:
        return f"{piece.recording_mbid}, not among the candidates"
    return piece.recording_mbid


def _album(track: Track | None, release: Release | None) -> str:
    if release is None:
        return ""
    if track is None:
        return f"{release.title}, on none of its tracks"
    return f"{release.title}, disc {track.disc}, track {track.position}"


def _called(recording: Recording) -> str:
    note = f" ({recording.note})" if recording.note else ""
    names = " / ".join(name for name in (recording.artist, recording.title) if name)
    return f"{names or 'without a name'}{note}"


def _why_not(each: Weighed, it: Weighed | None, track: Track | None) -> str:
    """Return what speaks most against a candidate."""
    metadata, duration = each.agreement.metadata, each.agreement.duration
    if metadata is not None and metadata < AGREED_FROM:
        return "other names, or another version"
    if duration == 0:
        return "another length"
    if track is not None and each.mbid != track.recording.mbid:
        return "not the album's track"
    if it and each.candidate.score < it.candidate.score:
        return "less alike in sound"
    if it and each.candidate.sources < it.candidate.sources:
        return f"fewer sources, {each.candidate.sources}"
    return "nothing speaks for it alone"
