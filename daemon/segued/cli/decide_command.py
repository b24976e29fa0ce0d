"""`segued decide`: a person says what a passage is, and it is so at once."""

import argparse
import asyncio
import json
import os

from segued.cli.daemon_client import Line
from segued.config.config import Config
from segued.config.default_paths import control_socket
from segued.errors import ConfigError
from segued.exit_codes import Exit
from segued.model import SessionState
from segued.paths import shown
from segued.pipeline.one_shot import ImportService
from segued.store import overrides
from segued.store.database import Store
from segued.store.overrides import Said
from segued.store.reading import reports
from segued.units import Ticks
from segued.views import explanation

__all__ = ["run"]


def run(given: argparse.Namespace, config: Config) -> int:
    """Put on record what the command line says, and show what came of it.

    Raises:
        ConfigError: The library knows no such passage.
        StoreError: The library cannot be used.
    """
    path = os.path.abspath(os.fsencode(given.file))
    daemon = Line(control_socket(config.library.control_socket))
    if daemon.is_up:
        return _told(given, daemon, path)
    if not asyncio.run(_said(given, config, path)):
        raise ConfigError(
            f"{shown(path)}: the library knows no passage {given.passage} of it"
        )
    # The pipeline does the rest, as it does for whatever else is new.
    service = ImportService(config)
    ended = asyncio.run(service.run([os.path.dirname(path)], workers=1, offline=True))
    if ended.state is not SessionState.COMPLETED:
        raise ended.error or ConfigError(f"{shown(path)}: {ended.state.lower()}")
    passages = reports.explained(config.database, path)
    if given.json:
        print(json.dumps({"file": shown(path), "passages": passages}))  # noqa: T201
        return Exit.ALL_DONE
    for line in explanation.as_text(path, passages):
        print(line)  # noqa: T201
    return Exit.ALL_DONE


def _told(given: argparse.Namespace, daemon: Line, path: bytes) -> int:
    """Have a running daemon do it, which holds the library."""
    body = {
        "path": os.fsdecode(path),
        "passage": given.passage,
        "recording": given.recording,
        "title": given.title,
        "artist": given.artist,
        "clear": given.clear,
    }
    told = daemon.ask("POST", "/api/decide", body)
    text = f"{shown(path)}: said to the daemon, which matches it anew"
    print(json.dumps(told) if given.json else text)  # noqa: T201
    return Exit.ALL_DONE


async def _said(given: argparse.Namespace, config: Config, path: bytes) -> bool:
    store = Store(config.database, config.store)
    try:
        await store.open()
        if given.clear:
            return await store.do(overrides.forget, path, given.passage)
        said = Said(Ticks(0), given.recording, given.title, given.artist)
        return await store.do(overrides.say, path, given.passage, said)
    finally:
        await store.close()
