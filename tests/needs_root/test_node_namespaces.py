"""A node with a network and mounts of its own, as on another machine."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.library_queries import query
from tests.end_to_end.running_daemon import running_daemon
from tests.end_to_end.running_nodes import (
    cluster_config,
    copy_music,
    free_port,
    node_line,
    running_node,
    write_key,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.end_to_end.test_nodes import (
    ESSENTIA,
    NOWHERE_ELSE,
    outputs,
    wait_until_analyzed,
    write_songs,
)

DAEMON, NODE = "10.213.7.1", "10.213.7.2"


def run(*command: str | Path) -> None:
    """Run a command, which must succeed."""
    subprocess.run(command, check=True)


@contextmanager
def network() -> Iterator[tuple[str, str]]:
    """Yield a network namespace, and this side of the cable to it."""
    name = f"segued-{os.getpid()}"
    here, there = f"sgh{os.getpid()}", f"sgn{os.getpid()}"
    run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", here, "type", "veth", "peer", there, "netns", name)
        run("ip", "address", "add", f"{DAEMON}/30", "dev", here)
        run("ip", "link", "set", here, "up")
        run("ip", "-n", name, "address", "add", f"{NODE}/30", "dev", there)
        run("ip", "-n", name, "link", "set", there, "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        yield name, here
    finally:
        run("ip", "netns", "delete", name)  # and with it the cable


def test_a_node_whose_mount_comes_late_and_whose_network_goes(
    tmp_path: Path, segued: SeguedRunner
) -> None:
    """Each file is analyzed once; the daemon's own path is not there on the node."""
    music = write_songs(tmp_path / "music", 3)
    exported = copy_music(music, tmp_path / "exported")
    mounted = tmp_path / "mnt"
    mounted.mkdir()
    port = f"{DAEMON}:{free_port()}"
    extra = cluster_config(port, f"{NOWHERE_ELSE}\nlost_seconds = 11")
    hide = f'mount -t tmpfs none "{music}" && exec "$@"'
    with network() as (namespace, cable):
        wrapper = ("ip", "netns", "exec", namespace, "sh", "-c", hide, "sh")
        with (
            running_daemon(
                segued, music, flavoring=ESSENTIA, extra_config=extra
            ) as daemon,
            running_node(
                None,
                write_key(segued, "desk1"),
                port,
                {music: mounted},
                "processes = 1",
                wrapper=wrapper,
            ) as node,
        ):
            daemon.wait_until_done(3)
            status = daemon.wait_for(
                lambda status: status["nodes"] and status["nodes"][0]["missing"]
            )
            assert status["nodes"][0]["why_not"] == ["no music folder is there"]
            enter = ("nsenter", "--mount", "--target", str(node.process.pid))
            run(*enter, "mount", "--bind", exported, mounted)
            daemon.wait_for(
                lambda status: any(each["running"] for each in status["nodes"])
            )
            assert list(mounted.iterdir()) == []  # here nothing is mounted
            run("ip", "link", "set", cable, "down")
            daemon.wait_for(lambda status: status["nodes"] == [])
            run("ip", "link", "set", cable, "up")
            wait_until_analyzed(daemon, 3)
            line = node_line(daemon.status(), "desk1")
            assert len(node.log_entries("cluster.joined")) == 2
    assert line is not None
    assert (line["refused"], line["host"]) == (0, os.uname().nodename)
    assert len(outputs(segued)) == 3
    assert query(segued.database, "SELECT * FROM failures") == []
