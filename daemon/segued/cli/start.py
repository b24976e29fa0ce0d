"""The entry points of the commands: what a signal does before they can handle it.

Importing the modules of a command takes some tenths of a second. A signal in that time
ends the process as it would later: without a traceback, and with the same message and
exit code. So this module imports nothing that takes long.
"""

import os
import signal
import sys
from types import FrameType
from typing import Final, NoReturn

from segued.exit_codes import CANCELLED_NOTE, ExitCode

__all__ = ["seguectl", "segued"]

IMPORTING_COMMANDS: Final = ("import", "rematch")


def segued() -> NoReturn:
    """Run `segued` and end the process."""
    _handle_signals()
    from segued.cli.main import main  # noqa: PLC0415

    main()


def seguectl() -> NoReturn:
    """Run `seguectl` and end the process."""
    _handle_signals()
    from segued.cli.control import main  # noqa: PLC0415

    main()


def _handle_signals() -> None:
    """End at once on SIGINT and SIGTERM, until the command has its own handlers."""
    command = sys.argv[1:2]

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        if command == ["serve"]:
            os._exit(ExitCode.ALL_DONE)
        if command and command[0] in IMPORTING_COMMANDS:
            if "--json" in sys.argv:
                os.write(sys.stdout.fileno(), b'{"state": "CANCELLED"}\n')
            os.write(sys.stderr.fileno(), f"{CANCELLED_NOTE}\n".encode())
        os._exit(ExitCode.CANCELLED)

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    if command == ["serve"]:
        # SIGHUP ends a process by default; the daemon handles it only after its start.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
