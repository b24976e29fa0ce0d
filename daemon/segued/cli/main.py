"""`segued`: imports music folders and shows what is in the library."""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NoReturn

from segued import __version__
from segued.cli.daemon_client import check_socket_free
from segued.cli.library_choice import LibraryChoice, choose_library
from segued.cli.library_command import add_explain, add_library
from segued.cli.options import (
    Subparsers,
    configure_log,
    count,
    load_config,
    mbid,
    run_command,
    shared_options_parser,
)
from segued.cli.parser import CommandParser
from segued.cli.review_parser import add_review
from segued.config.config import Config
from segued.config.default_paths import control_socket, spool_folder
from segued.errors import ConfigError
from segued.store import library_lock

__all__ = ["main"]

EXIT_CODES: Final = """\
exit codes:
  0    everything in the folders is imported
  1    finished, but not all is imported: files failed, or a folder could not
       be read; each is listed with the reason
  2    an argument, folder or setting is not usable
  3    the library cannot be used: locked, damaged, too new, or its disk is full
  130  cancelled; the same command continues where this one stopped
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `segued` and end the process."""
    run_command(_parser(), arguments)


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="segued",
        description="Imports a personal music library. Music files are only read.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    shared = shared_options_parser()
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    importing = commands.add_parser(
        "import",
        parents=[shared],
        help="import music folders into the library",
        description="Import every new or changed audio file below the folders.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    importing.add_argument(
        "--offline", action="store_true", help="do not use services on the network"
    )
    importing.add_argument(
        "--workers", type=count, metavar="N", help="files to import at once"
    )
    importing.add_argument("folders", nargs="+", metavar="FOLDER")
    importing.set_defaults(run=_import, rematch=False)

    serving = commands.add_parser(
        "serve",
        parents=[shared],
        help="watch music folders and import new files, until stopped",
        description="Watch music folders and import new and changed files.",
    )
    serving.add_argument(
        "--offline", action="store_true", help="do not use services on the network"
    )
    serving.add_argument(
        "folders", nargs="*", metavar="FOLDER", help="replaces the configured folders"
    )
    serving.set_defaults(run=_serve)

    add_library(commands, shared)

    matching = commands.add_parser(
        "rematch",
        parents=[shared],
        help="match all songs again, without the network",
        description="Match all songs again, from the stored answers of the services.",
    )
    matching.add_argument("folders", nargs="*", metavar="FOLDER")
    matching.set_defaults(run=_import, rematch=True, offline=True, workers=None)

    add_review(commands, shared)
    _add_decide(commands, shared)
    add_explain(commands, shared)
    _add_forget_tags(commands, shared)
    _add_similar(commands, shared)
    _add_flavor(commands, shared)
    _add_config(commands, shared)
    return parser


def _add_decide(commands: Subparsers, shared: CommandParser) -> None:
    deciding = commands.add_parser(
        "decide",
        parents=[shared],
        help="set what a passage is, over any match, until you clear it",
        description="Set what a passage is. This overrides every match.",
    )
    deciding.add_argument("file", metavar="FILE")
    deciding.add_argument(
        "--passage",
        type=count,
        default=1,
        metavar="N",
        help="its number in the file (1)",
    )
    what = deciding.add_mutually_exclusive_group(required=True)
    what.add_argument("--recording", type=mbid, metavar="MBID", help="its recording")
    what.add_argument("--no-song", action="store_true", help="it is no song")
    what.add_argument("--clear", action="store_true", help="match it as before")
    deciding.add_argument("--title", help="its title, instead of MusicBrainz's")
    deciding.add_argument("--artist", help="its artist, instead of MusicBrainz's")
    deciding.set_defaults(run=_decide)


def _add_forget_tags(commands: Subparsers, shared: CommandParser) -> None:
    forgetting = commands.add_parser(
        "forget-tags",
        parents=[shared],
        help="delete the tags that a file does not hold any more",
        description="Delete the remembered tags, which were removed from a file.",
    )
    forgetting.add_argument("file", metavar="FILE")
    forgetting.set_defaults(run=_forget_tags)


def _add_similar(commands: Subparsers, shared: CommandParser) -> None:
    similar = commands.add_parser(
        "similar",
        parents=[shared],
        help="list the passages that sound most like one",
        description="List the passages that sound most like one, the nearest first.",
    )
    similar.add_argument("file", metavar="FILE")
    similar.add_argument(
        "--passage",
        type=count,
        default=1,
        metavar="N",
        help="its number in the file (1)",
    )
    similar.add_argument(
        "-n",
        "--number",
        type=count,
        default=10,
        metavar="N",
        help="how many to list (10)",
    )
    similar.add_argument(
        "--metric",
        choices=("squares", "variation"),
        default="squares",
        help="the measure of distance (squares)",
    )
    similar.set_defaults(run=_similar)


def _add_flavor(commands: Subparsers, shared: CommandParser) -> None:
    flavor = commands.add_parser("flavor", help="install data for the flavors of songs")
    kinds = flavor.add_subparsers(required=True, metavar="COMMAND")
    dump = kinds.add_parser(
        "import-dump",
        parents=[shared],
        help="import archives of AcousticBrainz's high-level data",
        description="Import archives of AcousticBrainz's high-level data (tar, zstd).",
    )
    dump.add_argument("archives", nargs="+", metavar="FILE")
    dump.add_argument(
        "--all",
        action="store_true",
        help="store all recordings, not only those in the library",
    )
    dump.set_defaults(run=_import_dump)
    models = kinds.add_parser(
        "install-models",
        parents=[shared],
        help="install the networks that detect mood, genre and voice",
        description="Install the networks of musicnn (ISC license; a 30 MB download).",
    )
    models.add_argument(
        "--again", action="store_true", help="even if they are installed"
    )
    models.add_argument(
        "--wheel", metavar="FILE", help="use this file instead of a download"
    )
    models.set_defaults(run=_install_models)


def _add_config(commands: Subparsers, shared: CommandParser) -> None:
    configuring = commands.add_parser(
        "config", help="check the configuration, or show it"
    )
    kinds = configuring.add_subparsers(required=True, metavar="COMMAND")
    checking = kinds.add_parser(
        "check",
        parents=[shared],
        help="check the configuration file and the music folders",
        description="Check the configuration, and list all that is wrong with it."
        " Without --config: the file of your own service, else of the machine's.",
    )
    checking.set_defaults(run=_config, show=False)
    showing = kinds.add_parser(
        "show",
        parents=[shared],
        help="show each value and where it comes from",
        description="Show each value of the configuration and where it comes from."
        " Without --config: the file of your own service, else of the machine's.",
    )
    showing.set_defaults(run=_config, show=True)


def _config(args: argparse.Namespace) -> int:
    from segued.cli import config_command  # noqa: PLC0415

    return (config_command.show if args.show else config_command.check)(args)


def _serve(args: argparse.Namespace) -> int:
    config = load_config(args)
    library_lock.check_free(config.database)
    check_socket_free(control_socket(config.library.control_socket))
    _start_fork_server(args, config)
    from segued.cli import serve_command  # noqa: PLC0415

    return serve_command.run(args)


def _load_config(args: argparse.Namespace) -> Config:
    """Return the configuration that the shared options name; configure the log."""
    config = load_config(args)
    configure_log(config)
    return config


def _chosen_library(args: argparse.Namespace) -> LibraryChoice:
    """Return the library that the command is about; configure the log."""
    choice = choose_library(args)
    configure_log(choice.config)
    return choice


def _decide(args: argparse.Namespace) -> int:
    from segued.cli import decide_command  # noqa: PLC0415

    return decide_command.run(args, _chosen_library(args))


def _forget_tags(args: argparse.Namespace) -> int:
    from segued.cli import forget_command  # noqa: PLC0415

    return forget_command.run(args, _chosen_library(args))


def _similar(args: argparse.Namespace) -> int:
    from segued.cli import similar_command  # noqa: PLC0415

    return similar_command.run(args, _chosen_library(args))


def _import_dump(args: argparse.Namespace) -> int:
    from segued.cli import import_dump_command  # noqa: PLC0415

    return import_dump_command.run_import_dump(args, _load_config(args))


def _install_models(args: argparse.Namespace) -> int:
    from segued.cli import install_models_command  # noqa: PLC0415

    return install_models_command.run_install_models(args, _load_config(args))


def _import(args: argparse.Namespace) -> int:
    config = load_config(args)
    library_lock.check_free(config.database)
    _start_fork_server(args, config)
    from segued.cli import import_command  # noqa: PLC0415

    configure_log(config)
    return import_command.run(args, config)


def _start_fork_server(args: argparse.Namespace, config: Config) -> None:
    """Start the fork server while this process imports the pipeline's modules."""
    from segued.compute import fork_server  # noqa: PLC0415
    from segued.intake import walk  # noqa: PLC0415

    # The command itself reports an unusable library or folder; nothing may be written
    # beside that.
    with suppress(ConfigError, RuntimeError, ValueError):
        roots = walk.normalized_roots(args.folders or config.library.folders)
        walk.check_library_outside_music(config.database, roots)
        fork_server.use_socket_folder(spool_folder(config.database))
    fork_server.start_fork_server()
