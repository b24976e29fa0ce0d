"""Defenses against foreign web pages, other users and broken clients."""

import asyncio
import http.client
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from aiohttp import web

from segued.config.sections import PageSection
from segued.web.server import WebServer
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS
from tests.web.web_client import WebClient, open_event_stream

ALL_KINDS_OF_PATHS = (
    "/",
    "/page/main.js",
    "/api/import/session",
    "/api/events",
    "/api/files",
    "/health",
    "/metrics",
    "/api/openapi.json",
    "/no/such/thing",
)

CHANGES = (
    ("POST", "/api/import/session/start"),
    ("POST", "/api/import/pause/current"),
    ("POST", "/api/import/cancel/current"),
    ("POST", "/api/retry"),
    ("POST", "/api/decide"),
    ("POST", "/api/forget-tags"),
    ("PUT", "/api/settings/ai_processing_thread_count"),
)


def current_state(daemon: RunningDaemon) -> tuple[str, int]:
    """Return the state that refused requests must not change."""
    status = daemon.status()
    settings = daemon.client.request("GET", "/api/settings")
    return status["state"], settings["ai_processing_thread_count"]


@pytest.mark.parametrize("path", ALL_KINDS_OF_PATHS)
def test_foreign_host_name_is_refused(web_client: WebClient, path: str) -> None:
    """DNS rebinding: another host name is refused on each path."""
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil:5723", ""):
        reply = web_client.request("GET", path, headers={"Host": host})
        assert reply.status == 421
        assert reply.json["error"]["code"] == "host"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "192.168.1.7"])
def test_own_host_names_are_accepted(web_client: WebClient, host: str) -> None:
    """No foreign page can have localhost or an IP address as its host."""
    for name in (host, f"{host}:{web_client.port}"):
        assert (
            web_client.request("GET", "/health", headers={"Host": name}).status == 200
        )


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_cross_origin_change_is_refused(
    web_client: WebClient, method: str, path: str, headers: dict[str, str]
) -> None:
    """Even with the content type of JSON."""
    before = current_state(web_client.daemon)
    kind = {"Content-Type": "application/json"}

    assert web_client.request(method, path, b"7", {**headers, **kind}).status == 403
    assert current_state(web_client.daemon) == before


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_form_post_is_refused(
    web_client: WebClient, method: str, path: str, kind: str
) -> None:
    """The content types that a browser sends without preflight are refused."""
    before = current_state(web_client.daemon)

    assert web_client.request(method, path, b"{}", {"Content-Type": kind}).status == 415
    assert web_client.request(method, path).status == 415
    assert current_state(web_client.daemon) == before


@pytest.mark.parametrize("path", [path for _, path in CHANGES])
def test_get_changes_nothing(web_client: WebClient, path: str) -> None:
    """An image or a link cannot run a command."""
    before = current_state(web_client.daemon)

    assert web_client.request("GET", path).status in (404, 405)
    assert web_client.request("HEAD", path).status in (404, 405)
    assert current_state(web_client.daemon) == before


def test_cross_origin_read_is_refused(web_client: WebClient) -> None:
    """Foreign pages can neither fetch nor embed; a link to the page works."""
    far = {"Sec-Fetch-Site": "cross-site"}
    link = {**far, "Sec-Fetch-Mode": "navigate"}

    assert web_client.request("GET", "/api/files", headers=far).status == 403
    assert web_client.request("GET", "/api/events", headers=link).status == 403
    assert web_client.request("GET", "/", headers=link).status == 200


@pytest.mark.parametrize("path", ALL_KINDS_OF_PATHS[:5])
def test_every_response_has_security_headers(web_client: WebClient, path: str) -> None:
    """The headers permit only the page's own scripts, and no framing."""
    if path == "/api/events":
        with web_client.connect() as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            headers = connection.recv(4_096).decode()
    else:
        headers = str(web_client.request("GET", path).headers)

    assert "default-src 'self'" in headers
    assert "unsafe" not in headers
    for name in ("frame-ancestors 'none'", "nosniff", "no-referrer", "same-origin"):
        assert name in headers


@pytest.mark.parametrize(
    "path",
    [
        "/page/../../../../etc/passwd",
        "/page/%2e%2e%2f%2e%2e%2fstore/database.py",
        "/page/..%2f..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/api/files/..%2f..%2fetc%2fpasswd",
        "/api/files/%2e%2e/audio",
        "/api/files/%00/audio",
        "/api/files/%2fetc%2fpasswd/audio",
        "/api/files/*/audio",
        "/api/files/' OR 1=1 --/audio",
    ],
)
def test_paths_cannot_be_requested(web_client: WebClient, path: str) -> None:
    """File system paths are never built from the URL."""
    sent = f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: localhost\r\n"
    response = web_client.send_raw(f"{sent}Connection: close\r\n\r\n".encode())

    assert response.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b"root:" not in response


def test_only_library_files_are_served(segued: SeguedRunner, tmp_path: Path) -> None:
    """No file behind a later link, no FIFO, none of a removed music folder."""
    music, other = tmp_path / "music", tmp_path / "other"
    secret = write_noise_wav(tmp_path / "secret" / "song.wav", 9)
    linked = write_noise_wav(music / "album" / "song.wav", 1)
    direct = write_noise_wav(music / "direct.wav", 2)
    pipe = write_noise_wav(music / "pipe.wav", 3)
    removed = write_noise_wav(other / "left.wav", 4)
    with running_daemon(segued, music, other, page=True) as daemon:
        daemon.wait_until_done(4)
        web_client = WebClient.for_daemon(daemon)
        paths = {
            path: web_client.find_file(path.name) for path in (direct, pipe, removed)
        }
        paths[linked] = web_client.find_file("album song")
        played = {
            path: web_client.request("GET", f"/api/files/{file}/audio")
            for path, file in paths.items()
        }
        for path, reply in played.items():
            assert reply.body == path.read_bytes()
        daemon.stop()

    linked.parent.rename(tmp_path / "moved")
    (music / "album").symlink_to(secret.parent)
    direct.rename(tmp_path / "direct.wav")
    direct.symlink_to(secret)
    pipe.unlink()
    os.mkfifo(pipe)
    # Without a scan, which would notice the changes.
    never = "[scanning]\nignored_folders = ['*']\n"
    with running_daemon(segued, music, page=True, extra_config=never) as daemon:
        web_client = WebClient.for_daemon(daemon)
        for path, file in paths.items():
            reply = web_client.request("GET", f"/api/files/{file}/audio")
            assert reply.status == 404, path
            assert reply.body != secret.read_bytes()


def test_folder_replaced_by_a_link_is_refused(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Even if the folder of an imported file was replaced later."""
    music = tmp_path / "music"
    write_noise_wav(music / "sub" / "song.wav", 1)
    assert segued.import_folders(music / "sub").code == 0
    secret = write_noise_wav(tmp_path / "secret" / "song.wav", 9)
    (music / "sub").rename(tmp_path / "away")
    (music / "sub").symlink_to(secret.parent)
    never = "[scanning]\nignored_folders = ['*']\n"
    with running_daemon(segued, music, page=True, extra_config=never) as daemon:
        web_client = WebClient.for_daemon(daemon)
        reply = web_client.request(
            "GET", f"/api/files/{web_client.find_file('song')}/audio"
        )
        assert reply.status == 404
        assert reply.body != secret.read_bytes()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 60_000, id="nested"),
        pytest.param(b'{"code": ', id="cut off"),
        pytest.param(b'{"code": 7}', id="wrong type"),
        pytest.param(b'{"kode": "x"}', id="unknown"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b'"\\ud800"', id="half a letter"),
        pytest.param(b'{"path": "relative"}', id="relative path"),
        pytest.param(b'{"path": "/\\u0000"}', id="no path"),
    ],
)
def test_invalid_input_is_refused_with_a_reason(
    web_client: WebClient, body: bytes
) -> None:
    """Status 400, with a detail."""
    headers = {"Content-Type": "application/json"}

    reply = web_client.request("POST", "/api/retry", body, headers)

    assert reply.status == 400
    assert reply.json["error"]["detail"]


@pytest.mark.parametrize("length", ["Content-Length: 1073741824", ""])
def test_oversized_body_is_not_read(web_client: WebClient, length: str) -> None:
    """A gigabyte, by Content-Length or in endless chunks."""
    header = "POST /api/retry HTTP/1.1\r\nHost: localhost\r\n"
    header += "Content-Type: application/json\r\n"
    header += length or "Transfer-Encoding: chunked"
    before = private_memory_kib(web_client.daemon.process.pid)

    with web_client.connect() as connection:
        connection.sendall(f"{header}\r\n\r\n".encode())
        chunk = b"x" * 65_536 if length else b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        sent = 0
        connection.settimeout(0.0)
        response = b""
        until = time.monotonic() + WAIT_SECONDS
        while not response and time.monotonic() < until:
            try:
                sent += connection.send(chunk)
            except BlockingIOError:
                pass
            except (BrokenPipeError, ConnectionResetError):
                break
            try:
                response = connection.recv(4_096)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                break

    assert response.startswith(b"HTTP/1.1 413")
    assert sent < 64 << 20
    assert private_memory_kib(web_client.daemon.process.pid) - before < 8_192


def test_long_heads_are_refused(web_client: WebClient) -> None:
    """A long request line, a long header field, and too many fields."""
    for head in (
        f"GET /{'x' * 10_000} HTTP/1.1\r\nHost: localhost\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 10_000}\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n" * 200,
    ):
        assert b" 400 " in web_client.send_raw(f"{head}\r\n".encode()).split(b"\r\n")[0]


def test_odd_clients_are_answered(web_client: WebClient) -> None:
    """Half-closed connections, pipelined requests, HTTP/1.0, TLS bytes."""
    one = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    last = one + b"Connection: close\r\n\r\n"

    # A half-closed connection may count as disconnected.
    assert web_client.send_raw(last, shut=True).count(b"HTTP/1.1 200") in (0, 1)
    assert web_client.send_raw((one + b"\r\n") * 5 + last).count(b"HTTP/1.1 200") == 6
    old = web_client.send_raw(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert old.startswith(b"HTTP/1.0 200")
    assert web_client.send_raw(
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    ).startswith(b"HTTP/1.0 400")
    assert web_client.get_json("/health")["state"] == "COMPLETED"


def test_idle_connections_do_not_block_the_server(web_client: WebClient) -> None:
    """The page may reach its connection limit; the control socket still answers."""
    connections: list[socket.socket] = []
    try:
        for number in range(1_000):
            connection = web_client.connect()
            connections.append(connection)
            if number % 2:
                connection.sendall(b"GET / HT")
        web_client.daemon.wait_for(lambda status: status["state"] == "COMPLETED")
        open_files = os.listdir(f"/proc/{web_client.daemon.process.pid}/fd")
        assert len(open_files) < 400
    finally:
        for connection in connections:
            connection.close()
    assert wait_for_free_connection(web_client) == "COMPLETED"


def test_names_and_tags_are_escaped(web_client: WebClient) -> None:
    """Markup stays text, and control characters are escaped, also in the log."""
    files = web_client.get_json("/api/files", query="bjork")["files"]

    assert len(files) == 1
    assert "\\x0a" in files[0]["name"]
    assert "onerror" in files[0]["name"]
    log = web_client.daemon.log_path.read_text()
    assert "\x1b" not in log
    assert all(json.loads(line) for line in log.splitlines() if line.startswith("{"))


def test_other_machines_need_the_token(segued: SeguedRunner, tmp_path: Path) -> None:
    """A non-local address needs a token in the configuration and in requests."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    token = "a-token-of-some-length"  # noqa: S105
    open_to_all = '[page]\naddress = "0.0.0.0"\nport = 0\n'

    refused = segued.run(
        "serve",
        "--offline",
        "--database",
        segued.database,
        "--config",
        segued.write_config(open_to_all),
        music,
    )
    assert refused.code == 2
    assert "page.address = '0.0.0.0' can be reached from other machines" in refused.err

    page = f'address = "0.0.0.0"\ntoken = "{token}"\n'
    with running_daemon(segued, music, page=page) as daemon:
        web_client = WebClient.for_daemon(daemon)
        assert daemon.log_entries("page.shown")[0]["token"] is True
        assert token not in daemon.log_path.read_text()
        assert web_client.request("GET", "/api/files").status == 401
        gate = web_client.request("GET", "/")
        assert (gate.status, b"<form" in gate.body) == (401, True)
        assert (
            web_client.request("GET", "/", query={"token": "wrong-token-wrong"}).status
            == 401
        )

        bearer = {"Authorization": f"Bearer {token}"}
        assert web_client.request("GET", "/api/files", headers=bearer).status == 200
        let_in = web_client.request("GET", "/", query={"token": token})
        assert (let_in.status, let_in.headers["Location"]) == (303, "/")
        cookie = let_in.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
        assert token not in cookie
        with_cookie = {"Cookie": cookie.split(";")[0]}
        assert (
            web_client.request("GET", "/api/files", headers=with_cookie).status == 200
        )
        # The control socket needs no token: it has its mode.
        assert daemon.status()["state"]


def test_port_in_use_is_reported(segued: SeguedRunner, tmp_path: Path) -> None:
    """The daemon runs without its page until the port is free."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    with socket.create_server(("127.0.0.1", 0)) as blocker:
        port = blocker.getsockname()[1]
        with running_daemon(segued, music, page=f"port = {port}\n") as daemon:
            status = daemon.wait_until_done(1)
            address = f"127.0.0.1:{port}"
            assert (
                status["page"] == f"not shown: {address} is in use by another program"
            )
            printed = segued.control("status", client=daemon.client)
            assert (
                f"Page: not shown: {address} is in use by another program"
                in printed.out
            )
            blocker.close()
            daemon.wait_for(lambda status: status["page"] == f"http://{address}/")
            assert (
                WebClient.for_daemon(daemon).get_json("/health")["state"] == "COMPLETED"
            )


async def test_port_in_use_is_retried(tmp_path: Path) -> None:
    """The page is served as soon as the port is free."""
    server = WebServer(web.Application(), retry_seconds=0.05)
    await server.listen(tmp_path / "control.sock", ())
    try:
        with socket.create_server(("127.0.0.1", 0)) as blocker:
            page = PageSection(port=blocker.getsockname()[1])
            await server.serve_page(page)
            assert "in use by another program" in server.page_status
        async with asyncio.timeout(WAIT_SECONDS):
            while not server.page_status.startswith("http"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await server.serve_page(PageSection(address="x..y", port=0))
        assert server.page_status == "not shown: x..y:0: invalid address"
        await server.serve_page(PageSection(shown=False))
        assert server.page_status == "not shown"
    finally:
        await server.close()


def test_reload_moves_the_page_and_closes_connections(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Connected clients must reconnect, under the new configuration."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(1)
        web_client = WebClient.for_daemon(daemon)
        (config,) = segued.home.glob("*.toml")
        before = config.read_text()
        connection = http.client.HTTPConnection(
            web_client.host, web_client.port, timeout=WAIT_SECONDS
        )
        connection.request("GET", "/health")
        assert connection.getresponse().read()
        with open_event_stream(web_client.host, web_client.port) as events:
            next(events)
            token = "a-token-of-some-length"  # noqa: S105
            config.write_text(
                before.replace("port = 0", f'port = 0\ntoken = "{token}"')
            )
            daemon.process.send_signal(signal.SIGHUP)
            assert {each.kind for each in events} <= {"change"}  # and the stream ends
        moved = WebClient.for_daemon(daemon)
        daemon.wait_for(lambda status: status["page"] != f"{web_client.url}/")
        moved = WebClient.for_daemon(daemon)
        assert moved.request("GET", "/api/files").status == 401
        assert not _answers(connection)
        config.write_text(before.replace("port = 0", "shown = false"))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda status: status["page"] == "not shown")
        with pytest.raises(ConnectionRefusedError):
            moved.connect()


def _answers(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.request("GET", "/health")
        connection.getresponse()
    except (http.client.HTTPException, OSError):
        return False
    return True


def test_settings_of_another_library_bypass_the_daemon(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """`seguectl --database` of another library does not use the daemon."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    other = SeguedRunner(tmp_path / "other")
    other.import_folders(music)
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        before = daemon.client.request("GET", "/api/settings")
        config = ("--config", next(segued.home.glob("*.toml")))
        changed = segued.run(
            "workers",
            "7",
            *config,
            "--database",
            other.database,
            module="segued.cli.control",
        )
        same = Path(f"{segued.database.parent}/../{segued.database.parent.name}")
        queried = segued.run(
            "status",
            *config,
            "--database",
            same / segued.database.name,
            module="segued.cli.control",
        )
        assert changed.code == 0, changed.err
        assert daemon.client.request("GET", "/api/settings") == before
        assert "1 of 1 files" in queried.out
        assert "watching" in queried.out
    settings = other.run(
        "settings", "--json", "--database", other.database, module="segued.cli.control"
    )
    assert settings.json["ai_processing_thread_count"] == 7


def test_malformed_request_is_refused_with_one_log_line(web_client: WebClient) -> None:
    """Malformed input does not fill the log with tracebacks."""
    before = len(web_client.daemon.log_path.read_bytes())
    kind = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    assert web_client.request("POST", "/api/retry", b"no gzip", kind).status == 400
    far = {"Last-Event-ID": f"{'0' * 8}-{'9' * 5_000}"}
    with open_event_stream(web_client.host, web_client.port, far) as events:
        assert next(events).kind == "snapshot"
    assert b" 400 " in web_client.send_raw(
        b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n"
    )
    log = web_client.daemon.log_path.read_bytes()[before:]
    assert b"Traceback" not in log
    assert len(log) < 2_000


def test_server_binds_to_localhost_by_default(web_client: WebClient) -> None:
    """The port listens on 127.0.0.1 only."""
    port_in_hex = f"{web_client.port:04X}"
    listening = [
        line.split()[1]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        if line.split()[1].endswith(port_in_hex) and line.split()[3] == "0A"
    ]

    assert listening == [f"0100007F:{port_in_hex}"]


def wait_for_free_connection(web_client: WebClient) -> str:
    """Return the state of the page, once it accepts a connection again."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return str(web_client.get_json("/health")["state"])
        except OSError:
            if time.monotonic() > until:
                raise


def private_memory_kib(process: int) -> int:
    """Return the anonymous memory of a process (RssAnon), in KiB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1])
    raise ValueError(process)
