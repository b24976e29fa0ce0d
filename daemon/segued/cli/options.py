"""What the command lines of both programs have in common."""

import argparse
import uuid
from collections.abc import Callable
from pathlib import Path

from segued.config.config import Config
from segued.exit_codes import ExitCode

__all__ = ["add_flavor", "count", "mbid", "shared_options_parser"]


def shared_options_parser() -> argparse.ArgumentParser:
    """Return a parent parser with the options that every command has."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.set_defaults(code=ExitCode.ALL_DONE)
    shared.add_argument("--config", type=Path, metavar="FILE", help="segued.toml")
    shared.add_argument("--database", type=Path, metavar="FILE", help="the library")
    shared.add_argument("--json", action="store_true", help="print JSON, for programs")
    return shared


def count(text: str) -> int:
    """Return a number from 1 to 1024, for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= 1_024:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text}: not a number from 1 to 1024")
    return int(text)


def mbid(text: str) -> str:
    """Return a MusicBrainz id, for argparse."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: not a MusicBrainz id") from None


def add_flavor(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    shared: argparse.ArgumentParser,
    load_config: Callable[[argparse.Namespace], Config],
) -> None:
    """Add the commands about how recordings sound.

    Args:
        commands: What they are added to.
        shared: The options that every command has.
        load_config: Returns the configuration that a command line names.
    """
    flavor = commands.add_parser(
        "flavor", help="bring in what tells how recordings sound"
    )
    kinds = flavor.add_subparsers(required=True, metavar="COMMAND")
    dump = kinds.add_parser(
        "import-dump",
        parents=[shared],
        help="read archives of AcousticBrainz's high-level data",
        description="Read archives of AcousticBrainz's high-level data (tar, zstd).",
    )
    dump.add_argument("archives", nargs="+", metavar="FILE")
    dump.add_argument(
        "--all", action="store_true", help="keep all recordings, not only yours"
    )
    models = kinds.add_parser(
        "install-models",
        parents=[shared],
        help="install networks that tell mood, genre and voice",
        description="Install the networks of musicnn (ISC licence; 30 MB to fetch).",
    )
    models.add_argument(
        "--again", action="store_true", help="also if they are installed"
    )
    models.add_argument(
        "--wheel", metavar="FILE", help="take them from here, without fetching them"
    )

    def import_dump(args: argparse.Namespace) -> int:
        from segued.cli import import_dump_command  # noqa: PLC0415

        return import_dump_command.run_import_dump(args, load_config(args))

    def install_models(args: argparse.Namespace) -> int:
        from segued.cli import install_models_command  # noqa: PLC0415

        return install_models_command.run_install_models(args, load_config(args))

    dump.set_defaults(run=import_dump)
    models.set_defaults(run=install_models)
