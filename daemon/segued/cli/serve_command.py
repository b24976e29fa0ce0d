"""`segued serve`: runs the daemon until it is stopped."""

import argparse
import asyncio
from collections.abc import Callable

from segued.config.config import Config
from segued.daemon.import_loop import RunConfig
from segued.daemon.process import DaemonProcess
from segued.errors import ConfigError
from segued.intake.walk import check_library_outside_music, normalized_roots
from segued.web.access import check_page

__all__ = ["run"]


def run(args: argparse.Namespace, read_config: Callable[[], Config]) -> int:
    """Run the daemon until it is stopped; return the exit code.

    Args:
        args: The command line.
        read_config: Reads the configuration file; called again on SIGHUP.
    """

    def load_run_config() -> RunConfig:
        try:
            config = read_config()
            check_page(config.page)
            roots = normalized_roots(args.folders or config.library.folders)
            check_library_outside_music(config.database, roots)
        except (RuntimeError, ValueError) as error:
            # An unknown user in ~user, or a null byte in a path.
            raise ConfigError(f"invalid path: {error}") from error
        return RunConfig(config, roots, args.offline)

    return asyncio.run(DaemonProcess(load_run_config).serve())
