"""Identify the peer of a connection: an account of this machine, or an address.

All accounts of this machine share its addresses. The kernel states the account of a
local connection's other end by its sock_diag interface: one lookup in its table of
connections, some microseconds each. In a sandbox that denies it, the accounts of this
machine count as one peer for each of its addresses.
"""

import ipaddress
import socket
import struct
from typing import Any, Final, NamedTuple

__all__ = ["CONTROL_PEER", "PeerProcess", "peer_of", "peer_process"]

CONTROL_PEER: Final = "control socket"

IPV6_PREFIX_BITS: Final = 64
"""A machine with IPv6 has at least this network for itself."""

NETLINK_SOCK_DIAG: Final = 4
SOCK_DIAG_BY_FAMILY: Final = 20
NLM_F_REQUEST: Final = 1
ALL_STATES: Final = 0xFFFF_FFFF
NO_COOKIE: Final = 0xFFFF_FFFF

MESSAGE_HEADER: Final = struct.Struct("=IHHII")
REQUEST: Final = struct.Struct("=BBBxI")
PORTS: Final = struct.Struct(">HH")
INTERFACE_AND_COOKIE: Final = struct.Struct("=III")
PEER_CREDENTIALS: Final = struct.Struct("3i")
ADDRESS_BYTES: Final = 16
USER_AND_INODE: Final = struct.Struct("=II")
USER_OFFSET: Final = MESSAGE_HEADER.size + 64
"""Of a message `inet_diag_msg`: state, socket id, timer and queues come before it."""


class PeerProcess(NamedTuple):
    """The process at the other end of a Unix socket, and its account and group."""

    process: int
    user: int
    group: int


def peer_process(connection: socket.socket) -> PeerProcess:
    """Return the process at the other end of a Unix socket."""
    raw = connection.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, PEER_CREDENTIALS.size
    )
    return PeerProcess(*PEER_CREDENTIALS.unpack(raw))


def peer_of(connection: socket.socket) -> str:
    """Return the name of the peer of an accepted connection."""
    if connection.family == socket.AF_UNIX:
        return CONTROL_PEER
    try:
        local, remote = connection.getsockname(), connection.getpeername()
        user = _local_user(connection.family, remote, local)
    except OSError:  # it is closed again, or the sandbox denies the lookup
        user = None
    else:
        if user is not None:
            return f"user {user}"
    return _address_of(connection)


def _address_of(connection: socket.socket) -> str:
    """Return the peer's address; for IPv6 its network."""
    try:
        host = connection.getpeername()[0]
        address = ipaddress.ip_address(host.partition("%")[0])
    except (OSError, ValueError):
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_PREFIX_BITS), strict=False))
    return str(address)


def _local_user(
    family: int, source: tuple[Any, ...], destination: tuple[Any, ...]
) -> int | None:
    """Return the account that owns a connected socket; None if it is not local.

    Raises:
        OSError: The kernel does not answer.
    """
    addresses = [
        socket.inet_pton(family, host.partition("%")[0]).ljust(ADDRESS_BYTES, b"\0")
        for host in (source[0], destination[0])
    ]
    request = b"".join(
        (
            REQUEST.pack(family, socket.IPPROTO_TCP, 0, ALL_STATES),
            PORTS.pack(source[1], destination[1]),
            *addresses,
            INTERFACE_AND_COOKIE.pack(0, NO_COOKIE, NO_COOKIE),
        )
    )
    header = MESSAGE_HEADER.pack(
        MESSAGE_HEADER.size + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0
    )
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, NETLINK_SOCK_DIAG
    ) as netlink:
        netlink.sendto(header + request, (0, 0))
        response = netlink.recv(4_096)
    if MESSAGE_HEADER.unpack_from(response)[1] != SOCK_DIAG_BY_FAMILY:
        return None  # no such connection on this machine
    user: int
    user, inode = USER_AND_INODE.unpack_from(response, USER_OFFSET)
    # The owner has closed it: the kernel then states root as its account.
    return user if inode else None
