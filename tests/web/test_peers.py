"""Which peer a connection counts for: `segued.web.peers`."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest

from segued.web import peers
from segued.web.peers import CONTROL_PEER, peer_of


@contextmanager
def accepted(family: socket.AddressFamily, host: str) -> Iterator[socket.socket]:
    """Connect to a listening socket; yield the accepted connection."""
    with (
        socket.create_server((host, 0), family=family) as server,
        socket.create_connection(server.getsockname()[:2]),
    ):
        connection, _ = server.accept()
        with connection:
            yield connection


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_local_peer_is_an_account(family: socket.AddressFamily, host: str) -> None:
    """All accounts of the machine share its addresses."""
    with accepted(family, host) as connection:
        assert peer_of(connection) == f"user {os.getuid()}"


def test_local_peer_is_an_address_if_the_lookup_is_denied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in a sandbox without AF_NETLINK."""
    with accepted(socket.AF_INET, "127.0.0.1") as connection:
        monkeypatch.setattr(peers, "NETLINK_SOCK_DIAG", 999)
        assert peer_of(connection) == "127.0.0.1"


def test_closed_local_peer_is_an_address() -> None:
    """The kernel states root as the account of a socket that its owner has closed."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        client.sendall(b"x")
        client.close()
        connection, _ = server.accept()
        with connection:
            assert peer_of(connection) == "127.0.0.1"


def test_control_socket_is_one_peer() -> None:
    """Its file mode limits who connects."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_of(ours) == CONTROL_PEER


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_remote_peer_is_an_address(address: str, peer: str) -> None:
    """With IPv6 the network, since a machine has many addresses in it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = mock.Mock(family=family)
    connection.getpeername.return_value = (address, 40_000)
    connection.getsockname.return_value = ("::1" if ":" in address else "127.0.0.1", 1)

    assert peer_of(connection) == peer


def test_closed_connection_has_a_peer() -> None:
    """A client may disconnect before the lookup."""
    with accepted(socket.AF_INET, "127.0.0.1") as connection:
        connection.close()
        assert peer_of(connection) == ""
