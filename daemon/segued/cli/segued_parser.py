"""The command line of `segued`. Imports the standard library only.

So man pages and completions can be generated before any library is installed, and
`--help` answers at once.
"""

import argparse
from typing import Final

from segued import __version__
from segued.cli.backup_parser import add_backup
from segued.cli.cluster_parser import add_cluster, add_node
from segued.cli.export_parser import add_export, add_playlist, add_similar
from segued.cli.import_from_parser import add_import_from
from segued.cli.knowledge_parser import add_knowledge
from segued.cli.parser import (
    CommandParser,
    Subparsers,
    add_explain,
    count,
    mbid,
    shared_options_parser,
)
from segued.cli.review_parser import add_review

__all__ = ["TABLES", "segued_parser"]

TABLES: Final = ("files", "passages", "failures", "passed-over", "copies", "review")
"""The tables of `segued library`."""

CHECK: Final = "check"
"""`segued library check` reads the whole library instead."""

EXIT_CODES: Final = """\
exit codes:
  0    everything in the folders is imported
  1    finished, but not all is imported: files failed, or a folder could not
       be read; each is listed with the reason
  2    an argument, folder or setting is not usable
  3    the library cannot be used: locked, damaged, too new, or its disk is full
  130  cancelled; the same command continues where this one stopped
"""


def segued_parser() -> CommandParser:
    """Return the parser; `command` of the parsed arguments is the command's name."""
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
    importing.set_defaults(command="import", rematch=False)

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
    serving.set_defaults(command="serve")

    _add_library(commands, shared)

    _add_rematch(commands, shared)
    add_review(commands, shared)
    _add_decide(commands, shared)
    add_explain(commands, shared)
    _add_forget_tags(commands, shared)
    add_export(commands, shared)
    add_similar(commands, shared)
    add_playlist(commands, shared)
    _add_flavor(commands, shared)
    add_backup(commands, shared)
    add_knowledge(commands, shared)
    add_import_from(commands, shared)
    add_cluster(commands, shared)
    add_node(commands, shared)
    _add_config(commands, shared)
    _add_service(commands)
    return parser


def _add_rematch(commands: Subparsers, shared: CommandParser) -> None:
    matching = commands.add_parser(
        "rematch",
        parents=[shared],
        help="match all songs again, without the network",
        description="Match all songs again, from the stored answers of the services.",
    )
    matching.add_argument("folders", nargs="*", metavar="FOLDER")
    matching.set_defaults(command="rematch", rematch=True, offline=True, workers=None)


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
    what.add_argument(
        "--release", type=mbid, metavar="MBID", help="the release that the file is of"
    )
    what.add_argument(
        "--any-release", action="store_true", help="take the choice of a release back"
    )
    deciding.add_argument("--title", help="its title, instead of MusicBrainz's")
    deciding.add_argument("--artist", help="its artist, instead of MusicBrainz's")
    deciding.set_defaults(command="decide")


def _add_forget_tags(commands: Subparsers, shared: CommandParser) -> None:
    forgetting = commands.add_parser(
        "forget-tags",
        parents=[shared],
        help="delete the tags that a file does not hold any more",
        description="Delete the remembered tags, which were removed from a file.",
    )
    forgetting.add_argument("file", metavar="FILE")
    forgetting.set_defaults(command="forget-tags")


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
    dump.set_defaults(command="flavor import-dump")
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
    models.set_defaults(command="flavor install-models")


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
    checking.set_defaults(command="config check")
    showing = kinds.add_parser(
        "show",
        parents=[shared],
        help="show each value and where it comes from",
        description="Show each value of the configuration and where it comes from."
        " Without --config: the file of your own service, else of the machine's.",
    )
    showing.set_defaults(command="config show")


def _add_library(commands: Subparsers, shared: CommandParser) -> None:
    listing = commands.add_parser(
        "library",
        parents=[shared],
        help="show what is in the library",
        description="Show a table of the library. In a terminal its columns are"
        " aligned; in a pipe they are separated by tabs. --json prints JSON Lines: one"
        " object for each row, with all columns. `check` reads every page and index of"
        " the library instead, also while segued runs.",
    )
    listing.add_argument(
        "topic",
        nargs="?",
        choices=(*TABLES, CHECK),
        default="files",
        metavar="TABLE",
        help=f"{', '.join(TABLES)} (files); or {CHECK}: whether the library is intact",
    )
    listing.set_defaults(command="library")


def _add_service(commands: Subparsers) -> None:
    service = commands.add_parser(
        "service", help="run segued as a service of systemd, at each start"
    )
    kinds = service.add_subparsers(required=True, metavar="COMMAND")
    installing = kinds.add_parser(
        "install",
        help="install the service, or upgrade it",
        description="Install units, completions, man pages, links to the commands, and"
        " a configuration if there is none. For the whole machine, this needs root.",
    )
    installing.add_argument("--user", action="store_true", help="for this user only")
    installing.add_argument(
        "--node", action="store_true", help="to analyze for a daemon on another machine"
    )
    installing.add_argument("--now", action="store_true", help="also start it")
    installing.add_argument(
        "--dry-run", action="store_true", help="only list what would be installed"
    )
    installing.set_defaults(command="service install", json=False)
    removing = kinds.add_parser(
        "uninstall",
        help="remove the service",
        description="Remove what `segued service install` installed, but not the"
        " library, the configuration and the program.",
    )
    removing.add_argument("--user", action="store_true", help="that of this user only")
    removing.add_argument(
        "--purge",
        action="store_true",
        help="also remove library, configuration and account",
    )
    removing.set_defaults(command="service uninstall", json=False)
