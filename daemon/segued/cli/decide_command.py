"""`segued decide`: a person says what a passage is, and it is so at once."""

import argparse
import asyncio
import json
import os

from segued.cli.daemon_client import DaemonClient
from segued.config.config import Config
from segued.config.default_paths import control_socket
from segued.errors import ConfigError
from segued.exit_codes import ExitCode
from segued.model import SessionState
from segued.paths import shown
from segued.pipeline.one_shot import OneShotImport
from segued.store import overrides
from segued.store.database import Store
from segued.store.overrides import PassageOverride
from segued.store.reading import reports
from segued.units import Ticks
from segued.views import explanation

__all__ = ["run"]


def run(args: argparse.Namespace, config: Config) -> int:
    """Put on record what the command line says, and show what came of it.

    Raises:
        ConfigError: The library knows no such passage.
        StoreError: The library cannot be used.
    """
    path = os.path.abspath(os.fsencode(args.file))
    daemon = DaemonClient(control_socket(config.library.control_socket))
    if daemon.is_up:
        return _send_to_daemon(args, daemon, path)
    if not asyncio.run(_store_override(args, config, path)):
        raise ConfigError(
            f"{shown(path)}: the library knows no passage {args.passage} of it"
        )
    # The pipeline does the rest, as it does for whatever else is new.
    importer = OneShotImport(config)
    result = asyncio.run(importer.run([os.path.dirname(path)], workers=1, offline=True))
    if result.state is not SessionState.COMPLETED:
        raise result.error or ConfigError(f"{shown(path)}: {result.state.lower()}")
    passages = reports.passages_with_reasons(config.database, path)
    if args.json:
        print(json.dumps({"file": shown(path), "passages": passages}))  # noqa: T201
        return ExitCode.ALL_DONE
    for line in explanation.as_text(path, passages):
        print(line)  # noqa: T201
    return ExitCode.ALL_DONE


def _send_to_daemon(args: argparse.Namespace, daemon: DaemonClient, path: bytes) -> int:
    """Have a running daemon do it, which holds the library."""
    body = {
        "path": os.fsdecode(path),
        "passage": args.passage,
        "recording": args.recording,
        "title": args.title,
        "artist": args.artist,
        "clear": args.clear,
    }
    answer = daemon.request("POST", "/api/decide", body)
    text = f"{shown(path)}: said to the daemon, which matches it anew"
    print(json.dumps(answer) if args.json else text)  # noqa: T201
    return ExitCode.ALL_DONE


async def _store_override(
    args: argparse.Namespace, config: Config, path: bytes
) -> bool:
    store = Store(config.database, config.store)
    try:
        await store.open()
        if args.clear:
            return await store.do(overrides.clear_override, path, args.passage)
        override = PassageOverride(Ticks(0), args.recording, args.title, args.artist)
        return await store.do(overrides.set_override, path, args.passage, override)
    finally:
        await store.close()
