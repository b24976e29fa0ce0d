"""`segued forget-tags`: deletes the tags that a file does not hold any more."""

import argparse
import json
import os

from segued.cli.decide_command import import_folder_of
from segued.cli.library_choice import LibraryChoice
from segued.daemon import library_operations
from segued.exit_codes import ExitCode
from segued.paths import shown
from segued.store.database import Store

__all__ = ["run"]


def run(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Delete the remembered tags of a file, and show how many there were.

    A daemon that keeps the library does it.

    Raises:
        DaemonError: A daemon is listening on the control socket, but cannot do it.
        NotFoundError: The library has no such file.
        StoreError: The library cannot be used.
    """
    path = os.path.abspath(os.fsencode(args.file))
    config, client = choice.config, choice.daemon()
    if client is not None:
        count = client.forget_tags(path)
    else:

        async def forget_tags(store: Store) -> int:
            return await library_operations.forget_tags(store, path)

        count = library_operations.run_in_library(config, forget_tags)
        if count:
            import_folder_of(config, path)
    tags = "1 remembered tag" if count == 1 else f"{count} remembered tags"
    text = f"{shown(path)}: {tags} deleted"
    print(json.dumps({"forgotten": count}) if args.json else text)  # noqa: T201
    return ExitCode.ALL_DONE
