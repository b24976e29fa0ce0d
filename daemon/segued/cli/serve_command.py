"""`segued serve`: runs the daemon until it is stopped."""

import argparse
import asyncio
from collections.abc import Callable

from segued.cli.served_folders import check_folders
from segued.config.config import Config
from segued.daemon.import_loop import RunConfig
from segued.daemon.process import DaemonProcess

__all__ = ["run"]


def run(args: argparse.Namespace, read_config: Callable[[], Config]) -> int:
    """Run the daemon until it is stopped; return the exit code.

    Args:
        args: The command line.
        read_config: Reads the configuration file; called again on SIGHUP.
    """

    def load_run_config() -> RunConfig:
        config = read_config()
        return RunConfig(config, check_folders(config, args.folders), args.offline)

    return asyncio.run(DaemonProcess(load_run_config).serve())
