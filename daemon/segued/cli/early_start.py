"""Starts `import`, `rematch` and `serve`: the fork server first, then their modules.

The fork server imports the decoders while this process imports the pipeline.
"""

import argparse
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from segued.cli.options import configure_log, load_config
from segued.config.config import Config
from segued.config.default_paths import control_socket, spool_folder
from segued.config.sections import DEFAULT_FOLDERS
from segued.errors import ConfigError
from segued.store import library_lock

__all__ = ["start_import", "start_serve"]


def start_import(args: argparse.Namespace) -> int:
    """Import music folders; return the exit code."""
    config = load_config(args)
    library_lock.check_free(config.database)
    _start_fork_server(args, config)
    with _garbage_not_collected():
        from segued.cli import import_command  # noqa: PLC0415

    configure_log(config)
    return import_command.run(args, config)


def start_serve(args: argparse.Namespace) -> int:
    """Run the daemon until it is stopped; return the exit code."""
    config = load_config(args)
    library_lock.check_free(config.database)
    socket = control_socket(config.library.control_socket)
    if os.path.lexists(socket):
        from segued.cli import daemon_client  # noqa: PLC0415

        daemon_client.check_socket_free(socket)
    _start_fork_server(args, config)
    with _garbage_not_collected():
        from segued.cli import serve_command  # noqa: PLC0415

    return serve_command.run(args)


def _start_fork_server(args: argparse.Namespace, config: Config) -> None:
    """Start the fork server while this process imports the pipeline's modules."""
    from segued.compute import fork_server  # noqa: PLC0415
    from segued.intake import walk  # noqa: PLC0415

    # The command itself reports an unusable library or folder; nothing may be written
    # beside that.
    with suppress(ConfigError, RuntimeError, ValueError):
        named = args.folders or config.library.folders or DEFAULT_FOLDERS
        roots = walk.normalized_roots(named)
        walk.check_library_outside_music(config.database, roots)
        fork_server.use_socket_folder(spool_folder(config.database))
    fork_server.start_fork_server()


@contextmanager
def _garbage_not_collected() -> Iterator[None]:
    """Import modules without looking for garbage, which takes a tenth of the time.

    They make none, and what they make stays: it is never looked at again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
