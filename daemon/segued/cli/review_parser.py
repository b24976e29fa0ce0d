"""The options of `review`, which both programs have."""

from segued.cli.parser import CommandParser, Subparsers, count, mbid

__all__ = ["add_review"]


def add_review(commands: Subparsers, shared: CommandParser) -> None:
    """Add `review`."""
    review = commands.add_parser(
        "review",
        parents=[shared],
        help="answer the questions about matches",
        description="Show what needs a person: albums and files whose matches raise a"
        " question, the worst first. In a terminal it asks one after another; with an"
        " answer on the command line it asks nothing.",
    )
    review.add_argument(
        "card", nargs="?", metavar="ID", help="only this album or file, by its id"
    )
    review.add_argument(
        "--song", type=count, metavar="N", help="only this one of its songs (all)"
    )
    what = review.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="list them, and ask nothing")
    what.add_argument("--accept", action="store_true", help="the matches are right")
    what.add_argument(
        "--leave", action="store_true", help="leave them as they are, and ask no more"
    )
    what.add_argument("--no-song", action="store_true", help="they are no songs")
    what.add_argument("--recording", type=mbid, metavar="MBID", help="the recording")
    what.add_argument(
        "--release", type=mbid, metavar="MBID", help="all of it is this release"
    )
    what.add_argument(
        "--any-release", action="store_true", help="take the choice of a release back"
    )
    what.add_argument(
        "--undo",
        nargs="?",
        type=int,
        const=0,
        metavar="ANSWER",
        help="take an answer back (the last one)",
    )
    what.add_argument("--history", action="store_true", help="list the last answers")
    review.set_defaults(command="review")
