"""`segued serve`: runs the daemon until it is stopped."""

import argparse
import asyncio
import sys
from typing import Final

from rich.console import Console

from segued.cli.cluster_command import require_extra_for
from segued.cli.options import configure_log, load_config
from segued.cli.status_frame import to_frame
from segued.config.config import Config
from segued.daemon.import_loop import RunConfig
from segued.daemon.process import DaemonProcess
from segued.daemon.served_folders import build_run_config
from segued.daemon.systemd import stderr_is_journal
from segued.views.daemon_view import DaemonView

__all__ = ["run"]

HINT: Final = "Ctrl-C ends it; seguectl controls it from another terminal"


def run(args: argparse.Namespace) -> int:
    """Run the daemon until it is stopped; return the exit code.

    In a terminal, it shows its status, and warnings above it; elsewhere, only its log.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    view = (
        DaemonView(console, HINT) if _shows_view(console, load_config(args)) else None
    )

    def load_run_config() -> RunConfig:
        config = load_config(args)
        if view is None:
            configure_log(config, "info")
        else:
            configure_log(config, "warning", view.write)
        require_extra_for(config)
        return build_run_config(config, args.folders, offline=args.offline)

    if view is None:
        return asyncio.run(DaemonProcess(load_run_config).serve())
    with view:
        process = DaemonProcess(
            load_run_config, lambda status: view.show(to_frame(status))
        )
        code = asyncio.run(process.serve())
    print("Stopped. The same command continues from here.", file=sys.stderr)  # noqa: T201
    return code


def _shows_view(console: Console, config: Config) -> bool:
    is_capable = console.is_terminal and not console.is_dumb_terminal
    return is_capable and not config.logging.format and not stderr_is_journal()
