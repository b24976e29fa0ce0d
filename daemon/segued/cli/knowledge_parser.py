"""The arguments of `segued knowledge export` and `segued knowledge import`."""

from segued.cli.parser import CommandParser, Subparsers

__all__ = ["add_knowledge"]


def add_knowledge(commands: Subparsers, shared: CommandParser) -> None:
    """Add the commands about what a library knows."""
    knowing = commands.add_parser(
        "knowledge", help="carry what a library knows to another machine"
    )
    kinds = knowing.add_subparsers(required=True, metavar="COMMAND")
    exporting = kinds.add_parser(
        "export",
        parents=[shared],
        help="write what the library knows about sounds to a file",
        description="Write decisions, decoding results, the answers of the services and"
        " what analyzers heard to a file (JSON Lines, zstd). It has no paths and no"
        " keys: everything is found again by the sound.",
    )
    exporting.add_argument("file", metavar="FILE")
    exporting.set_defaults(command="knowledge export")
    importing = kinds.add_parser(
        "import",
        parents=[shared],
        help="take over what another library knows",
        description="Take over what another library knows. The next import decodes and"
        " asks nothing that is in the file. What this library knows itself stays; of"
        " two decisions, the later one counts.",
    )
    importing.add_argument("file", metavar="FILE")
    importing.set_defaults(command="knowledge import")
