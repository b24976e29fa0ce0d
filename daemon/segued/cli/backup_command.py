"""`segued backup` and `segued restore`: copies of the library."""

import argparse
import json
from pathlib import Path

from segued.cli.library_choice import LibraryChoice
from segued.errors import DaemonError
from segued.exit_codes import ExitCode
from segued.paths import shown
from segued.store import backup as backups
from segued.store import restore as restoring
from segued.store.migrate import SCHEMA_VERSION

__all__ = ["back_up", "restore"]

MEGABYTE = 1_000_000


def back_up(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Write a backup of the library, and show its size and how long it took.

    Raises:
        ConfigError: The file named is something else than a backup.
        StoreError: The library cannot be read, or the backup not be written.
    """
    target = Path(args.file).absolute()
    backup = backups.back_up(choice.database, target)
    if args.json:
        result = {
            "library": str(choice.database),
            "backup": shown(str(target)),
            "size_bytes": backup.size_bytes,
            "seconds": round(backup.seconds, 3),
        }
        print(json.dumps(result))  # noqa: T201
        return ExitCode.ALL_DONE
    print(  # noqa: T201
        f"{shown(str(target))}: {backup.size_bytes / MEGABYTE:,.1f} MB in"
        f" {backup.seconds:,.1f} s, checked"
    )
    return ExitCode.ALL_DONE


def restore(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Put a backup in the place of the library, and show where that one is kept.

    Raises:
        ConfigError: There is no such backup.
        DaemonError: A daemon uses the library.
        StoreError: The backup is not usable, or the library in use or not writable.
    """
    client = choice.daemon()
    if client is not None:
        raise DaemonError(
            f"{choice.database}: a daemon uses this library; stop it first"
        )
    source = Path(args.file).absolute()
    restored = restoring.restore(choice.database, source)
    if args.json:
        result = {
            "library": str(choice.database),
            "backup": shown(str(source)),
            "kept": restored.kept and str(restored.kept),
            "schema_before": restored.schema,
            "schema": SCHEMA_VERSION,
            "size_bytes": restored.size_bytes,
        }
        print(json.dumps(result))  # noqa: T201
        return ExitCode.ALL_DONE
    newer = restored.schema != SCHEMA_VERSION
    text = f" (migrated from schema {restored.schema})" if newer else ""
    print(f"{choice.database}: restored from {shown(str(source))}{text}")  # noqa: T201
    if restored.kept is not None:
        print(f"The library before is {restored.kept}")  # noqa: T201
    return ExitCode.ALL_DONE
