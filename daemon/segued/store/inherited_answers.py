"""Give a new encoding of a recording what a person decided about an earlier one.

Decisions belong to the audio, so files with the same audio share them. Another encoding
has other audio: when it is found, the decisions about the passage that it holds as well
are copied, with who decided them; the history has the copies, which can be undone.
Fades, which other programs set, are copied too, each to the same moment of the sound.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from segued.model import FileId, PhaseNumber
from segued.store import codec
from segued.store.answers import COPIED, OverrideChange, record
from segued.store.deciders import AnswerAction, Decider
from segued.store.overrides import (
    OverrideRow,
    PassageOverride,
    replace_near,
    rows_near,
)
from segued.store.release_choices import ReleaseChange, choice_of, replace_choice
from segued.store.requeue import requeue_from_phase
from segued.store.same_sounds import SoundPair
from segued.store.schema.answered import StoredAnswer
from segued.store.schema.files import File, Passage, iter_rows
from segued.store.schema.music import PassageSong, Song
from segued.units import Ticks

__all__ = ["inherit"]

OVERLAP_MIN: Final = 0.8
"""Share of the shorter passage that two passages must have in common."""


@dataclass(frozen=True, slots=True)
class _Fades:
    """Where a passage is faded, and how; None where it is not."""

    in_ticks: int | None
    out_ticks: int | None
    in_curve: str | None
    out_curve: str | None


@dataclass(frozen=True, slots=True)
class _Held:
    """The one passage that a file holds.

    Attributes:
        passage: The id of the passage.
        name: The names of the passage, or of its file.
        file_name: The name of the file.
        mbid: The recording that it is matched to; None if it has no id.
    """

    passage: str
    start: Ticks
    end: Ticks
    name: str
    file_name: str
    mbid: str | None
    fades: _Fades

    def overlaps(self, other: "_Held", offset: Ticks) -> bool:
        """Return whether both hold the same sound; `offset` is added to own places."""
        start = max(self.start + offset, other.start)
        end = min(self.end + offset, other.end)
        shorter = min(self.end - self.start, other.end - other.start)
        return end - start >= OVERLAP_MIN * shorter


@dataclass(frozen=True, slots=True)
class _Encoding:
    """Another encoding of the sound of a passage."""

    audio_hash: str
    held: _Held
    offset: Ticks


def inherit(file: FileId, audio_hash: str, pairs: Iterable[SoundPair]) -> None:
    """Copy the latest decisions about other encodings to a file that has none.

    A file with a decision of its own keeps it, also one that was taken back; so does a
    passage with a fade.

    Args:
        file: The new encoding.
        audio_hash: Its sound.
        pairs: The other encodings that were not known to be its before.
    """
    own = _held(File.id == file)
    if own is None:
        return
    others = [
        _Encoding(pair.other_hash, other, pair.offset)
        for pair in pairs
        if (other := _held(File.audio_hash == pair.other_hash)) is not None
        and own.overlaps(other, pair.offset)
    ]
    _inherit_fades(own, others)
    if any(True for _ in _answers_about(audio_hash)):
        return
    is_decided = _inherit_override(audio_hash, own, others)
    if _inherit_release(audio_hash, own, others) or is_decided:
        requeue_from_phase([file], PhaseNumber.MATCH, in_flight=True)


def _inherit_override(audio_hash: str, own: _Held, others: Sequence[_Encoding]) -> bool:
    """Copy what was decided last about a passage; return whether there is anything."""
    found = [
        (row, other)
        for other in others
        for row in rows_near(other.audio_hash, other.held.start)
    ]
    if not found:
        return False
    row, other = max(found, key=lambda each: each[0].at)
    override = _moved(row.override, own, other.held)
    if override is None:
        return False
    after = (OverrideRow(override, row.at),)
    replace_near(audio_hash, own.start, after)
    change = OverrideChange(audio_hash, own.start, own.name, (), after)
    action, person = _last_answer(other.audio_hash, is_about_release=False)
    record(action or AnswerAction.RECORDING, [change], _copied(person, other.held))
    return True


def _inherit_release(audio_hash: str, own: _Held, others: Sequence[_Encoding]) -> bool:
    """Copy the release that was chosen last; return whether there is any."""
    found = [
        (choice, other)
        for other in others
        if (choice := choice_of(other.audio_hash)) is not None
    ]
    if not found:
        return False
    choice, other = max(found, key=lambda each: each[0].at)
    replace_choice(audio_hash, choice)
    change = ReleaseChange(audio_hash, own.name, None, choice)
    _, person = _last_answer(other.audio_hash, is_about_release=True)
    by = _copied(person, other.held)
    record(AnswerAction.RELEASE, (), by, releases=[change])
    return True


def _inherit_fades(own: _Held, others: Sequence[_Encoding]) -> None:
    """Copy the fades of the first encoding that has any, each to its own moment."""
    none = _Fades(None, None, None, None)
    faded = [each for each in others if each.held.fades != none]
    if own.fades != none or not faded:
        return
    fades, offset = faded[0].held.fades, faded[0].offset

    def moved(place: int | None) -> int | None:
        return None if place is None else min(max(place - offset, own.start), own.end)

    Passage.update(
        fade_in_ticks=moved(fades.in_ticks),
        fade_out_ticks=moved(fades.out_ticks),
        fade_in_curve=fades.in_curve,
        fade_out_curve=fades.out_curve,
    ).where(Passage.id == own.passage).execute()


def _copied(person: str, other: _Held) -> Decider:
    return Decider(person, f"{COPIED} {other.file_name}", "")


def _moved(
    decided: PassageOverride, own: _Held, other: _Held
) -> PassageOverride | None:
    """Return a decision about another passage as one about one's own.

    A match that was left as it was is fixed by its id; without one, nothing is known.
    """
    if not decided.keeps_match:
        return PassageOverride(
            own.start, decided.recording_mbid, decided.title, decided.artist
        )
    return PassageOverride(own.start, other.mbid) if other.mbid else None


def _last_answer(
    audio_hash: str, *, is_about_release: bool
) -> tuple[AnswerAction | None, str]:
    """Return the last decision about a sound or its release, and who made it."""
    for row in _answers_about(audio_hash):
        if row.undoes is None and (row.releases is not None) == is_about_release:
            return AnswerAction(row.action), str(row.person)
    return None, ""


def _answers_about(audio_hash: str) -> Iterable[StoredAnswer]:
    """Yield the answers about a sound or its release, the last first."""
    mentions = StoredAnswer.changes.contains(
        audio_hash
    ) | StoredAnswer.releases.contains(audio_hash)
    for row in StoredAnswer.select().where(mentions).order_by(StoredAnswer.id.desc()):
        hashes = [
            each.audio_hash for each in codec.decode(row.changes, list[OverrideChange])
        ]
        hashes += [
            each.audio_hash
            for each in codec.decode(row.releases or "[]", list[ReleaseChange])
        ]
        if audio_hash in hashes:
            yield row


def _held(condition: object) -> _Held | None:
    """Return the passage of a file; None if it does not hold exactly one."""
    rows = (
        Passage.select(
            Passage.id,
            Passage.start_ticks,
            Passage.end_ticks,
            Passage.artist,
            Passage.title,
            File.path_text,
            Song.mbid,
            Passage.fade_in_ticks,
            Passage.fade_out_ticks,
            Passage.fade_in_curve,
            Passage.fade_out_curve,
            File.id,
        )
        .join(File)
        .left_outer_join(PassageSong, on=PassageSong.passage == Passage.id)
        .left_outer_join(Song, on=Song.id == PassageSong.song)
        .where(condition)
        .limit(2)
    )
    found = list(iter_rows(rows))
    if not found or len({row[-1] for row in found}) < len(found):
        return None
    passage, start, end, artist, title, path, mbid, *fades, _ = found[0]
    name = " / ".join(each for each in (artist, title) if each)
    file_name = path.rpartition("/")[2]
    return _Held(
        passage,
        Ticks(start),
        Ticks(end),
        name or file_name,
        file_name,
        mbid,
        _Fades(*fades),
    )
