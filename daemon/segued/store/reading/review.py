"""Query what needs a person: questions about matches, by album or file, worst first.

Each function opens its own read-only connection, as in `segued.store.reading.reports`.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from segued.errors import NotFoundError
from segued.matching.questions import CandidateFacts, summarize
from segued.store import codec
from segued.store.answers import OverrideChange
from segued.store.deciders import AnswerAction
from segued.store.overrides import START_TOLERANCE, OverrideRow
from segued.store.reading.albums import ALBUM_COLUMNS, album_row
from segued.store.reading.listings import PASSAGE_COLUMNS, SONG_JOINS, passage_values
from segued.store.reading.music_rows import AlbumRow
from segued.store.reading.reports import CARD_COUNT, open_read_only
from segued.store.reading.rows import PageRequest, PassageRow
from segued.store.release_choices import ReleaseChange, ReleaseChoice

__all__ = [
    "AnswerRow",
    "AnsweredPassage",
    "AnsweredRelease",
    "ReviewCard",
    "ReviewPage",
    "ReviewPassage",
    "answers",
    "card",
    "cards",
    "passages_of",
]

PASSAGES_MAX: Final = 100
"""So many passages of a card are listed; the others follow when these are answered."""


SENTENCES_MAX: Final = 2

UNDECIDED_OF_ALBUM: Final = f"""
SELECT passages.id FROM track_index
JOIN passages ON passages.id = track_index.passage_id
JOIN files ON files.id = passages.file_id
WHERE track_index.album_id = ? AND NOT EXISTS (
    SELECT 1 FROM overrides WHERE overrides.audio_hash = files.audio_hash
    AND abs(overrides.start_ticks - passages.start_ticks) <= {START_TOLERANCE}
)
"""  # noqa: S608

OF_ALBUM_OR_FILE: Final = """
SELECT passage_id FROM track_index WHERE album_id = :id
UNION SELECT id FROM passages WHERE file_id = :id
"""

QUESTIONS_OF_CARD: Final = f"""
SELECT * FROM passage_questions
WHERE passage_id IN ({OF_ALBUM_OR_FILE}) AND card_id = :id
UNION ALL
SELECT * FROM album_questions WHERE album_id = :id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class ReviewPassage(PassageRow):
    """A passage with a question about its match.

    Attributes:
        question: The kind of the question; `text` is the question itself.
        reason: Why it is matched as it is.
        evidence: The evidence for the match, by kind.
        candidates: The recordings to choose from, the match first.
    """

    question: str
    text: str
    reason: str
    evidence: dict[str, str]
    candidates: list[CandidateFacts]


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """An album, or a file without one, with open questions.

    Attributes:
        card: The id of the album or file.
        album: None if the card is about a file.
        question: The kind of the worst question; `text` is that question.
        missing: Disc and number of each track that the album lacks, if that is a
            question.
        passages: The passages with a question.
    """

    card: str
    album: AlbumRow | None
    question: str
    text: str
    urgency: int
    missing: list[tuple[int, int]]
    passages: list[ReviewPassage]


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A page of cards, the worst first."""

    cards: list[ReviewCard]
    page: int
    per: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class AnsweredPassage:
    """A passage in the history, with its overrides before and after an answer."""

    name: str
    before: tuple[OverrideRow, ...]
    after: tuple[OverrideRow, ...]


@dataclass(frozen=True, slots=True)
class AnsweredRelease:
    """A file in the history, with the release chosen before and after an answer."""

    name: str
    before: ReleaseChoice | None
    after: ReleaseChoice | None


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer in the history.

    Attributes:
        person: An account of this machine, or an address.
        undoes: The answer that this one took back; None if it is none of these.
        is_undone: Whether a later one took it back.
    """

    answer: int
    at: str
    person: str
    program: str
    version: str
    action: str
    undoes: int | None
    is_undone: bool
    passages: list[AnsweredPassage] = field(default_factory=list)
    releases: list[AnsweredRelease] = field(default_factory=list)


def cards(library: Path, request: PageRequest) -> ReviewPage:
    """Return a page of cards, the worst first.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        ((count,),) = database.execute(CARD_COUNT)
        request = request.with_total(count)
        keys = database.execute(
            "SELECT card_id FROM library_review GROUP BY card_id"
            " ORDER BY max(urgency) DESC, count(*) DESC, card_id LIMIT ? OFFSET ?",
            [request.limit, request.offset],
        ).fetchall()
        found = [_card(database, key) for (key,) in keys]
    return ReviewPage(
        [each for each in found if each],
        request.page,
        request.page_size,
        request.pages,
        request.total or 0,
    )


def card(library: Path, card_id: str) -> ReviewCard:
    """Return a card.

    Raises:
        NotFoundError: No question of this album or file is open.
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        found = _card(database, card_id)
    if found is None:
        raise NotFoundError(f"no question about {card_id} is open")
    return found


def passages_of(library: Path, card_id: str, action: AnswerAction) -> list[str]:
    """Return the ids of the passages that an answer to a whole card is about.

    They are those with an open question. To leave an album with missing tracks as it
    is, is about all of its passages that nobody has decided. A release is chosen for
    all passages of an album or file, whether it has a question or not.

    Raises:
        NotFoundError: No question of this album or file is open, or there is none.
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        if action in (AnswerAction.RELEASE, AnswerAction.ANY_RELEASE):
            found = database.execute(OF_ALBUM_OR_FILE, {"id": card_id}).fetchall()
            if not found:
                raise NotFoundError(f"no album or file has the id {card_id}")
            return [passage for (passage,) in found]
        asked = [
            passage
            for (passage,) in database.execute(
                f"SELECT passage_id FROM ({QUESTIONS_OF_CARD})",  # noqa: S608
                {"id": card_id},
            )
        ]
        if not asked:
            raise NotFoundError(f"no question about {card_id} is open")
        if None in asked and action is AnswerAction.LEAVE:
            asked += [
                passage
                for (passage,) in database.execute(UNDECIDED_OF_ALBUM, [card_id])
            ]
    return list(dict.fromkeys(passage for passage in asked if passage is not None))


def answers(library: Path, limit: int) -> list[AnswerRow]:
    """Return the last answers, the newest first.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        rows = database.execute(
            "SELECT id, at, person, program, version, action, undoes, changes, EXISTS"
            " (SELECT 1 FROM answers AS later WHERE later.undoes = answers.id)"
            " AS is_undone, releases FROM answers ORDER BY id DESC LIMIT ?",
            [limit],
        ).fetchall()
    return [
        AnswerRow(
            row["id"],
            row["at"],
            row["person"],
            row["program"],
            row["version"],
            row["action"],
            row["undoes"],
            bool(row["is_undone"]),
            [
                AnsweredPassage(each.name, each.before, each.after)
                for each in codec.decode(row["changes"], list[OverrideChange])
            ],
            [
                AnsweredRelease(each.name, each.before, each.after)
                for each in codec.decode(row["releases"] or "[]", list[ReleaseChange])
            ],
        )
        for row in rows
    ]


def _card(database: sqlite3.Connection, card_id: str) -> ReviewCard | None:
    questions = database.execute(
        f"SELECT * FROM ({QUESTIONS_OF_CARD}) ORDER BY urgency DESC",  # noqa: S608
        {"id": card_id},
    ).fetchall()
    if not questions:
        return None
    worst = questions[0]
    album, missing = _album(database, worst["album_id"])
    is_asked = any(each["passage_id"] is None for each in questions)
    return ReviewCard(
        card=card_id,
        album=album,
        question=worst["question"],
        text=_text(questions),
        urgency=worst["urgency"],
        missing=missing if is_asked else [],
        passages=_passages(database, card_id),
    )


def _text(questions: Sequence[sqlite3.Row]) -> str:
    """Return a sentence for each kind of question, the worst first; two at most."""
    by_kind: dict[str, list[str]] = {}
    for each in questions:
        by_kind.setdefault(each["question"], []).append(each["text"])
    sentences = [summarize(kind, texts) for kind, texts in by_kind.items()]
    more = ["And more."] if len(sentences) > SENTENCES_MAX else []
    return " ".join(sentences[:SENTENCES_MAX] + more)


def _album(
    database: sqlite3.Connection, album_id: str | None
) -> tuple[AlbumRow | None, list[tuple[int, int]]]:
    for row in database.execute(
        f"SELECT {ALBUM_COLUMNS}, missing FROM album_index WHERE album_id = ?",  # noqa: S608
        [album_id],
    ):
        missing = [(disc, track) for disc, track in json.loads(row["missing"])]
        return album_row(row), missing
    return None, []


def _passages(database: sqlite3.Connection, card_id: str) -> list[ReviewPassage]:
    rows: Sequence[Any] = database.execute(
        f"SELECT {PASSAGE_COLUMNS}, asked.question, text,"  # noqa: S608
        " decisions.reason, decisions.evidence, asked.candidates"
        f" FROM ({QUESTIONS_OF_CARD}) AS asked"
        " JOIN passages ON passages.id = asked.passage_id"
        " JOIN files ON files.id = passages.file_id"
        " JOIN decisions ON decisions.passage_id = passages.id"
        f" {SONG_JOINS} LEFT JOIN track_index ON track_index.passage_id = passages.id"
        " ORDER BY disc, track, files.path, passages.ordinal LIMIT :most",
        {"id": card_id, "most": PASSAGES_MAX},
    ).fetchall()
    return [
        ReviewPassage(
            **passage_values(row),
            question=row["question"],
            text=row["text"],
            reason=row["reason"],
            evidence=json.loads(row["evidence"]),
            candidates=codec.decode(row["candidates"], list[CandidateFacts]),
        )
        for row in rows
    ]
