"""The arguments of `segued cluster` and `segued node`."""

from segued.cli.parser import CommandParser, Subparsers, count

__all__ = ["add_cluster", "add_node"]


def add_cluster(commands: Subparsers, shared: CommandParser) -> None:
    """Add the commands about the keys of nodes."""
    cluster = commands.add_parser(
        "cluster", help="let other machines analyze music for this one"
    )
    kinds = cluster.add_subparsers(required=True, metavar="COMMAND")
    making = kinds.add_parser(
        "key",
        parents=[shared],
        help="make the key with which a machine may join",
        description="Make the key file with which a machine may join as a node. It is"
        " written to the standard output; keep it as secret as a password.",
    )
    making.add_argument("name", metavar="NAME", help="the name of the node")
    making.add_argument(
        "--output", metavar="FILE", help="write it to a new file that only you can read"
    )
    making.add_argument(
        "--days", type=count, metavar="N", help="how long it is valid (3650)"
    )
    making.set_defaults(command="cluster key")
    revoking = kinds.add_parser(
        "revoke",
        parents=[shared],
        help="make the key of a node invalid",
        description="Make the key of a node invalid, for good. If it has joined, it is"
        " removed within seconds.",
    )
    revoking.add_argument("name", metavar="NAME", help="the name of the node")
    revoking.set_defaults(command="cluster revoke")


def add_node(commands: Subparsers, shared: CommandParser) -> None:
    """Add the command that analyzes for a daemon on another machine."""
    node = commands.add_parser(
        "node",
        parents=[shared],
        help="analyze music for a daemon on another machine, until stopped",
        description="Join the daemon that the configuration names (node.toml), and"
        " analyze music for it until stopped.",
    )
    node.add_argument(
        "--check",
        action="store_true",
        help="join, show what this machine may do and why not, and leave",
    )
    node.set_defaults(command="node")
