"""Which library a command is about, if its command line does not name one."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from segued.cli.daemon_client import DaemonClient, find_daemon
from segued.cli.options import load_config
from segued.config.config import Config
from segued.config.default_paths import (
    SYSTEM_CONFIG,
    SYSTEM_LIBRARY,
    SYSTEM_SOCKET,
    control_socket,
    user_config,
)
from segued.errors import ConfigError, StoreError
from segued.store.reading import reports

__all__ = ["LibraryChoice", "choose_library"]


@dataclass(frozen=True, slots=True)
class LibraryChoice:
    """A library, and how it is reached.

    Attributes:
        config: The configuration with the library's path.
        client: The daemon that keeps it; None if none was asked.
        origin: Why it is this one; empty if the command line names it.
    """

    config: Config
    client: DaemonClient | None = None
    origin: str = ""

    @property
    def database(self) -> Path:
        """The library."""
        return self.config.database

    def daemon(self) -> DaemonClient | None:
        """Return the client of the daemon that keeps the library; None without one.

        Raises:
            DaemonError: A daemon is listening, but this account may not use it.
        """
        if self.client is not None:
            return self.client
        socket = control_socket(self.config.library.control_socket)
        return find_daemon([socket], self.database)

    def rows(self, topic: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table, from the file, or from the daemon that keeps it.

        Raises:
            DaemonError: Only the daemon may read the library, and gives no answer.
            StoreError: There is no library, or it cannot be read.
        """
        client = self.reader()
        if client is None:
            yield from reports.rows(self.database, topic)
        else:
            yield from client.library_rows(topic)

    def explanation(self, path: bytes) -> dict[str, Any]:
        """Return the passages of a file with their reasons, and its remembered tags.

        Raises:
            DaemonError: Only the daemon may read the library, and gives no answer.
            StoreError: There is no library, or it cannot be read.
        """
        client = self.reader()
        if client is None:
            # Only for one command: it imports much.
            from segued.web.whole_library_routes import explain_file  # noqa: PLC0415

            return explain_file(self.database, path)
        return client.explanation(path)

    def reader(self) -> DaemonClient | None:
        """Return the daemon to ask, if this account may not read the file.

        Raises:
            DaemonError: A daemon is listening, but this account may not use it.
            StoreError: No daemon keeps the library, which is out of reach.
        """
        if os.access(self.database, os.R_OK):
            return None
        client = self.daemon()
        with suppress(FileNotFoundError):
            if client is None and not os.access(self.database.parent, os.X_OK):
                os.stat(self.database.parent)
                raise StoreError(f"{self.database}: this account may not read it")
        return client


def choose_library(args: argparse.Namespace) -> LibraryChoice:
    """Return the library that the command line names, else the nearest one.

    That is the library of the user's own daemon or configuration, if there is one, else
    that of the machine's service. Prints which one it is, except for programs.

    Raises:
        ConfigError: A configuration file is unusable.
        DaemonError: This account may not use the daemon that runs.
    """
    choice = _choose(args)
    if choice.origin and not args.json:
        print(f"Library: {choice.database} ({choice.origin})", file=sys.stderr)  # noqa: T201
    return choice


def _choose(args: argparse.Namespace) -> LibraryChoice:
    config = load_config(args)
    if args.database or args.config or config.library.database:
        return LibraryChoice(config)
    socket = getattr(args, "socket", None)
    if socket is not None:
        return _of_daemon(DaemonClient(socket))
    return _own(args, config) or _of_service(args) or LibraryChoice(config)


def _own(args: argparse.Namespace, config: Config) -> LibraryChoice | None:
    """Return the library of the user's own daemon, configuration or imports."""
    daemon = DaemonClient(control_socket(config.library.control_socket))
    if daemon.is_up:
        return _of_daemon(daemon)
    if os.path.exists(user_config()):
        return _of_file(args, user_config())
    if config.database.exists():
        return LibraryChoice(config, origin="your own")
    return None


def _of_service(args: argparse.Namespace) -> LibraryChoice | None:
    """Return the library of the machine's service."""
    daemon = DaemonClient(SYSTEM_SOCKET)
    if daemon.is_up:
        return _of_daemon(daemon)
    return _of_file(args, SYSTEM_CONFIG) if os.path.exists(SYSTEM_CONFIG) else None


def _of_daemon(client: DaemonClient) -> LibraryChoice:
    status = client.status()
    origin = f"of the daemon that runs, process {status.process}"
    return LibraryChoice(_with_library(Path(status.library)), client, origin)


def _of_file(args: argparse.Namespace, path: Path) -> LibraryChoice:
    """Return the library of a configuration file, which may be unreadable."""
    with_file = argparse.Namespace(**{**vars(args), "config": path})
    if path == SYSTEM_CONFIG and not os.access(path, os.R_OK):
        return LibraryChoice(_with_library(SYSTEM_LIBRARY), origin="of the service")
    try:
        return LibraryChoice(load_config(with_file), origin=f"by {path}")
    except ConfigError as error:
        raise ConfigError(f"{error}; --database names a library") from error


def _with_library(database: Path) -> Config:
    config = Config()
    library = msgspec.structs.replace(config.library, database=str(database))
    return msgspec.structs.replace(config, library=library)
