"""The arguments of `segued backup` and `segued restore`."""

from segued.cli.parser import CommandParser, Subparsers

__all__ = ["add_backup"]


def add_backup(commands: Subparsers, shared: CommandParser) -> None:
    """Add the commands about copies of the library."""
    backup = commands.add_parser(
        "backup",
        parents=[shared],
        help="copy the library to a file, also while segued runs",
        description="Copy the library to a file and check the copy, also while segued"
        " runs. An older backup of this name is replaced when the new one is complete.",
    )
    backup.add_argument("file", metavar="FILE")
    backup.set_defaults(command="backup")
    restoring = commands.add_parser(
        "restore",
        parents=[shared],
        help="put a backup in the place of the library",
        description="Check a backup, migrate it if it is older, and put it in the place"
        " of the library, which is kept beside it. No segued may use the library.",
    )
    restoring.add_argument("file", metavar="FILE")
    restoring.set_defaults(command="restore")
