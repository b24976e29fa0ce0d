"""Other machines analyze the music of a daemon: real daemons and nodes, over TLS."""

import os
import signal
import socket
import subprocess
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sample_library import encode, song, tag

from tests.end_to_end.canonical import canonical_library
from tests.end_to_end.library_queries import QUERIES, query
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_mp3,
)
from tests.end_to_end.running_nodes import (
    cluster_config,
    copy_music,
    free_port,
    node_line,
    running_node,
    wait_until,
    write_key,
    write_node_config,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS
from tests.web.web_client import WebClient

ESSENTIA = 'sources = ["essentia"]'
NOWHERE_ELSE = "here = false"
ANY = "0.0.0.0"  # noqa: S104 - which ports are open there is the question


def write_songs(folder: Path, count: int, first: int = 1) -> Path:
    """Write some tagged songs, the first with a name that is not UTF-8."""
    folder.mkdir(parents=True)
    for number in range(first, first + count):
        path = folder / f"{number:02}.mp3"
        encode(path, song(number, 8.0), 44_100, "mp3")
        tag(path, {"title": f"Song {number}", "artist": "Marram"})
    name = f"{first:02}"
    os.rename(folder / f"{name}.mp3", os.fsencode(folder / name) + b" \xff\xfe.mp3")
    return folder


def wait_until_analyzed(daemon: RunningDaemon, count: int) -> None:
    """Wait until so many files are imported, and all of them analyzed."""
    daemon.wait_until_done(count)
    daemon.wait_for(lambda status: status["files_analysed"] == count)


def outputs(segued: SeguedRunner) -> list[tuple[Any, ...]]:
    """Return which analyzer outputs are stored, without their numbers.

    Essentia's differ a little from run to run, on one machine as well.
    """
    rows = query(
        segued.database,
        "SELECT hex(audio_hash) AS sound, start_ticks, end_ticks, source, version"
        " FROM analyzer_outputs ORDER BY 1, 2, 3, 4",
    )
    return [tuple(row.values()) for row in rows]


def open_ports(process: int) -> set[tuple[str, int]]:
    """Return the addresses and ports on which a process listens for TCP."""
    sockets = {
        os.readlink(each)
        for each in Path(f"/proc/{process}/fd").iterdir()
        if each.is_symlink()
    }
    found = set()
    for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
            address, _, port = fields[1].partition(":")
            packed = bytes.fromhex(address)[::-1]
            found.add((socket.inet_ntoa(packed), int(port, 16)))
    return found


def test_the_library_equals_that_of_one_machine(
    tmp_path: Path, segued: SeguedRunner
) -> None:
    """Although one node is killed while it works, and the daemon as well."""
    music = write_songs(tmp_path / "music", 4)
    there = copy_music(music, tmp_path / "mnt")
    port = free_port()
    extra = cluster_config(port, NOWHERE_ELSE)
    with ExitStack() as stack:
        with running_daemon(
            segued, music, flavoring=ESSENTIA, extra_config=extra
        ) as daemon:
            key1, key2 = write_key(segued, "desk1"), write_key(segued, "desk2")
            daemon.wait_until_done(4)
            # This machine does not analyze, and no other is there.
            assert outputs(segued) == []
            with running_node(None, key1, port, {music: there}) as node:
                daemon.wait_for(
                    lambda status: any(each["running"] for each in status["nodes"])
                )
                node.kill()
                daemon.wait_for(lambda status: status["nodes"] == [])
                node.runner.assert_no_process_left()
            node = stack.enter_context(running_node(None, key2, port, {music: there}))
            node.wait_for_log("cluster.joined")
            daemon.stop(signal.SIGKILL)
            node.wait_for_log("cluster.lost")
        with running_daemon(
            segued, music, flavoring=ESSENTIA, extra_config=extra
        ) as daemon:
            wait_until_analyzed(daemon, 4)
            line = node_line(daemon.status(), "desk2")
    assert line is not None
    assert (line["refused"], line["why_not"], line["may"]) == (0, [], ["hearing"])
    assert len(node.log_entries("cluster.joined")) == 2
    alone = SeguedRunner(tmp_path / "alone")
    config = alone.write_config(f"[flavoring]\n{ESSENTIA}")
    options = ["--offline", "--config", config]
    assert alone.import_folders(music, options=options).code == 0
    assert outputs(segued) == outputs(alone)
    assert canonical_library(segued) == canonical_library(alone)
    assert query(segued.database, "SELECT * FROM failures") == []


def test_nodes_decode_as_this_machine_does(
    tmp_path: Path, segued: SeguedRunner
) -> None:
    """Those that have its libraries; one without Chromaprint analyzes only."""
    music, album = tmp_path / "music", write_songs(tmp_path / "album", 3)
    (album / "text.mp3").write_text("no music at all" * 100)
    write_songs(music / "one", 1, first=9)
    there = copy_music(music, tmp_path / "mnt")
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "chromaprint.py").write_text("raise ImportError")
    port = free_port()
    sent = 'send = ["hearing", "decoding"]\nlost_seconds = 300'
    extra = cluster_config(port, f"{NOWHERE_ELSE}\n{sent}")
    with (
        running_daemon(segued, music, flavoring=ESSENTIA, extra_config=extra) as daemon,
        ExitStack() as stack,
    ):
        daemon.wait_until_done(1)  # without any node, and so here
        for name in ("desk1", "desk2", "other"):
            key = write_key(segued, name)
            environment = {"PYTHONPATH": str(lacking)} if name == "other" else {}
            node = running_node(
                daemon, key, port, {music: there}, "processes = 1", **environment
            )
            stack.enter_context(node)
        copy_music(album, there / "album")
        album.rename(music / "album")
        daemon.wait_until_done(5)
        status = daemon.wait_for(lambda status: status["files_analysed"] == 5)
        told = segued.control("nodes", client=daemon.client).out
        refused = daemon.log_entries("decoding.elsewhere")
    nodes = {node["name"]: node for node in status["nodes"]}
    assert nodes["desk1"]["may"] == nodes["desk2"]["may"] == ["hearing", "decoding"]
    assert nodes["other"]["may"] == ["hearing"]
    assert "  may: hearing\n  not decoding: Chromaprint is missing there, 1." in told
    # Three files are decoded here, and the damaged one is tried; four are analyzed.
    assert sum(node["done"] for node in nodes.values()) == 8
    # All others were decoded by nodes, but for the first.
    (reason,) = [each["reason"] for each in refused]
    assert reason.startswith(f"{music}/album/text.mp3: ")
    alone = SeguedRunner(tmp_path / "alone")
    config = alone.write_config(f"[flavoring]\n{ESSENTIA}")
    options = ["--offline", "--config", config]
    alone.import_folders(music, options=options)
    assert canonical_library(segued) == canonical_library(alone)
    assert outputs(segued) == outputs(alone)
    assert decoded(segued) == decoded(alone)
    assert [len(rows) for rows in decoded(segued)] == [4, 4, 4 * 5 + 3]
    assert failures(segued) == failures(alone)
    assert len(failures(segued)) == 1


def decoded(segued: SeguedRunner) -> list[list[dict[str, Any]]]:
    """Return all that decoding has stored, byte for byte, with its checkpoints."""
    queries = (
        QUERIES["curves"],
        "SELECT * FROM loudness_curves ORDER BY audio_hash",
        (
            "SELECT files.path, phase, recipe, payload FROM checkpoints"
            " JOIN files ON files.id = file_id WHERE phase <= 5 ORDER BY 1, 2"
        ),
    )
    return [query(segued.database, sql) for sql in queries]


def failures(segued: SeguedRunner) -> list[tuple[Any, ...]]:
    """Return which files failed, where and why."""
    rows = query(segued.database, "SELECT phase, code, detail FROM failures")
    return [tuple(row.values()) for row in rows]


def test_what_is_odd_on_a_node_is_done_here(
    tmp_path: Path, segued: SeguedRunner
) -> None:
    """A mount that comes late, a file that is older there, and one that is gone."""
    music = write_songs(tmp_path / "music", 3)
    there = tmp_path / "mnt"
    there.mkdir()
    copied = copy_music(music, tmp_path / "copied")
    os.utime(copied / "02.mp3", ns=(0, 1_000_000_000))
    (copied / "03.mp3").unlink()
    port = free_port()
    extra = cluster_config(port, NOWHERE_ELSE)
    with running_daemon(
        segued, music, flavoring=ESSENTIA, extra_config=extra
    ) as daemon:
        daemon.wait_until_done(3)
        with running_node(None, write_key(segued, "nas-2"), port, {music: there}):
            status = daemon.wait_for(
                lambda status: status["nodes"] and status["nodes"][0]["missing"]
            )
            assert status["nodes"][0]["why_not"] == ["no music folder is there"]
            there.rmdir()
            copied.rename(there)
            wait_until_analyzed(daemon, 3)
            line = node_line(daemon.status(), "nas-2")
    assert line is not None
    assert (line["done"], line["refused"]) == (1, 2)
    assert len(outputs(segued)) == 3
    statuses = query(segued.database, "SELECT status FROM files")
    assert {row["status"] for row in statuses} == {"INGEST COMPLETE"}


def test_a_pause_a_cancel_or_a_suspend_ends_the_work_of_a_node(
    tmp_path: Path, segued: SeguedRunner
) -> None:
    """Its child processes are killed; what it had is done later."""
    music = write_songs(tmp_path / "music", 5)
    there = copy_music(music, tmp_path / "mnt")
    port = free_port()
    extra = cluster_config(port, f"{NOWHERE_ELSE}\nlost_seconds = 11")
    with (
        running_daemon(segued, music, flavoring=ESSENTIA, extra_config=extra) as daemon,
        running_node(
            None, write_key(segued, "desk1"), port, {music: there}, "processes = 1"
        ) as node,
    ):
        for command in ("pause", "cancel"):
            status = daemon.wait_for(
                lambda status: any(each["running"] for each in status["nodes"])
            )
            assert status["nodes"][0]["running"] <= 2  # a slot, and one that waits
            wait_until(node.analyzers, lambda: "no job has begun")
            (analyzer,) = node.analyzers()
            assert segued.control(command, client=daemon.client).code == 0
            daemon.wait_for(lambda status: not status["nodes"][0]["running"])
            wait_until(
                partial(node.has_ended, analyzer),
                lambda: "the child has not ended",
            )
            assert segued.control("resume", client=daemon.client).code == 0
        daemon.wait_for(lambda status: status["nodes"][0]["running"])
        # Suspended: the connection stays, but the node says nothing any more.
        node.process.send_signal(signal.SIGSTOP)
        daemon.wait_for(lambda status: status["nodes"] == [])
        node.process.send_signal(signal.SIGCONT)
        wait_until_analyzed(daemon, 5)
        assert len(node.log_entries("cluster.joined")) == 2
    assert len(outputs(segued)) == 5


def test_nodes_do_not_wait_for_the_end_of_an_import(
    tmp_path: Path, segued: SeguedRunner
) -> None:
    """A song that is imported is analyzed while another one is still decoded."""
    music = write_songs(tmp_path / "music", 1)
    write_noise_mp3(music / "long.mp3", 4.0)
    port = free_port()
    key = write_key(segued, "desk1")
    with (
        running_node(None, key, port, {music: music}),
        running_daemon(
            segued, music, flavoring=ESSENTIA, extra_config=cluster_config(port)
        ) as daemon,
    ):
        decoders: list[int] = []

        def is_decoding() -> bool:
            decoders[:] = decoders_of(segued, b"long")
            return bool(decoders)

        wait_until(is_decoding, daemon.log_path.read_text)
        # As on a disk that does not answer: the import does not end.
        os.kill(decoders[0], signal.SIGSTOP)
        status = daemon.wait_for(lambda status: status["files_analysed"])
        assert status["files_done"] == 1
        assert status["nodes"][0]["done"] == 1
        assert decoders_of(segued, b"long") == decoders
        os.kill(decoders[0], signal.SIGCONT)
        daemon.wait_until_done(2)


def decoders_of(segued: SeguedRunner, name: bytes) -> list[int]:
    """Return the processes whose title says that they decode a file of this name."""
    found = []
    for process in segued.leftover_processes():
        with suppress(OSError):
            title = Path(f"/proc/{process}/cmdline").read_bytes()
            if b"decoding" in title and name in title:
                found.append(process)
    return found


def test_only_who_may_joins(tmp_path: Path, segued: SeguedRunner) -> None:
    """Keys, versions and ports; `--check` says which is wrong."""
    music = write_songs(tmp_path / "music", 1)
    port = free_port()
    extra = cluster_config(port).replace("127.0.0.1", ANY)
    with running_daemon(
        segued, music, flavoring=ESSENTIA, extra_config=extra, page=True
    ) as daemon:
        daemon.wait_for_log("cluster.listening")
        silent = socket.create_connection(("127.0.0.1", port))
        silent.settimeout(WAIT_SECONDS)
        beyond = {
            each
            for each in open_ports(daemon.process.pid)
            if not each[0].startswith("127.")
        }
        assert beyond == {(ANY, port)}
        key = write_key(segued, "desk1")

        def check(
            key: Path, more: str = "", **environment: str
        ) -> subprocess.CompletedProcess[str]:
            runner = SeguedRunner(tmp_path / "checked")
            config = write_node_config(runner, key, port, {music: music}, more)
            return subprocess.run(
                runner.command("node", "--check", "--config", config),
                env=runner.environment() | environment,
                capture_output=True,
                text=True,
                check=False,
            )

        good = check(key)
        assert good.returncode == 0, good.stderr
        assert "desk1: joined" in good.stdout
        assert f"{music}: there" in good.stdout
        assert good.stdout.endswith("may analyze\n")
        other = tmp_path / "other" / "essentia-9.9.dist-info"
        other.mkdir(parents=True)
        (other / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: essentia\nVersion: 9.9\n"
        )
        differing = check(key, PYTHONPATH=str(other.parent))
        assert differing.returncode == 1
        assert "may not analyze: Essentia 9.9 there, 2.1" in differing.stdout
        later = datetime.now().astimezone() + timedelta(hours=2)
        end = later + timedelta(hours=1)
        resting = check(key, f'hours = "{later:%H:%M}-{end:%H:%M}"')
        assert f"rests now: it works from {later:%H:%M} on" in resting.stdout
        stranger = write_key(SeguedRunner(tmp_path / "stranger"), "desk1")
        refused = check(stranger)
        assert refused.returncode == 4
        assert "not the daemon that the key is for" in refused.stderr
        with running_node(daemon, key, port, {music: music}) as node:
            told = segued.control("nodes", client=daemon.client).out
            assert told.startswith("desk1 (")
            assert f"  {music}: there\n  may: hearing\n" in told
            metrics = WebClient.for_daemon(daemon).request("GET", "/metrics")
            assert b'segued_node_used{node="desk1"} 1.0' in metrics.body
            paths = ("--database", segued.database)
            assert segued.run("cluster", "revoke", "desk1", *paths).code == 0
            daemon.wait_for(lambda status: status["nodes"] == [])
            node.wait_for_log("cluster.refused")
            assert "revoked" in node.log_entries("cluster.refused")[-1]["reason"]
            beyond = {
                each
                for each in open_ports(node.process.pid)
                if not each[0].startswith("127.")
            }
            assert beyond == set()
        # Who shows no certificate is not kept connected.
        with silent:
            assert silent.recv(1) == b""


def test_without_an_address_nothing_of_it_is_loaded(
    tmp_path: Path, segued: SeguedRunner
) -> None:
    """The library for connections is in no memory map, and no folder is written."""
    music = write_songs(tmp_path / "music", 1)
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        maps = Path(f"/proc/{daemon.process.pid}/maps").read_text()
        assert daemon.status()["nodes"] == []
        assert open_ports(daemon.process.pid) == set()
    assert "cryptography" not in maps
    assert "msgpack" not in maps
    assert not segued.database.with_name("library.db.cluster").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cluster", "revoke", "nobody"), "there is no key of nobody"),
        (("cluster", "key", "a/b"), "is no name for a node"),
        (("node",), "segued node needs --config"),
        (("service", "install", "--node", "--user"), "omit --user"),
        (("node", "--config", "nowhere.toml"), "nowhere.toml: cannot be read"),
    ],
)
def test_wrong_commands_say_what_is_wrong(
    segued: SeguedRunner, arguments: tuple[str, ...], message: str
) -> None:
    """In one line, with exit code 2."""
    segued.home.mkdir(parents=True)
    paths = () if "service" in arguments else ("--database", segued.database)
    done = segued.run(*arguments, *paths)

    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1
