"""What a person could settle about a match: a question and its candidates."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from segued.matching.candidates import ScoredCandidate
from segued.matching.evidence import PassageEvidence, Recording, Release, Track
from segued.matching.scores import LENGTH_AGREES_FROM, NAMES_AGREE_FROM

__all__ = [
    "CandidateFacts",
    "KnownEvidence",
    "Question",
    "QuestionKind",
    "ask",
    "kinds_to_ask",
    "summarize",
]

CANDIDATES_MAX: Final = 9
"""As many candidates as there are keys to choose one with."""


URGENCY_STEP: Final = 7


class QuestionKind(StrEnum):
    """What is uncertain about a match; the worst first. Not all of it is asked."""

    OTHER_NAMES = "other names"
    OTHER_SOUND = "other sound"
    OFF_ALBUM = "off album"
    OTHER_ID = "other id"
    UNIDENTIFIED = "unidentified"
    RIVALS = "rivals"
    EDITION = "edition"
    OTHER_LENGTH = "other length"
    UNNAMED = "unnamed"
    UNHEARD_ID = "unheard id"
    OTHER_RECORDING = "other recording"
    UNCONFIRMED = "unconfirmed"

    @property
    def urgency(self) -> int:
        """Return how far up in the list it belongs: from 100 downward."""
        return 100 - URGENCY_STEP * list(QuestionKind).index(self)


@dataclass(frozen=True, slots=True)
class CandidateFacts:
    """A recording that a passage may be, with what speaks for and against it.

    Attributes:
        seconds: The length of the recording; None if it is not known.
        is_current: Whether the passage is matched to it.
    """

    mbid: str
    title: str
    artist: str
    seconds: float | None
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What a person could settle about a match.

    Attributes:
        text: A sentence for people.
        candidates: The recordings to choose from, the match first.
    """

    kind: QuestionKind
    text: str
    candidates: tuple[CandidateFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownEvidence:
    """What is known about a passage when it is matched.

    Attributes:
        track: Its track of the release.
        release: The release of its folder.
        candidates: The recordings with a similar fingerprint.
        recordings: MusicBrainz's descriptions of recordings, by id.
    """

    passage: PassageEvidence
    track: Track | None
    release: Release | None
    candidates: Sequence[ScoredCandidate]
    recordings: Mapping[str, Recording]


def kinds_to_ask(
    kinds: Collection[QuestionKind], *, expected: bool, confirmed: bool
) -> tuple[QuestionKind, ...]:
    """Return what of a fingerprint match is worth a question.

    What the album or the tags name as well is right, unless another recording is as
    good. A wrong length alone is mostly that of a cut file.

    Args:
        kinds: What is uncertain about the match.
        expected: Whether it is the album's track.
        confirmed: Whether the tags have its id.
    """
    asked = {QuestionKind.RIVALS, QuestionKind.EDITION}
    if not (expected or confirmed):
        asked |= set(QuestionKind) - {QuestionKind.OTHER_LENGTH}
    if not expected and (confirmed or QuestionKind.UNNAMED in kinds):
        asked |= {QuestionKind.OTHER_LENGTH}
    return tuple(each for each in kinds if each in asked)


def ask(
    known: KnownEvidence, kinds: Iterable[QuestionKind], chosen: Recording | None
) -> Question | None:
    """Return the question about a match; None if nothing is worth one.

    Args:
        known: What is known about the passage.
        kinds: What is uncertain about the match.
        chosen: The recording that it is matched to.
    """
    passage, candidates = known.passage, known.candidates
    # While AcoustID has not answered, nobody knows whether the sound is known.
    early = () if passage.acoustid_answered else _UNKNOWN_SOUND
    asked = (each for each in kinds if each in _TEXTS and each not in early)
    kind = max(asked, key=lambda each: each.urgency, default=None)
    if kind is None:
        return None
    best = max(candidates, key=lambda each: each.acoustid.score, default=None)
    heard = chosen or (best.recording if best else None)
    text = _TEXTS[kind].format(
        tags=_quoted(passage.artist, passage.title),
        Naming=f"{passage.naming[0].upper()}{passage.naming[1:]}",
        sound=_quoted(heard.artist, heard.title) if heard else "",
        title=f"“{(chosen.title if chosen else passage.title) or 'untitled'}”",
        album=f"“{known.release.title}”" if known.release else "the album",
        difference=_length_difference(known, chosen),
    )
    return Question(kind, text, _candidates(known, chosen))


_UNKNOWN_SOUND: Final = (QuestionKind.UNCONFIRMED, QuestionKind.UNIDENTIFIED)

_TEXTS: Final = {
    QuestionKind.OTHER_NAMES: "The tags say {tags}, the sound says {sound}.",
    QuestionKind.OFF_ALBUM: "The sound says {sound}, which is not on {album}.",
    QuestionKind.OTHER_ID: "{Naming} another recording than the sound, {sound}.",
    QuestionKind.UNIDENTIFIED: "Nothing identifies it: no names, and no known sound.",
    QuestionKind.RIVALS: "Several recordings of {title} have this sound.",
    QuestionKind.EDITION: "Two editions of {album} fit equally.",
    QuestionKind.OTHER_LENGTH: "Its length is not that of {title}{difference}.",
    QuestionKind.UNCONFIRMED: "No fingerprint is known: only the tags name {title}.",
}


_SUMMARIES: Final = {
    QuestionKind.OTHER_NAMES: "The tags of {} songs have other names than the sound.",
    QuestionKind.OFF_ALBUM: "By their sound, {} songs are not on the album.",
    QuestionKind.OTHER_ID: "The tags of {} songs name other recordings than the sound.",
    QuestionKind.UNIDENTIFIED: "Nothing identifies {} songs.",
    QuestionKind.RIVALS: "Several recordings have the sound of each of {} songs.",
    QuestionKind.EDITION: "Two editions fit {} songs equally.",
    QuestionKind.OTHER_LENGTH: "{} songs have not the lengths of their recordings.",
    QuestionKind.UNCONFIRMED: "No fingerprint of {} songs is known, only their names.",
}


def summarize(kind: str, texts: Sequence[str]) -> str:
    """Return one sentence for several questions of a kind."""
    if len(texts) == 1 or kind not in _SUMMARIES:
        return texts[0]
    return _SUMMARIES[QuestionKind(kind)].format(len(texts))


def _quoted(artist: str | None, title: str | None) -> str:
    return f"“{' / '.join(name for name in (artist, title) if name) or 'nothing'}”"


def _length_difference(known: KnownEvidence, chosen: Recording | None) -> str:
    for each in known.candidates:
        if chosen and each.mbid == chosen.mbid and each.seconds is not None:
            seconds = abs(known.passage.seconds - each.seconds)
            return f": they differ by {seconds:.0f} s"
    return ""


def _candidates(
    known: KnownEvidence, chosen: Recording | None
) -> tuple[CandidateFacts, ...]:
    """Return the recordings to choose from: the match, then by fingerprint."""
    mbid = chosen.mbid if chosen else None
    found = [
        CandidateFacts(
            each.mbid,
            each.recording.title,
            each.recording.artist,
            each.seconds,
            tuple(_evidence_for(known, each)),
            tuple(_evidence_against(known, each)),
            is_current=each.mbid == mbid,
        )
        for each in sorted(
            known.candidates,
            key=lambda each: (-each.acoustid.score, -each.acoustid.sources, each.mbid),
        )
    ]
    found += [
        CandidateFacts(
            each.mbid,
            each.title,
            each.artist,
            each.seconds,
            tuple(_named_by(known, each.mbid)),
            ("AcoustID does not list it for this sound",),
            is_current=each.mbid == mbid,
        )
        for each in _not_heard(known, chosen)
    ]
    found.sort(key=lambda each: not each.is_current)
    return tuple(found[:CANDIDATES_MAX])


def _not_heard(known: KnownEvidence, chosen: Recording | None) -> Iterable[Recording]:
    """Yield recordings that album, tags or match name, and the fingerprint does not."""
    heard = {each.mbid for each in known.candidates}
    in_tags = known.recordings.get(known.passage.recording_mbid or "")
    for each in (known.track.recording if known.track else None, chosen, in_tags):
        if each is not None and each.mbid not in heard:
            heard.add(each.mbid)
            yield known.recordings.get(each.mbid, each)


def _evidence_for(known: KnownEvidence, candidate: ScoredCandidate) -> Iterable[str]:
    agreement, sources = candidate.agreement, candidate.acoustid.sources
    total = sum(each.acoustid.sources for each in known.candidates)
    yield f"sound {candidate.acoustid.score:.0%}, {sources} of {total} sources"
    if (agreement.metadata or 0) >= NAMES_AGREE_FROM:
        yield "names agree"
    if (agreement.duration or 0) >= LENGTH_AGREES_FROM:
        yield "length agrees"
    yield from _named_by(known, candidate.mbid, on_release=candidate.on_release)


def _named_by(
    known: KnownEvidence, mbid: str, *, on_release: bool = False
) -> Iterable[str]:
    """Yield whether the album and the tags name a recording."""
    track, release = known.track, known.release
    if release and track and mbid == track.recording.mbid:
        yield f"track {track.position} of {release.title}"
    elif release and on_release:
        yield f"on {release.title}"
    if mbid == known.passage.recording_mbid:
        yield known.passage.named_where


def _evidence_against(
    known: KnownEvidence, candidate: ScoredCandidate
) -> Iterable[str]:
    agreement = candidate.agreement
    if agreement.metadata is not None and agreement.metadata < NAMES_AGREE_FROM:
        yield "other names"
    if agreement.duration == 0 and candidate.seconds is not None:
        seconds = abs(known.passage.seconds - candidate.seconds)
        yield f"length differs by {seconds:.0f} s"
    if known.release and not candidate.on_release:
        yield f"not on {known.release.title}"
