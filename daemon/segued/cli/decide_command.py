"""`segued decide`: stores what a user decides about a passage, and matches it again."""

import argparse
import asyncio
import json
import os
from collections.abc import Sequence

from segued.cli.library_choice import LibraryChoice
from segued.cli.this_decider import this_decider
from segued.config.config import Config
from segued.daemon import library_operations
from segued.errors import ConfigError
from segued.exit_codes import ExitCode
from segued.model import SessionState
from segued.paths import shown
from segued.pipeline.one_shot import OneShotImport
from segued.store.database import Store
from segued.store.reading import reports
from segued.views import explanation
from segued.web.daemon_api import Override

__all__ = ["import_again", "import_folder_of", "run"]


def run(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Store the override that the command line gives, and show its effect.

    A daemon that keeps the library does it, and matches the passage later.

    Raises:
        ConfigError: The library has no such passage.
        DaemonError: A daemon is listening on the control socket, but cannot do it.
        StoreError: The library cannot be used.
    """
    path = os.path.abspath(os.fsencode(args.file))
    override = None
    if not args.clear:
        override = Override(
            args.recording, args.title, args.artist, args.release, args.any_release
        )
    config, client = choice.config, choice.daemon()
    if client is not None:
        client.set_override(path, args.passage, override)
        text = f"{shown(path)}: sent to the daemon, which matches it again"
        print(json.dumps({"decided": shown(path)}) if args.json else text)  # noqa: T201
        return ExitCode.ALL_DONE

    async def store_override(store: Store) -> None:
        await library_operations.set_override(
            store, path, args.passage, override, this_decider()
        )

    library_operations.run_in_library(config, store_override)
    import_folder_of(config, path)
    passages = reports.passages_with_reasons(config.database, path)
    if args.json:
        print(json.dumps({"file": shown(path), "passages": passages}))  # noqa: T201
        return ExitCode.ALL_DONE
    for line in explanation.as_text(
        path, passages, reports.remembered_tags(config.database, path)
    ):
        print(line)  # noqa: T201
    return ExitCode.ALL_DONE


def import_folder_of(config: Config, path: bytes) -> None:
    """Import the folder of a file, which now is PENDING."""
    import_again(config, [os.path.dirname(path)])


def import_again(config: Config, folders: Sequence[bytes]) -> None:
    """Import folders with files that now are PENDING, without the network."""
    importer = OneShotImport(config)
    result = asyncio.run(importer.run(folders, workers=1, offline=True))
    if result.state is not SessionState.COMPLETED:
        raise result.error or ConfigError(
            f"{shown(folders[0])}: {result.state.lower()}"
        )
