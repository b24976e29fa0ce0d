"""The keys of nodes: who may connect to whom."""

import shutil
import socket
import ssl
import threading
from pathlib import Path

import pytest

from segued.cluster.authority import Authority
from segued.cluster.key_files import (
    AuthorityFiles,
    home_context,
    load_revoked,
    node_context,
    node_name,
)
from segued.errors import ConfigError


def connect(home: ssl.SSLContext, node: ssl.SSLContext) -> str:
    """Connect a node with a home; return why one of them refuses, or "ok"."""
    home_end, node_end = socket.socketpair()
    results: list[str] = []

    def serve() -> None:
        with home_end:
            try:
                with home.wrap_socket(home_end, server_side=True) as stream:
                    stream.sendall(b"x")
            except OSError as error:
                results.append(str(error).lower())

    server = threading.Thread(target=serve)
    server.start()
    with node_end:
        try:
            with node.wrap_socket(node_end) as stream:
                assert stream.recv(1) == b"x"
        except OSError as error:
            results.append(str(error).lower())
    server.join()
    return results[0] if results else "ok"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return tmp_path / "library.db.cluster"


def key_file(folder: Path, name: str, days: int = 30) -> Path:
    """Write the key file of a node beside an authority, and return it."""
    path = folder.with_name(f"{folder.name}-{name}.pem")
    path.write_bytes(Authority(folder).issue(name, days))
    return path


def test_a_node_with_a_key_connects(folder: Path) -> None:
    """Both sides accept each other, and the name is in the key file."""
    key = key_file(folder, "desk1")

    assert connect(home_context(folder), node_context(key)) == "ok"
    assert node_name(key) == "desk1"
    assert AuthorityFiles(folder).key.stat().st_mode & 0o077 == 0
    assert AuthorityFiles(folder).home.stat().st_mode & 0o077 == 0


def test_an_expired_key_is_refused(folder: Path) -> None:
    """The reason says that it has expired."""
    key = key_file(folder, "old", days=-1)

    assert "expired" in connect(home_context(folder), node_context(key))


def test_a_key_of_another_authority_is_refused(folder: Path, tmp_path: Path) -> None:
    """By both sides."""
    stranger = key_file(tmp_path / "other.cluster", "desk1")
    own = key_file(folder, "desk1")
    home = home_context(folder)

    assert connect(home, node_context(stranger)) != "ok"
    # A node with the right authority, but with a stranger's certificate.
    mixed = node_context(own)
    assert connect(home, mixed) == "ok"
    mixed.load_cert_chain(stranger)
    assert connect(home, mixed) != "ok"


def test_a_node_cannot_pass_for_the_daemon(folder: Path) -> None:
    """Its certificate is for clients only."""
    false_home = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    false_home.load_cert_chain(key_file(folder, "desk1"))

    refusal = connect(false_home, node_context(key_file(folder, "desk2")))
    assert "certificate" in refusal


def test_a_plain_connection_is_refused(folder: Path) -> None:
    """Without TLS nothing is answered."""
    Authority(folder).prepare()
    home = home_context(folder)
    home_end, client_end = socket.socketpair()
    with home_end, client_end:
        client_end.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ssl.SSLError):
            home.wrap_socket(home_end, server_side=True)


def test_a_revoked_key_is_refused_by_a_running_daemon(folder: Path) -> None:
    """At once for each list, while other keys stay valid."""
    keys = {name: key_file(folder, name) for name in ("desk1", "desk2", "desk3")}
    home = home_context(folder)
    for name in ("desk1", "desk2"):
        assert connect(home, node_context(keys[name])) == "ok"
        Authority(folder).revoke(name)
        load_revoked(home, folder)
        assert "revoked" in connect(home, node_context(keys[name]))
    assert "revoked" in connect(home, node_context(keys["desk1"]))
    assert connect(home, node_context(keys["desk3"])) == "ok"
    assert AuthorityFiles(folder).names() == ["desk3"]


def test_a_revoked_name_can_have_another_key(folder: Path) -> None:
    """The old one stays invalid."""
    old = key_file(folder, "desk1")
    with pytest.raises(ConfigError, match="desk1 has a key already"):
        Authority(folder).issue("desk1")
    Authority(folder).revoke("desk1")
    old = old.rename(old.with_suffix(".old"))
    new = key_file(folder, "desk1")

    home = home_context(folder)
    assert connect(home, node_context(new)) == "ok"
    assert "revoked" in connect(home, node_context(old))


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x", "x" * 64, "é"])
def test_invalid_names_are_refused(folder: Path, name: str) -> None:
    """They are names of files as well."""
    with pytest.raises(ConfigError, match="no name for a node"):
        Authority(folder).issue(name)
    with pytest.raises(ConfigError, match="there is no key of"):
        Authority(folder).revoke(name)


def test_damaged_keys_are_named(folder: Path, tmp_path: Path) -> None:
    """Of the authority, of the daemon, and of a node."""
    key = key_file(folder, "desk1")
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    (damaged / "authority.key").write_text("nothing")
    with pytest.raises(ConfigError, match="damaged: a key is damaged"):
        Authority(damaged).issue("desk2")
    (damaged / "home.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="the keys cannot be used"):
        home_context(damaged)
    key.write_text("nothing")
    with pytest.raises(ConfigError, match="not what `segued cluster key` writes"):
        node_context(key)
    with pytest.raises(ConfigError, match="there is no certificate"):
        node_name(key)
    with pytest.raises(ConfigError, match=r"gone\.pem: cannot be read"):
        node_context(tmp_path / "gone.pem")
