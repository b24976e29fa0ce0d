"""The arguments of `segued import-from`."""

from segued.cli.parser import CommandParser, Subparsers

__all__ = ["add_import_from"]


def add_import_from(commands: Subparsers, shared: CommandParser) -> None:
    """Add the commands that read the libraries of other programs."""
    taking = commands.add_parser(
        "import-from", help="read what another program's library says about the files"
    )
    kinds = taking.add_subparsers(required=True, metavar="PROGRAM")
    beets = kinds.add_parser(
        "beets",
        parents=[shared],
        help="MusicBrainz ids and dates, as evidence for matching",
        description="Read MusicBrainz ids and dates from a library of beets. They are"
        " evidence, as ids in tags are, where a file's tags have none. Files are found"
        " by their paths; import them first.",
    )
    itunes = kinds.add_parser(
        "itunes",
        parents=[shared],
        help="ratings and play counts",
        description="Read ratings and play counts from an XML library of iTunes or"
        " Music (File, Library, Export Library). Exports carry them. Files are found by"
        " their paths; import them first.",
    )
    for parser, name in ((beets, "beets"), (itunes, "itunes")):
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="THERE=HERE",
            help="a folder in that library, and where it is here; '.' is the folder"
            " of relative paths; can be given several times",
        )
        parser.add_argument("file", metavar="FILE")
        parser.set_defaults(command=f"import-from {name}")
