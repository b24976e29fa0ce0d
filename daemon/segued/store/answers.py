"""Answer questions about matches: store what a person decides, and take it back.

An answer is one transaction. It changes the overrides of some passages, or the releases
that are chosen for their files, and a row of the history says who changed them from
what to what. The files are matched again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.errors import DaemonError, NotFoundError
from segued.model import FileId, PhaseNumber
from segued.store import codec
from segued.store.deciders import AnswerAction, Decider
from segued.store.overrides import (
    OverrideRow,
    PassageOverride,
    replace_near,
    rows_near,
)
from segued.store.release_choices import (
    ReleaseChange,
    ReleaseChoice,
    choice_of,
    replace_choice,
)
from segued.store.requeue import requeue_from_phase
from segued.store.schema.answered import StoredAnswer
from segued.store.schema.files import File, Passage, iter_rows, now
from segued.store.schema.music import PassageSong, Song
from segued.units import Ticks

__all__ = [
    "COPIED",
    "Answer",
    "OverrideChange",
    "answer",
    "choose_release",
    "find_passage",
    "record",
    "undo",
]


COPIED: Final = "copied from"
"""With a file's name, the program of answers in the history that another encoding got
from that file."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer about one passage.

    Attributes:
        passage: The id of the passage.
        recording: The MusicBrainz id, if the action is `RECORDING`.
        title: The title to use instead of MusicBrainz's.
        artist: The artist to use instead of MusicBrainz's.
    """

    passage: str
    action: AnswerAction
    recording: str | None = None
    title: str | None = None
    artist: str | None = None


@dataclass(frozen=True, slots=True)
class OverrideChange:
    """The overrides of a passage before and after an answer.

    Attributes:
        start: The start of the passage in ticks.
        name: Its names when the question was answered, for people.
    """

    audio_hash: str
    start: Ticks
    name: str
    before: tuple[OverrideRow, ...]
    after: tuple[OverrideRow, ...]


@dataclass(frozen=True, slots=True)
class _PassageFacts:
    audio_hash: str
    start: Ticks
    name: str
    recording: str | None


def find_passage(path: bytes, ordinal: int) -> str | None:
    """Return the id of a passage.

    Args:
        path: The file's absolute path.
        ordinal: Number of the passage in the file, from 1.
    """
    rows = (
        Passage.select(Passage.id)
        .join(File)
        .where(File.path == path, Passage.ordinal == ordinal)
    )
    return next((str(passage) for (passage,) in iter_rows(rows)), None)


def answer(answers: Sequence[Answer], by: Decider) -> int:
    """Store answers about some passages; return the number of the row of the history.

    Raises:
        NotFoundError: There is no such passage; nothing is stored.
    """
    changes = []
    for each in answers:
        facts = _facts(each.passage)
        before = rows_near(facts.audio_hash, facts.start)
        override = _override(each, facts)
        after = (OverrideRow(override, now()),) if override else ()
        replace_near(facts.audio_hash, facts.start, after)
        changes.append(
            OverrideChange(facts.audio_hash, facts.start, facts.name, before, after)
        )
    _match_again(each.audio_hash for each in changes)
    actions = {each.action for each in answers}
    action = AnswerAction.LEAVE
    if actions:
        action = min(actions, key=list(AnswerAction).index)
    return record(action, changes, by)


def choose_release(passages: Sequence[str], release: str | None, by: Decider) -> int:
    """Choose the release of the files with some passages; return the answer's number.

    Args:
        passages: The ids of the passages.
        release: Its MusicBrainz id; None: what matching finds.
        by: Who chooses it.

    Raises:
        NotFoundError: There is no such passage; nothing is stored.
    """
    choice = None if release is None else ReleaseChoice(release, now())
    names: dict[str, str] = {}
    for each in passages:
        facts = _facts(each)
        names.setdefault(facts.audio_hash, facts.name)
    changes = [
        ReleaseChange(audio_hash, name, choice_of(audio_hash), choice)
        for audio_hash, name in names.items()
    ]
    for change in changes:
        replace_choice(change.audio_hash, choice)
    _match_again(names)
    action = AnswerAction.RELEASE if choice else AnswerAction.ANY_RELEASE
    return record(action, (), by, releases=changes)


def undo(number: int | None, by: Decider) -> int:
    """Take an answer back: all is again what it was before it.

    Args:
        number: The answer; None: the last one that a person gave and did not take
            back.
        by: Who takes it back.

    Returns:
        The number of the answer that was taken back.

    Raises:
        NotFoundError: There is no such answer.
        DaemonError: It was taken back, or its passages were decided again since.
    """
    row = _find_answer(number)
    if row is None:
        which = "nothing to undo" if number is None else f"no answer {number} to undo"
        raise NotFoundError(f"there is {which}")
    changes = codec.decode(row.changes, list[OverrideChange])
    releases = codec.decode(row.releases or "[]", list[ReleaseChange])
    if StoredAnswer.select().where(StoredAnswer.undoes == row.id).exists():
        raise DaemonError(f"answer {row.id} was undone before")
    for each in changes:
        if rows_near(each.audio_hash, each.start) != each.after:
            raise DaemonError(f"{each.name} was decided again since answer {row.id}")
    for release in releases:
        if choice_of(release.audio_hash) != release.after:
            raise DaemonError(f"{release.name} was decided again since answer {row.id}")
    for each in changes:
        replace_near(each.audio_hash, each.start, each.before)
    for release in releases:
        replace_choice(release.audio_hash, release.before)
    hashes = [each.audio_hash for each in changes]
    _match_again([*hashes, *(each.audio_hash for each in releases)])
    backward = [replace(each, before=each.after, after=each.before) for each in changes]
    chosen = [replace(each, before=each.after, after=each.before) for each in releases]
    record(AnswerAction.UNDO, backward, by, undoes=row.id, releases=chosen)
    return int(row.id)


def _find_answer(number: int | None) -> StoredAnswer | None:
    if number is not None:
        found: StoredAnswer | None = StoredAnswer.get_or_none(StoredAnswer.id == number)
        return found
    undone = StoredAnswer.select(StoredAnswer.undoes).where(
        ~StoredAnswer.undoes.is_null()
    )
    last: StoredAnswer | None = (
        StoredAnswer.select()
        .where(
            StoredAnswer.undoes.is_null(),
            StoredAnswer.id.not_in(undone),
            ~StoredAnswer.program.startswith(COPIED),
        )
        .order_by(StoredAnswer.id.desc())
        .first()
    )
    return last


def _override(each: Answer, facts: _PassageFacts) -> PassageOverride | None:
    """Return the override that an answer stands for; None if it deletes one."""
    match each.action:
        case AnswerAction.RECORDING:
            mbid = each.recording
        case AnswerAction.NO_SONG:
            mbid = None
        case AnswerAction.ACCEPT if facts.recording is not None:
            mbid = facts.recording
        case AnswerAction.ACCEPT | AnswerAction.LEAVE:
            # A match without an id cannot be fixed: it stays as it is.
            return PassageOverride(facts.start, keeps_match=True)
        case _:
            return None
    return PassageOverride(facts.start, mbid, each.title, each.artist)


def _facts(passage: str) -> _PassageFacts:
    rows = (
        Passage.select(
            File.audio_hash,
            Passage.start_ticks,
            Passage.artist,
            Passage.title,
            File.path_text,
            Song.mbid,
        )
        .join(File)
        .left_outer_join(PassageSong, on=PassageSong.passage == Passage.id)
        .left_outer_join(Song, on=Song.id == PassageSong.song)
        .where(Passage.id == passage)
    )
    for audio_hash, start, artist, title, path, mbid in iter_rows(rows):
        names = " / ".join(name for name in (artist, title) if name)
        return _PassageFacts(
            audio_hash, Ticks(start), names or path.rpartition("/")[2], mbid
        )
    raise NotFoundError(f"no passage has the id {passage}")


def _match_again(hashes: Iterable[str]) -> None:
    """Requeue all files with the audio, which may have other tags."""
    files = [
        FileId(file)
        for (file,) in iter_rows(
            File.select(File.id).where(File.audio_hash.in_(sorted(set(hashes))))
        )
    ]
    requeue_from_phase(files, PhaseNumber.MATCH, in_flight=True)


def record(
    action: AnswerAction,
    changes: Sequence[OverrideChange],
    by: Decider,
    *,
    undoes: int | None = None,
    releases: Sequence[ReleaseChange] = (),
) -> int:
    """Add an answer to the history; return its number."""
    row = StoredAnswer.create(
        person=by.person,
        program=by.program,
        version=by.version,
        action=action,
        changes=codec.encode(changes),
        undoes=undoes,
        releases=codec.encode(releases) if releases else None,
    )
    return int(row.id)
