"""The configuration that the options of a command name."""

import argparse
import os
from collections.abc import Callable
from typing import Final

import msgspec

from segued.config.config import Config, read_config
from segued.config.default_paths import SYSTEM_CONFIG, SYSTEM_LIBRARY, SYSTEM_SOCKET
from segued.errors import ConfigError

__all__ = ["configure_log", "load_config", "warning_of_many_workers", "with_paths"]

WORKERS_PER_PROCESSOR: Final = 4
"""More only wait for each other, and each may hold a decoded file."""


def load_config(args: argparse.Namespace) -> Config:
    """Return the configuration that the shared options name.

    Raises:
        ConfigError: The configuration file is unusable, or the library a folder.
    """
    config = with_paths(args, read_config(args.config))
    if not config.database.name or config.database.is_dir():
        raise ConfigError(f"{config.database}: the library is a file, not a folder")
    return config


def with_paths(args: argparse.Namespace, config: Config) -> Config:
    """Return a configuration with the library and socket that the options imply.

    The configuration of the machine's service stands for its library and its socket,
    which systemd names to the service alone.
    """
    changes = {}
    if args.config == SYSTEM_CONFIG:
        if not config.library.database and "STATE_DIRECTORY" not in os.environ:
            changes["database"] = str(SYSTEM_LIBRARY)
        if not config.library.control_socket and "RUNTIME_DIRECTORY" not in os.environ:
            changes["control_socket"] = str(SYSTEM_SOCKET)
    if args.database is not None:
        changes["database"] = str(args.database)
    library = msgspec.structs.replace(config.library, **changes)
    return msgspec.structs.replace(config, library=library)


def warning_of_many_workers(count: int | None) -> str | None:
    """Return what is to say about more workers than the computer uses, if they are."""
    processors = os.cpu_count() or 1
    if count is None or count <= WORKERS_PER_PROCESSOR * processors:
        return None
    uses = f"more than this computer uses: it has {processors} processors"
    return f"{count} workers are {uses}"


def configure_log(
    config: Config,
    default_level: str = "error",
    write: Callable[[str], None] | None = None,
) -> None:
    """Configure the log, for a command that does more than to read.

    Args:
        config: The configuration.
        default_level: The level if the configuration has none.
        write: Writes the lines, instead of standard error.
    """
    from segued import log  # noqa: PLC0415
    from segued.daemon import systemd  # noqa: PLC0415

    output = config.logging.format
    journal = systemd.Journal() if systemd.stderr_is_journal() and not output else None
    log.configure(
        config.logging.level or default_level,
        journal,
        as_json=output == "json",
        write=write,
    )
