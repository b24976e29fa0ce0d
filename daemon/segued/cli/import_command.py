"""`segued import` and `rematch`: one import of some folders, with its progress."""

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

from segued.cli.options import warning_of_many_workers
from segued.config.config import Config
from segued.errors import StoreError
from segued.exit_codes import CANCELLED_NOTE, ExitCode
from segued.intake.walk import check_library_outside_music, existing_roots
from segued.model import SessionState
from segued.paths import shown
from segued.phases import PHASES
from segued.pipeline.one_shot import ImportResult, OneShotImport
from segued.store.reading import reports, summaries
from segued.store.reading.summaries import Summary
from segued.views import live, summary

__all__ = ["run"]

CANCEL_SECONDS: Final = 1.8
"""After a cancel the process ends by itself, or is ended, within this time: a user
waits at most two seconds."""


def run(args: argparse.Namespace, config: Config) -> int:
    """Import the folders that the command line names; return the exit code.

    Without folders (`rematch` allows that), those of the library.

    Raises:
        ConfigError: A folder is missing or unusable, or contains the library.
        StoreError: The library cannot be used.
    """
    roots = existing_roots(args.folders or _library_folders(config))
    check_library_outside_music(config.database, roots)
    command = _Command(args, config, OneShotImport(config), roots)
    pinned = ", ".join(config.settings.as_dict())
    if pinned and not args.json:
        command.note(f"fixed in {args.config}: {pinned}")
    if warning := warning_of_many_workers(args.workers):
        command.note(f"segued: {warning}")
    return command.conclude(asyncio.run(command.run_with_progress()))


def _library_folders(config: Config) -> list[str]:
    """Return the music folders of the library."""
    return [os.fsdecode(root) for root in reports.roots(config.database)]


@dataclass(frozen=True)
class _Command:
    """One run of the command."""

    args: argparse.Namespace
    config: Config
    importer: OneShotImport
    roots: list[bytes]

    def note(self, text: str) -> None:
        """Print a message to standard error."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(escape(text))

    async def run_with_progress(self) -> ImportResult:
        """Run the import with its progress shown, until it ends or is cancelled."""
        import_task = asyncio.ensure_future(
            self.importer.run(
                self.roots,
                workers=self.args.workers,
                offline=self.args.offline,
                rematch=self.args.rematch,
            )
        )
        progress = Console(stderr=True, highlight=False)
        titles = [phase.title for phase in PHASES]
        view = asyncio.ensure_future(
            live.watch(self.importer.progress, progress, titles)
        )
        limit = threading.Timer(CANCEL_SECONDS, self._exit_now)
        limit.daemon = True

        def cancel() -> None:
            if not limit.is_alive():
                limit.start()
                import_task.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, cancel)
        try:
            return await import_task
        finally:
            limit.cancel()
            view.cancel()
            await asyncio.wait({view})

    def _exit_now(self) -> None:
        """End the process at once; everything committed is safe.

        A dead network folder or a locked library must not delay the end.
        """
        self.importer.progress.set_state(SessionState.CANCELLED)
        if self.args.json:
            self._print_result(Summary(), ImportResult(SessionState.CANCELLED))
        self.note(CANCELLED_NOTE)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ExitCode.CANCELLED)

    def conclude(self, result: ImportResult) -> int:
        """Print how the import ended; return the exit code."""
        for line in _folder_problems(result):
            self.note(line)
        try:
            totals = summaries.summary(self.config.database, self.roots)
        except StoreError as error:
            if result.state is not SessionState.CANCELLED:
                raise result.error or error from error
            totals = Summary()
        self.args.code = code = _exit_code(result, totals)
        self._print_result(totals, result)
        if result.error is not None:
            self.note(f"segued: {result.error}")
        if result.state is SessionState.CANCELLED:
            self.note(CANCELLED_NOTE)
        return code

    def _print_result(self, totals: Summary, result: ImportResult) -> None:
        snapshot = self.importer.progress.snapshot()
        database = self.config.database
        service_states, stall_ms = result.service_states, result.loop_stall_ms
        if self.args.json:
            summary_json = summary.as_json(
                snapshot, totals, service_states, database, stall_ms=stall_ms
            )
            print(msgspec.json.encode(summary_json).decode())  # noqa: T201
            return
        library_command = _library_command(self.args.database)
        for line in summary.as_text(
            snapshot, totals, service_states, database, library_command
        ):
            print(line)  # noqa: T201


def _folder_problems(result: ImportResult) -> list[str]:
    """Return messages about folders that were not scanned or not imported."""
    problems = []
    for folder, scan_result in result.scans.items():
        if scan_result.offline:
            problems.append(
                f"{folder}: empty or not responding; is its disk away? "
                "Nothing was changed."
            )
        problems += [
            f"{shown(each.path)}: cannot be scanned: {each.reason.lower()}"
            for each in scan_result.unreadable
        ]
    problems += [
        f"{shown(root)}: its disk went away; the remaining files wait for it"
        for root in sorted(result.offline_roots)
    ]
    return problems


def _exit_code(result: ImportResult, totals: Summary) -> int:
    if result.state is SessionState.CANCELLED:
        return ExitCode.CANCELLED
    if result.state is SessionState.FAILED:
        return ExitCode.FATAL
    unfinished = totals.files.get("PENDING", 0) + totals.files.get("PROCESSING", 0)
    all_done = not (totals.failed or unfinished or _folder_problems(result))
    return ExitCode.ALL_DONE if all_done else ExitCode.NOT_ALL_DONE


def _library_command(database: Path | None) -> str:
    """Return the command that shows the library, as the user can type it."""
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
