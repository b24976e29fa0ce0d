"""Players and servers that read a folder again, each by its own interface."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from segued import __version__
from segued.clients.http import open_session
from segued.clients.receiver import SentEvent
from segued.clients.rescan_http import JellyfinRescan, OpenSubsonicRescan
from segued.clients.rescan_mpd import MpdRescan
from segued.config.sections import ServicesSection
from segued.errors import ServiceAuthError, ServiceUnavailableError

PASSWORD = 'pass "word" \\ x'  # noqa: S105


def imported(folder: str, root: str = "/srv/music") -> SentEvent:
    """Return the event of an imported folder."""
    facts = {"id": "1", "folder": folder, "root": root}
    return SentEvent("folder.imported", json.dumps(facts))


@asynccontextmanager
async def mpd_server(
    received: list[str], greeting: str = "OK MPD 0.23.5", place: Path | None = None
) -> AsyncIterator[str]:
    """Answer as MPD does; yield the address."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{greeting}\n".encode())
        while line := await reader.readline():
            text = line.decode().rstrip("\n")
            received.append(text)
            if text.startswith("update"):
                known = "unknown" not in text
                writer.write(
                    b"updating_db: 1\nOK\n"
                    if known
                    else b"ACK [50@0] {update} Malformed path\n"
                )
            else:
                writer.write(b"OK\n")
        writer.close()

    if place is None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server = await asyncio.start_unix_server(talk, place)
        address = str(place)
    async with server:
        yield address


@asynccontextmanager
async def http_server(
    handle: Callable[[web.Request], Awaitable[web.Response]],
) -> AsyncIterator[str]:
    """Answer every request with `handle`; yield the address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_mpd_updates_the_folder(tmp_path: Path) -> None:
    """Relative to its music folder, quoted, after the password; by TCP or a socket."""
    received: list[str] = []
    async with mpd_server(received) as address:
        mpd = MpdRescan(address, PASSWORD, "", 5.0)
        await mpd.deliver(imported('/srv/music/A "B" \\ c/d\nkill'))
        await MpdRescan(address, "", "", 5.0).deliver(imported("/srv/music"))
        await MpdRescan(address, "", "/srv", 5.0).deliver(imported("/srv/music/x"))
        await MpdRescan(address, "", "/other", 5.0).deliver(imported("/srv/music/x"))
    assert received == [
        'password "pass \\"word\\" \\\\ x"',
        'update "A \\"B\\" \\\\ c/d kill"',
        "update",
        'update "music/x"',
    ]
    del received[:]
    async with mpd_server(received, place=tmp_path / "socket") as address:
        await MpdRescan(address, "", "", 5.0).deliver(imported("/srv/music/é"))
    assert received == ['update "é"']


async def test_mpd_that_refuses_is_no_success() -> None:
    """A refusal, another program, nobody: errors that say which."""
    async with mpd_server([]) as address:
        with pytest.raises(ServiceUnavailableError, match="Malformed path"):
            await MpdRescan(address, PASSWORD, "", 5.0).deliver(
                imported("/srv/music/unknown")
            )
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        await MpdRescan(address, "", "", 5.0).deliver(imported("/srv/music/x"))
    async with mpd_server([], greeting="SSH-2.0") as address:
        with pytest.raises(ServiceUnavailableError, match="another program"):
            await MpdRescan(address, "", "", 5.0).deliver(imported("/srv/music/x"))


async def test_opensubsonic_starts_a_scan() -> None:
    """With a salted token in the body; a refusal says why, without the password."""
    requests: list[tuple[str, dict[str, list[str]], str]] = []

    async def handle(request: web.Request) -> web.Response:
        form = parse_qs(await request.text())
        requests.append((request.path, form, request.query_string))
        token = hashlib.md5(f"{PASSWORD}{form['s'][0]}".encode()).hexdigest()  # noqa: S324
        body: dict[str, Any] = {"status": "ok", "version": "1.16.1"}
        if form["t"] != [token]:
            error = {"code": 40, "message": "Wrong username or password"}
            body = {"status": "failed", "error": error}
        return web.json_response({"subsonic-response": body})

    async with http_server(handle) as address:
        for password in (PASSWORD, "wrong"):
            session = open_session(ServicesSection(), __version__)
            server = OpenSubsonicRescan(session, f"{address}/", "me", password)
            if password == PASSWORD:
                await server.deliver(imported("/srv/music/x"))
            else:
                with pytest.raises(ServiceAuthError, match="Wrong username") as error:
                    await server.deliver(imported("/srv/music/x"))
                assert password not in str(error.value).replace("Wrong", "")
            await server.close()
    (path, form, query), (_, other_form, _) = requests
    assert (path, query) == ("/rest/startScan.view", "")
    assert (form["u"], form["c"], form["f"]) == (["me"], ["segued"], ["json"])
    assert form["s"] != other_form["s"]


async def test_jellyfin_is_told_the_folder() -> None:
    """As Jellyfin sees it; a wrong key is an error of its own."""
    requests: list[tuple[str, Any]] = []

    async def handle(request: web.Request) -> web.Response:
        if request.headers["Authorization"] != 'MediaBrowser Token="the-key"':
            return web.Response(status=401)
        requests.append((request.path, await request.json()))
        return web.Response(status=204)

    async with http_server(handle) as address:
        for folder in ("", "/media"):
            session = open_session(ServicesSection(), __version__)
            server = JellyfinRescan(session, address, "the-key", folder)
            await server.deliver(imported("/srv/music/a/b"))
            await server.close()
        session = open_session(ServicesSection(), __version__)
        server = JellyfinRescan(session, address, "another-key", "")
        with pytest.raises(ServiceAuthError, match="refuses the API key"):
            await server.deliver(imported("/srv/music/a"))
        await server.close()
    assert requests == [
        (
            "/Library/Media/Updated",
            {"Updates": [{"Path": place, "UpdateType": "Created"}]},
        )
        for place in ("/srv/music/a/b", "/media/a/b")
    ]
