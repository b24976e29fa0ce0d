"""Give a new encoding of a recording what a person decided about an earlier one.

Overrides belong to the audio, so files with the same audio share them. Another encoding
has other audio: when it is found, the decisions about the passage that it holds as well
are copied, with who decided them; the history has the copy, which can be undone.
"""

from collections.abc import Iterable
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
class _Held:
    """The one passage that a file holds.

    Attributes:
        name: The names of the passage, or of its file.
        file_name: The name of the file.
        mbid: The recording that it is matched to; None if it has no id.
    """

    start: Ticks
    end: Ticks
    name: str
    file_name: str
    mbid: str | None

    def overlaps(self, other: "_Held", offset: Ticks) -> bool:
        """Return whether both hold the same sound; `offset` is added to own places."""
        start = max(self.start + offset, other.start)
        end = min(self.end + offset, other.end)
        shorter = min(self.end - self.start, other.end - other.start)
        return end - start >= OVERLAP_MIN * shorter


def inherit(file: FileId, audio_hash: str, pairs: Iterable[SoundPair]) -> None:
    """Copy the latest decision about other encodings to a file that has none.

    A file with a decision of its own keeps it, also one that was taken back.

    Args:
        file: The new encoding.
        audio_hash: Its sound.
        pairs: The other encodings that were not known to be its before.
    """
    own = _held(File.id == file)
    if own is None or _was_decided(audio_hash):
        return
    found: list[tuple[str, OverrideRow, _Held, str]] = []
    for pair in pairs:
        other = _held(File.audio_hash == pair.other_hash)
        if other is None or not own.overlaps(other, pair.offset):
            continue
        rows = rows_near(pair.other_hash, other.start)
        found += [(row.at, row, other, pair.other_hash) for row in rows]
    for _, row, other, other_hash in sorted(found, key=lambda each: each[0])[-1:]:
        override = _moved(row.override, own, other)
        if override is None:
            return
        after = (OverrideRow(override, row.at),)
        replace_near(audio_hash, own.start, after)
        change = OverrideChange(audio_hash, own.start, own.name, (), after)
        action, person = _decision_about(other_hash)
        record(action, [change], Decider(person, f"{COPIED} {other.file_name}", ""))
        requeue_from_phase([file], PhaseNumber.MATCH, in_flight=True)


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


def _was_decided(audio_hash: str) -> bool:
    return any(True for _ in _answers_about(audio_hash))


def _decision_about(audio_hash: str) -> tuple[AnswerAction, str]:
    """Return the last decision about a sound, and the person who made it."""
    for row in _answers_about(audio_hash):
        if row.undoes is None:
            return AnswerAction(row.action), str(row.person)
    return AnswerAction.RECORDING, ""


def _answers_about(audio_hash: str) -> Iterable[StoredAnswer]:
    """Yield the answers that changed the overrides of a sound, the last first."""
    mentions = StoredAnswer.changes.contains(audio_hash)
    for row in StoredAnswer.select().where(mentions).order_by(StoredAnswer.id.desc()):
        changes = codec.decode(row.changes, list[OverrideChange])
        if any(each.audio_hash == audio_hash for each in changes):
            yield row


def _held(condition: object) -> _Held | None:
    """Return the passage of a file; None if it does not hold exactly one."""
    rows = (
        Passage.select(
            Passage.start_ticks,
            Passage.end_ticks,
            Passage.artist,
            Passage.title,
            File.path_text,
            Song.mbid,
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
    start, end, artist, title, path, mbid, _ = found[0]
    name = " / ".join(each for each in (artist, title) if each)
    file_name = path.rpartition("/")[2]
    return _Held(Ticks(start), Ticks(end), name or file_name, file_name, mbid)
