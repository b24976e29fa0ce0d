"""`review`: the questions about matches, and a person's answers, in the terminal."""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from segued.cli.daemon_client import find_daemon
from segued.cli.library_choice import choose_library
from segued.cli.options import configure_log
from segued.cli.review_source import ReviewSource, review_source
from segued.errors import ConfigError, SeguedError
from segued.exit_codes import ExitCode
from segued.store.deciders import AnswerAction
from segued.views import review_text

__all__ = ["review"]

HISTORY_LENGTH: Final = 50
LIST_LENGTH: Final = 50

LETTERS: Final = {
    "a": AnswerAction.ACCEPT,
    "l": AnswerAction.LEAVE,
    "n": AnswerAction.NO_SONG,
}
"""The answers that a letter gives, for all songs that are shown."""

PROMPT: Final = (
    "a accept, 1-9 a candidate, n no song, l leave it so, an id or link of a recording,"
    " r and that of a release, u undo, s skip, q end: "
)

MBID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RELEASE: Final = re.compile(rf"(?:r\s+|.*/release/)({MBID.pattern})")


def review(args: argparse.Namespace) -> int:
    """Show open questions, or answer them, as the command line says.

    Raises:
        ConfigError: There is no such question, song or answer.
        DaemonError: A daemon keeps the library, but cannot do it.
        StoreError: The library cannot be used.
    """
    choice = choose_library(args)
    socket = getattr(args, "socket", None)
    if socket is not None and choice.client is None:
        choice = replace(choice, client=find_daemon([socket], choice.database))
    configure_log(choice.config)
    source = review_source(choice)
    action, mbid = _given_answer(args)
    if args.history:
        answers = source.history(HISTORY_LENGTH)
        _print(args, answers, review_text.history_lines(answers))
    elif args.undo is not None:
        undone = source.undo(args.undo or None)
        source.close()
        _print(args, {"undone": undone}, [f"answer {undone} is undone"])
    elif action is not None:
        number = _answer(args, source, action, mbid)
        source.close()
        _print(args, {"answer": number}, [f"answer {number} is stored"])
    elif args.json or args.list or not (sys.stdin.isatty() and sys.stdout.isatty()):
        _show(args, source)
    else:
        _Dialog(source).run(args.card)
        source.close()
    return ExitCode.ALL_DONE


def _given_answer(args: argparse.Namespace) -> tuple[AnswerAction | None, str | None]:
    """Return the answer on the command line; None without one.

    Raises:
        ConfigError: It does not say what it answers.
    """
    given = {
        AnswerAction.RECORDING: args.recording is not None,
        AnswerAction.RELEASE: args.release is not None,
        AnswerAction.ANY_RELEASE: args.any_release,
        AnswerAction.ACCEPT: args.accept,
        AnswerAction.LEAVE: args.leave,
        AnswerAction.NO_SONG: args.no_song,
    }
    action = next((each for each, is_given in given.items() if is_given), None)
    if action is not None and args.card is None:
        raise ConfigError("an answer needs the ID of an album or file: see --list")
    return action, args.recording or args.release


def _answer(
    args: argparse.Namespace,
    source: ReviewSource,
    action: AnswerAction,
    mbid: str | None,
) -> int:
    if action in (AnswerAction.RELEASE, AnswerAction.ANY_RELEASE):
        return source.answer(args.card, action, [], mbid)
    passages = source.card(args.card)["passages"]
    if args.song is not None:
        if args.song > len(passages):
            raise ConfigError(
                f"{args.card}: it has no song {args.song} with a question"
            )
        passages = [passages[args.song - 1]]
        return source.answer(
            args.card, action, [each["passage"] for each in passages], mbid
        )
    if mbid is not None and len(passages) > 1:
        raise ConfigError(f"{args.card}: several songs have questions: add --song")
    return source.answer(args.card, action, [], mbid)


def _show(args: argparse.Namespace, source: ReviewSource) -> None:
    if args.card is not None:
        card = source.card(args.card)
        _print(args, card, review_text.card_lines(card))
        return
    page = source.cards(1, LIST_LENGTH)
    _print(args, page, review_text.list_lines(page))


def _print(args: argparse.Namespace, value: object, lines: Iterable[str]) -> None:
    if args.json:
        print(json.dumps(value))  # noqa: T201
        return
    for line in lines:
        print(line)  # noqa: T201


class _Dialog:
    """Asks one question after another, until none is left or the person ends it."""

    def __init__(self, source: ReviewSource) -> None:
        self._source: Final = source
        self._skipped: Final[set[str]] = set()

    def run(self, only: str | None) -> None:
        """Ask about the songs of all cards, or of one."""
        while True:
            card = self._source.card(only) if only else self._next_card()
            if card is None or card["card"] in self._skipped:
                print("Nothing needs you.")  # noqa: T201
                return
            try:
                if not self._ask(card):
                    return
            except SeguedError as error:
                print(f"  {error}")  # noqa: T201

    def _next_card(self) -> dict[str, Any] | None:
        page = 1
        while True:
            found = self._source.cards(page, LIST_LENGTH)
            for card in found["cards"]:
                if card["card"] not in self._skipped:
                    return dict(card)
            if page >= found["pages"]:
                return None
            page += 1

    def _ask(self, card: Mapping[str, Any]) -> bool:
        """Ask about a card, song by song; return whether to go on."""
        for line in review_text.card_lines(card):
            print(line)  # noqa: T201
        try:
            typed = input(PROMPT).strip()
        except EOFError:
            return False
        if typed == "q":
            return False
        self._obey(card, typed)
        return True

    def _obey(self, card: Mapping[str, Any], typed: str) -> None:
        key, passages = card["card"], card["passages"]
        found = MBID.search(typed.lower())
        if typed == "s":
            self._skipped.add(key)
        elif typed == "u":
            print(f"  answer {self._source.undo(None)} is undone")  # noqa: T201
            self._skipped.clear()
        elif typed in LETTERS:
            self._source.answer(key, LETTERS[typed], [], None)
        elif (release := RELEASE.match(typed.lower())) is not None:
            self._source.answer(key, AnswerAction.RELEASE, [], release[1])
            # What is open about the album then is known only after that.
            print("  its files are matched again with it")  # noqa: T201
            self._skipped.add(key)
        elif found is not None and passages:
            first = passages[0]["passage"]
            self._source.answer(key, AnswerAction.RECORDING, [first], found[0])
        elif typed.isdecimal() and passages:
            self._choose(key, passages[0], int(typed))
        else:
            print("  that is none of the answers")  # noqa: T201

    def _choose(self, card: str, passage: Mapping[str, Any], key: int) -> None:
        """Answer the first song's question with one of its candidates."""
        candidates = passage["candidates"]
        if not 1 <= key <= len(candidates):
            print(f"  there is no candidate {key}")  # noqa: T201
            return
        mbid = candidates[key - 1]["mbid"]
        self._source.answer(card, AnswerAction.RECORDING, [passage["passage"]], mbid)
