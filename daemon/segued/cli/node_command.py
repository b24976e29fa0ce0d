"""`segued node`: analyzes music for a daemon on another machine."""

import argparse
import asyncio
import tempfile

import msgspec

from segued.cli.cluster_command import require_extra
from segued.cli.options import configure_log
from segued.compute import fork_server
from segued.config.config import Config
from segued.config.node_config import NodeConfig, read_node_config
from segued.errors import ConfigError

__all__ = ["run"]


def run(args: argparse.Namespace) -> int:
    """Run the node until it is stopped, or only check it; return the exit code.

    Raises:
        ConfigError: The configuration or the key cannot be used.
        DaemonError: With --check: no daemon answers, or it refuses this node.
    """
    if args.config is None:
        raise ConfigError("segued node needs --config FILE, such as node.toml")
    config = read_node_config(args.config)
    if not args.check:
        return _start(args, config)
    with tempfile.TemporaryDirectory(prefix="segued-node-") as spool:
        # The node's own folder may be in use, by the service.
        node = msgspec.structs.replace(config.node, spool=spool)
        return _start(args, msgspec.structs.replace(config, node=node))


def _start(args: argparse.Namespace, config: NodeConfig) -> int:
    configure_log(Config(logging=config.logging), "error" if args.check else "info")
    require_extra()
    fork_server.use_socket_folder(config.spool)
    fork_server.start_fork_server()
    from segued.node.node_process import NodeProcess  # noqa: PLC0415

    process = NodeProcess(config)
    if args.check:
        return asyncio.run(process.check(print))
    return asyncio.run(process.serve())
