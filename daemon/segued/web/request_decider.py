"""Who decides something with a request: the account or address that sent it."""

import pwd
import socket
from typing import Final

from aiohttp import web

from segued import __version__
from segued.store.deciders import Decider
from segued.web.connections import Connection
from segued.web.peers import peer_process

__all__ = ["decider_of"]

PAGE: Final = "page"
USER: Final = "user "

PROGRAM_LENGTH_MAX: Final = 100


def decider_of(request: web.Request) -> Decider:
    """Return who sent a request, and with which program and version.

    On the control socket, the program names itself in the header User-Agent.
    """
    connection = request.get_extra_info("socket")
    if connection is not None and connection.family == socket.AF_UNIX:
        agent = request.headers.get("User-Agent", "")[:PROGRAM_LENGTH_MAX]
        program, _, version = agent.partition("/")
        person = _account_name(peer_process(connection).user)
        return Decider(person, program or "unknown", version)
    handler = request.protocol
    peer = handler.peer if isinstance(handler, Connection) else request.remote or ""
    if peer.startswith(USER):
        peer = _account_name(int(peer.removeprefix(USER)))
    return Decider(peer, PAGE, __version__)


def _account_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"{USER}{user}"
