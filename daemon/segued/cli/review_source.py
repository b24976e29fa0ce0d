"""The questions of a library and their answers: by its daemon, or from the file."""

import os
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from segued.cli.daemon_client import DaemonClient
from segued.cli.decide_command import import_again
from segued.cli.library_choice import LibraryChoice
from segued.cli.this_decider import this_decider
from segued.config.config import Config
from segued.daemon import library_operations
from segued.store.deciders import AnswerAction
from segued.store.reading import reports, review
from segued.store.reading.rows import PageRequest
from segued.web.daemon_api import CardAnswer

__all__ = ["ReviewSource", "review_source"]


class ReviewSource(Protocol):
    """The open questions and the history of a library; values are as in the API."""

    def cards(self, page: int, per: int) -> dict[str, Any]:
        """Return a page of albums and files with open questions, the worst first."""

    def card(self, card: str) -> dict[str, Any]:
        """Return an album or file with open questions.

        Raises:
            ConfigError: It has none.
        """

    def answer(
        self,
        card: str,
        action: AnswerAction,
        passages: list[str],
        mbid: str | None,
    ) -> int:
        """Store an answer, and return its number.

        Args:
            card: The album or file.
            action: What is answered.
            passages: Those that it is about; all of the card if empty.
            mbid: The recording or the release, if the action needs one.

        Raises:
            ConfigError: No such question is open.
        """

    def undo(self, number: int | None) -> int:
        """Take an answer back, by default the last one, and return its number.

        Raises:
            DaemonError: Its passages were decided again since.
            ConfigError: There is no such answer.
        """

    def history(self, limit: int) -> list[dict[str, Any]]:
        """Return the last answers, the newest first."""

    def close(self) -> None:
        """Match the songs again whose questions were answered."""


def review_source(choice: LibraryChoice) -> ReviewSource:
    """Return the questions of a library: by its daemon if one runs.

    Raises:
        DaemonError: A daemon runs, but this account may not use it.
    """
    client = choice.daemon()
    return _OfFile(choice.config) if client is None else _OfDaemon(client)


class _OfDaemon:
    """Asks the daemon, which matches songs again by itself."""

    def __init__(self, client: DaemonClient) -> None:
        self._client = client

    def cards(self, page: int, per: int) -> dict[str, Any]:
        return self._client.request("GET", f"/api/review?page={page}&per={per}")

    def card(self, card: str) -> dict[str, Any]:
        return self._client.request("GET", f"/api/review/cards/{quote(card, '')}")

    def answer(
        self,
        card: str,
        action: AnswerAction,
        passages: list[str],
        mbid: str | None,
    ) -> int:
        body = {"card": card, "action": action, "passages": passages or None}
        if mbid is not None:
            body[str(action)] = mbid  # the actions with an id are named after its field
        return int(self._client.request("POST", "/api/review/answer", body)["answer"])

    def undo(self, number: int | None) -> int:
        body = {"answer": number}
        return int(self._client.request("POST", "/api/review/undo", body)["answer"])

    def history(self, limit: int) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = self._client.request(
            "GET", f"/api/review/history?limit={limit}"
        )["answers"]
        return answers

    def close(self) -> None:
        pass


class _OfFile:
    """Reads and writes the library itself."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._has_changed = False

    def cards(self, page: int, per: int) -> dict[str, Any]:
        found = review.cards(self._config.database, PageRequest(page, per))
        return dict(msgspec.to_builtins(found))

    def card(self, card: str) -> dict[str, Any]:
        return dict(msgspec.to_builtins(review.card(self._config.database, card)))

    def answer(
        self,
        card: str,
        action: AnswerAction,
        passages: list[str],
        mbid: str | None,
    ) -> int:
        given = CardAnswer(
            card,
            action,
            tuple(passages) or None,
            recording=mbid if action is AnswerAction.RECORDING else None,
            release=mbid if action is AnswerAction.RELEASE else None,
        )
        self._has_changed = True
        return library_operations.run_in_library(
            self._config,
            lambda store: library_operations.answer(store, given, this_decider()),
        )

    def undo(self, number: int | None) -> int:
        self._has_changed = True
        return library_operations.run_in_library(
            self._config,
            lambda store: library_operations.undo(store, number, this_decider()),
        )

    def history(self, limit: int) -> list[dict[str, Any]]:
        found = review.answers(self._config.database, limit)
        return [dict(msgspec.to_builtins(each)) for each in found]

    def close(self) -> None:
        folders = reports.pending_folders(self._config.database)
        present = [each for each in folders if os.path.isdir(each)]
        if self._has_changed and present:
            import_again(self._config, present)
