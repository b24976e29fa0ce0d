"""What other pages, other people and broken programs may not do."""

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
from tests.web.web_client import WebClient, open_event_stream

EVERYWHERE = (
    *("/", "/page/main.js", "/api/import/session", "/api/events", "/api/files"),
    *("/health", "/metrics", "/api/openapi.json", "/no/such/thing"),
)

CHANGES = (
    ("POST", "/api/import/session/start"),
    ("POST", "/api/import/pause/current"),
    ("POST", "/api/import/cancel/current"),
    ("POST", "/api/retry"),
    ("POST", "/api/decide"),
    ("PUT", "/api/settings/ai_processing_thread_count"),
)


def current_state(daemon: RunningDaemon) -> tuple[str, int]:
    """Return what must not change."""
    told = daemon.status()
    held = daemon.client.request("GET", "/api/settings")
    return told["state"], held["ai_processing_thread_count"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_foreign_host_name_is_refused(web_client: WebClient, path: str) -> None:
    """A page that had its own name point to us gets nothing, wherever it asks."""
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil:5723", ""):
        reply = web_client.request("GET", path, headers={"Host": host})
        assert reply.status == 421
        assert reply.json["error"]["code"] == "host"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "192.168.1.7"])
def test_own_host_names_are_accepted(web_client: WebClient, host: str) -> None:
    """No page can be called by an address that it has not got."""
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
    """Whatever it says it sends."""
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
    """What a browser sends unasked is not what we take, with or without an origin."""
    before = current_state(web_client.daemon)

    assert web_client.request(method, path, b"{}", {"Content-Type": kind}).status == 415
    assert web_client.request(method, path).status == 415
    assert current_state(web_client.daemon) == before


@pytest.mark.parametrize("path", [path for _, path in CHANGES])
def test_get_changes_nothing(web_client: WebClient, path: str) -> None:
    """An image whose address is a command is no command."""
    before = current_state(web_client.daemon)

    assert web_client.request("GET", path).status in (404, 405)
    assert web_client.request("HEAD", path).status in (404, 405)
    assert current_state(web_client.daemon) == before


def test_cross_origin_read_is_refused(web_client: WebClient) -> None:
    """Nor embed what it may not read; but a link to the page works."""
    far = {"Sec-Fetch-Site": "cross-site"}
    link = {**far, "Sec-Fetch-Mode": "navigate"}

    assert web_client.request("GET", "/api/files", headers=far).status == 403
    assert web_client.request("GET", "/api/events", headers=link).status == 403
    assert web_client.request("GET", "/", headers=link).status == 200


@pytest.mark.parametrize("path", EVERYWHERE[:5])
def test_every_response_has_security_headers(web_client: WebClient, path: str) -> None:
    """Nothing but our own files runs, frames or embeds anything of it."""
    if path == "/api/events":
        with web_client.connect() as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            headers = line.recv(4_096).decode()
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
        "/page/%2e%2e%2f%2e%2e%2fstore/models.py",
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
    """A path is never made of what is asked."""
    sent = f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: localhost\r\n"
    said = web_client.send_raw(f"{sent}Connection: close\r\n\r\n".encode())

    assert said.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b"root:" not in said


def test_only_library_files_are_served(segued: SeguedRunner, tmp_path: Path) -> None:
    """No file behind a link that came later, no FIFO, none of a folder left."""
    music, other = tmp_path / "music", tmp_path / "other"
    secret = write_noise_wav(tmp_path / "secret" / "song.wav", 9)
    linked = write_noise_wav(music / "album" / "song.wav", 1)
    direct = write_noise_wav(music / "direct.wav", 2)
    pipe = write_noise_wav(music / "pipe.wav", 3)
    left = write_noise_wav(other / "left.wav", 4)
    with running_daemon(segued, music, other, page=True) as daemon:
        daemon.wait_until_done(4)
        web_client = WebClient.for_daemon(daemon)
        paths = {path: web_client.find_file(path.name) for path in (direct, pipe, left)}
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
    # A walk would find all that: it has not happened yet.
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
    """Also if files were found under it when it was none."""
    music = tmp_path / "music"
    write_noise_wav(music / "sub" / "song.wav", 1)
    assert segued.import_folders(music / "sub", options=("--offline",)).code == 0
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
    """And nothing else happens."""
    headers = {"Content-Type": "application/json"}

    reply = web_client.request("POST", "/api/retry", body, headers)

    assert reply.status == 400
    assert reply.json["error"]["detail"]


@pytest.mark.parametrize("length", ["Content-Length: 1073741824", ""])
def test_oversized_body_is_not_read(web_client: WebClient, length: str) -> None:
    """A gigabyte, announced or in pieces without an end."""
    head = "POST /api/retry HTTP/1.1\r\nHost: localhost\r\n"
    head += "Content-Type: application/json\r\n"
    head += length or "Transfer-Encoding: chunked"
    before = private_memory_kib(web_client.daemon.process.pid)

    with web_client.connect() as line:
        line.sendall(f"{head}\r\n\r\n".encode())
        piece = b"x" * 65_536 if length else b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        sent = 0
        line.settimeout(0.0)
        said = b""
        until = time.monotonic() + 10
        while not said and time.monotonic() < until:
            try:
                sent += line.send(piece)
            except BlockingIOError:
                pass
            except (BrokenPipeError, ConnectionResetError):
                break
            try:
                said = line.recv(4_096)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                break

    assert said.startswith(b"HTTP/1.1 413")
    assert sent < 64 << 20
    assert private_memory_kib(web_client.daemon.process.pid) - before < 8_192


def test_long_heads_are_refused(web_client: WebClient) -> None:
    """Lines, fields, and how many there are."""
    for head in (
        f"GET /{'x' * 10_000} HTTP/1.1\r\nHost: localhost\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 10_000}\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n" * 200,
    ):
        assert b" 400 " in web_client.send_raw(f"{head}\r\n".encode()).split(b"\r\n")[0]


def test_odd_clients_are_answered(web_client: WebClient) -> None:
    """Half-closed, several questions at once, an old protocol."""
    one = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    last = one + b"Connection: close\r\n\r\n"

    # One who shuts his half is perhaps taken to have left.
    assert web_client.send_raw(last, shut=True).count(b"HTTP/1.1 200") in (0, 1)
    assert web_client.send_raw((one + b"\r\n") * 5 + last).count(b"HTTP/1.1 200") == 6
    old = web_client.send_raw(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert old.startswith(b"HTTP/1.0 200")
    assert web_client.send_raw(
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    ).startswith(b"HTTP/1.0 400")
    assert web_client.get_json("/health")["state"] == "COMPLETED"


def test_idle_connections_do_not_block_the_server(web_client: WebClient) -> None:
    """The page may be full for a while; the control socket is not."""
    lines: list[socket.socket] = []
    try:
        for number in range(1_000):
            line = socket.create_connection((web_client.host, web_client.port), 5)
            lines.append(line)
            if number % 2:
                line.sendall(b"GET / HT")
        begun = time.monotonic()
        assert web_client.daemon.status()["state"] == "COMPLETED"
        assert time.monotonic() - begun < 1
        open_files = os.listdir(f"/proc/{web_client.daemon.process.pid}/fd")
        assert len(open_files) < 400
    finally:
        for line in lines:
            line.close()
    assert wait_for_free_connection(web_client) == "COMPLETED"


def test_names_and_tags_are_escaped(web_client: WebClient) -> None:
    """Markup stays text, and control characters are not passed on."""
    found = web_client.get_json("/api/files", query="bjork")["files"]

    assert len(found) == 1
    assert "\\x0a" in found[0]["name"]
    assert "onerror" in found[0]["name"]
    said = web_client.daemon.log_path.read_text()
    assert "\x1b" not in said
    assert all(json.loads(line) for line in said.splitlines() if line.startswith("{"))


def test_other_machines_need_the_token(segued: SeguedRunner, tmp_path: Path) -> None:
    """An address that they reach is not opened without one."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    known_to_few = "a-token-of-some-length"
    open_to_all = '[page]\naddress = "0.0.0.0"\nport = 0\n'

    refused = segued.run(
        *("serve", "--offline", "--database", segued.database),
        *("--config", segued.write_config(open_to_all), music),
    )
    assert refused.code == 2
    assert "page.address = '0.0.0.0' can be reached from other machines" in refused.err

    page = f'address = "0.0.0.0"\ntoken = "{known_to_few}"\n'
    with running_daemon(segued, music, page=page) as daemon:
        web_client = WebClient.for_daemon(daemon)
        assert daemon.log_entries("page.shown")[0]["token"] is True
        assert known_to_few not in daemon.log_path.read_text()
        assert web_client.request("GET", "/api/files").status == 401
        gate = web_client.request("GET", "/")
        assert (gate.status, b"<form" in gate.body) == (401, True)
        assert (
            web_client.request("GET", "/", query={"token": "wrong-token-wrong"}).status
            == 401
        )

        bearer = {"Authorization": f"Bearer {known_to_few}"}
        assert web_client.request("GET", "/api/files", headers=bearer).status == 200
        let_in = web_client.request("GET", "/", query={"token": known_to_few})
        assert (let_in.status, let_in.headers["Location"]) == (303, "/")
        cookie = let_in.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
        assert known_to_few not in cookie
        known = {"Cookie": cookie.split(";")[0]}
        assert web_client.request("GET", "/api/files", headers=known).status == 200
        # The control socket has its mode.
        assert daemon.status()["state"]


def test_port_in_use_is_reported(segued: SeguedRunner, tmp_path: Path) -> None:
    """The daemon goes on without its page."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running_daemon(segued, music, page=f"port = {port}\n") as daemon:
            told = daemon.wait_until_done(1)
            where = f"127.0.0.1:{port}"
            assert told["page"] == f"not shown: {where} is in use by another program"
            status = segued.control("status", client=daemon.client)
            assert (
                f"Page: not shown: {where} is in use by another program" in status.out
            )
            taken.close()
            daemon.wait_for(lambda told: told["page"] == f"http://{where}/")
            assert (
                WebClient.for_daemon(daemon).get_json("/health")["state"] == "COMPLETED"
            )


async def test_port_in_use_is_retried(tmp_path: Path) -> None:
    """As soon as it is free, there is the page."""
    doors = WebServer(web.Application(), retry_seconds=0.05)
    await doors.listen(tmp_path / "control.sock", ())
    try:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            page = PageSection(port=taken.getsockname()[1])
            await doors.serve_page(page)
            assert "in use by another program" in doors.page_status
        async with asyncio.timeout(5):
            while not doors.page_status.startswith("http"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await doors.serve_page(PageSection(address="x..y", port=0))
        assert doors.page_status == "not shown: x..y:0: invalid address"
        await doors.serve_page(PageSection(shown=False))
        assert doors.page_status == "not shown"
    finally:
        await doors.close()


def test_reload_moves_the_page_and_closes_connections(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Whoever was connected comes again, by the rules of today."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(1)
        web_client = WebClient.for_daemon(daemon)
        (config,) = segued.home.glob("*.toml")
        before = config.read_text()
        kept = http.client.HTTPConnection(web_client.host, web_client.port, timeout=10)
        kept.request("GET", "/health")
        assert kept.getresponse().read()
        with open_event_stream(web_client.host, web_client.port) as heard:
            next(heard)
            known_to_few = "a-token-of-some-length"
            config.write_text(
                before.replace("port = 0", f'port = 0\ntoken = "{known_to_few}"')
            )
            daemon.process.send_signal(signal.SIGHUP)
            assert {each.kind for each in heard} <= {"change"}  # and it ends
        moved = WebClient.for_daemon(daemon)
        daemon.wait_for(lambda told: told["page"] != f"{web_client.url}/")
        moved = WebClient.for_daemon(daemon)
        assert moved.request("GET", "/api/files").status == 401
        assert not _answers(kept)
        config.write_text(before.replace("port = 0", "shown = false"))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda told: told["page"] == "not shown")
        with pytest.raises(ConnectionRefusedError):
            moved.connect()


def _answers(line: http.client.HTTPConnection) -> bool:
    try:
        line.request("GET", "/health")
        line.getresponse()
    except (http.client.HTTPException, OSError):
        return False
    return True


def test_settings_of_another_library_bypass_the_daemon(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """`seguectl` on a library that the daemon does not keep works on that one."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    other = SeguedRunner(tmp_path / "other")
    other.import_folders(music, options=("--offline",))
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        before = daemon.client.request("GET", "/api/settings")
        where = ("--config", next(segued.home.glob("*.toml")))
        told = segued.run(
            *("workers", "7", *where, "--database", other.database),
            module="segued.cli.control",
        )
        same = Path(f"{segued.database.parent}/../{segued.database.parent.name}")
        asked = segued.run(
            *("status", *where, "--database", same / segued.database.name),
            module="segued.cli.control",
        )
        assert told.code == 0, told.err
        assert daemon.client.request("GET", "/api/settings") == before
        assert "1 of 1 files" in asked.out
        assert "watching" in asked.out
    held = other.run(
        "settings", "--json", "--database", other.database, module="segued.cli.control"
    )
    assert held.json["ai_processing_thread_count"] == 7


def test_malformed_request_is_refused_with_one_log_line(web_client: WebClient) -> None:
    """Nothing becomes a page of the log."""
    before = len(web_client.daemon.log_path.read_bytes())
    kind = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    assert web_client.request("POST", "/api/retry", b"no gzip", kind).status == 400
    far = {"Last-Event-ID": f"{'0' * 8}-{'9' * 5_000}"}
    with open_event_stream(web_client.host, web_client.port, far) as heard:
        assert next(heard).kind == "snapshot"
    assert b" 400 " in web_client.send_raw(
        b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n"
    )
    said = web_client.daemon.log_path.read_bytes()[before:]
    assert b"Traceback" not in said
    assert len(said) < 2_000


def test_server_binds_to_localhost_by_default(web_client: WebClient) -> None:
    """By default."""
    wanted = f"{web_client.port:04X}"
    listening = [
        line.split()[1]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        if line.split()[1].endswith(wanted) and line.split()[3] == "0A"
    ]

    assert listening == [f"0100007F:{wanted}"]


def wait_for_free_connection(web_client: WebClient) -> str:
    """Return the state that the page tells, as soon as there is room for us."""
    until = time.monotonic() + 10
    while True:
        try:
            return str(web_client.get_json("/health")["state"])
        except OSError:
            if time.monotonic() > until:
                raise


def private_memory_kib(process: int) -> int:
    """Return the memory of a process that is its own."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1])
    raise ValueError(process)
