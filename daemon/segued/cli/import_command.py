"""`segued import`: one import of some folders, watched by a person."""

import argparse
import asyncio
import os
import shlex
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.markup import escape

from segued.config.config import Config
from segued.errors import StoreError
from segued.exit_codes import Exit
from segued.intake.walk import keep_apart, roots_of
from segued.model import SessionState
from segued.paths import shown
from segued.phases import PHASES
from segued.pipeline.one_shot import Ended, ImportService
from segued.store.reading import reports
from segued.store.reading.reports import Summary
from segued.views import live, summary

__all__ = ["run"]

CANCEL_SECONDS: Final = 1.8
"""After a cancel the process ends by itself, or is ended, within this time."""

GOES_ON: Final = "Cancelled. The same command goes on from here."


def run(given: argparse.Namespace, config: Config) -> int:
    """Import the folders that the command line names; return the exit code.

    To match them anew, all folders of the library where it names none.
    """
    roots = roots_of(given.folders or _known(config))
    keep_apart(config.database, roots)
    command = _Command(given, config, ImportService(config), roots)
    pinned = ", ".join(config.settings.given())
    if pinned and not given.json:
        command.note(f"held fast by {given.config}: {pinned}")
    return command.conclude(asyncio.run(command.watched()))


def _known(config: Config) -> list[str]:
    """Return the folders that the library's files are in."""
    return [os.fsdecode(root) for root in reports.roots(config.database)]


@dataclass(frozen=True)
class _Command:
    """One run of the command."""

    given: argparse.Namespace
    config: Config
    service: ImportService
    roots: list[bytes]

    def note(self, text: str) -> None:
        """Tell a person something beside the result."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(escape(text))

    async def watched(self) -> Ended:
        """Run the import with its progress shown, until it ends or is cancelled."""
        work = asyncio.ensure_future(
            self.service.run(
                self.roots,
                workers=self.given.workers,
                offline=self.given.offline,
                rematch=self.given.rematch,
            )
        )
        progress = Console(stderr=True, highlight=False)
        titles = [phase.title for phase in PHASES]
        view = asyncio.ensure_future(live.watch(self.service.board, progress, titles))
        limit = threading.Timer(CANCEL_SECONDS, self._end_now)
        limit.daemon = True

        def cancel() -> None:
            if not limit.is_alive():
                limit.start()
                work.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, cancel)
        try:
            return await work
        finally:
            limit.cancel()
            view.cancel()
            await asyncio.wait({view})

    def _end_now(self) -> None:
        """End the process whatever it is at: all that is committed is safe.

        A dead network folder, or a library that another program holds, does
        not keep a person waiting.
        """
        self.service.board.turn(SessionState.CANCELLED)
        if self.given.json:
            self._tell(Summary(), Ended(SessionState.CANCELLED))
        self.note(GOES_ON)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(Exit.CANCELLED)

    def conclude(self, ended: Ended) -> int:
        """Say how the import ended, and return the exit code that says the same."""
        for line in _apart(ended):
            self.note(line)
        try:
            found = reports.summary(self.config.database, self.roots)
        except StoreError as error:
            if ended.state is not SessionState.CANCELLED:
                raise ended.error or error from error
            found = Summary()
        self.given.code = code = _exit_code(ended, found)
        self._tell(found, ended)
        if ended.error is not None:
            self.note(f"segued: {ended.error}")
        if ended.state is SessionState.CANCELLED:
            self.note(GOES_ON)
        return code

    def _tell(self, found: Summary, ended: Ended) -> None:
        now = self.service.board.snapshot()
        database = self.config.database
        services, stall_ms = ended.services, ended.loop_stall_ms
        if self.given.json:
            told = summary.as_json(now, found, services, database, stall_ms=stall_ms)
            print(msgspec.json.encode(told).decode())  # noqa: T201
            return
        look = _look_command(self.given.database)
        for line in summary.as_text(now, found, services, database, look):
            print(line)  # noqa: T201


def _apart(ended: Ended) -> list[str]:
    """Return what a person must know that is no file's failure."""
    said = []
    for folder, swept in ended.swept.items():
        if swept.offline:
            said.append(
                f"{folder}: empty, or does not answer; is its disk away? "
                "Nothing was changed."
            )
        said += [
            f"{shown(each.path)}: not looked into: {each.reason.lower()}"
            for each in swept.unreadable
        ]
    said += [
        f"{shown(root)}: its disk went away; what is left waits for it"
        for root in sorted(ended.away)
    ]
    return said


def _exit_code(ended: Ended, found: Summary) -> int:
    if ended.state is SessionState.CANCELLED:
        return Exit.CANCELLED
    if ended.state is SessionState.FAILED:
        return Exit.FATAL
    left = found.files.get("PENDING", 0) + found.files.get("PROCESSING", 0)
    all_done = not (found.failed or left or _apart(ended))
    return Exit.ALL_DONE if all_done else Exit.NOT_ALL_DONE


def _look_command(database: Path | None) -> str:
    """Return the command that shows the library, as it can be typed here."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        command = [sys.executable, "-m", "segued"]
    elif shutil.which("segued"):
        command = ["segued"]
    else:
        command = [str(program)]
    command.append("library")
    if database is not None:
        command += ["--database", str(database)]
    return shlex.join(command)
