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

from segued.config.sections import Page
from segued.web.server import Doors
from tests.page.asking import Shown, events
from tests.stories.living import Living, living, tune
from tests.stories.program import Segued

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


def states(alive: Living) -> tuple[str, int]:
    """Return what must not change."""
    told = alive.status()
    held = alive.line.ask("GET", "/api/settings")
    return told["state"], held["ai_processing_thread_count"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_name_that_is_not_ours_is_refused(shown: Shown, path: str) -> None:
    """A page that had its own name point to us gets nothing, wherever it asks."""
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil:5723", ""):
        reply = shown.ask("GET", path, headers={"Host": host})
        assert reply.status == 421
        assert reply.json["error"]["code"] == "host"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "192.168.1.7"])
def test_our_names_and_addresses_are_known(shown: Shown, host: str) -> None:
    """No page can be called by an address that it has not got."""
    for name in (host, f"{host}:{shown.port}"):
        assert shown.ask("GET", "/health", headers={"Host": name}).status == 200


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
def test_another_page_changes_nothing(
    shown: Shown, method: str, path: str, headers: dict[str, str]
) -> None:
    """Whatever it says it sends."""
    before = states(shown.alive)
    kind = {"Content-Type": "application/json"}

    assert shown.ask(method, path, b"7", {**headers, **kind}).status == 403
    assert states(shown.alive) == before


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_form_changes_nothing(
    shown: Shown, method: str, path: str, kind: str
) -> None:
    """What a browser sends unasked is not what we take, with or without an origin."""
    before = states(shown.alive)

    assert shown.ask(method, path, b"{}", {"Content-Type": kind}).status == 415
    assert shown.ask(method, path).status == 415
    assert states(shown.alive) == before


@pytest.mark.parametrize("path", [path for _, path in CHANGES])
def test_looking_changes_nothing(shown: Shown, path: str) -> None:
    """An image whose address is a command is no command."""
    before = states(shown.alive)

    assert shown.ask("GET", path).status in (404, 405)
    assert shown.ask("HEAD", path).status in (404, 405)
    assert states(shown.alive) == before


def test_another_page_cannot_even_look(shown: Shown) -> None:
    """Nor embed what it may not read; but a link to the page works."""
    far = {"Sec-Fetch-Site": "cross-site"}
    link = {**far, "Sec-Fetch-Mode": "navigate"}

    assert shown.ask("GET", "/api/files", headers=far).status == 403
    assert shown.ask("GET", "/api/events", headers=link).status == 403
    assert shown.ask("GET", "/", headers=link).status == 200


@pytest.mark.parametrize("path", EVERYWHERE[:5])
def test_every_answer_says_what_a_browser_may_do(shown: Shown, path: str) -> None:
    """Nothing but our own files runs, frames or embeds anything of it."""
    if path == "/api/events":
        with shown.connected() as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            headers = line.recv(4_096).decode()
    else:
        headers = str(shown.ask("GET", path).headers)

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
def test_nothing_but_ids_leads_to_a_file(shown: Shown, path: str) -> None:
    """A path is never made of what is asked."""
    sent = f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: localhost\r\n"
    said = shown.raw(f"{sent}Connection: close\r\n\r\n".encode())

    assert said.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b"root:" not in said


def test_only_the_library_is_played(segued: Segued, tmp_path: Path) -> None:
    """No file behind a link that came later, no FIFO, none of a folder left."""
    music, other = tmp_path / "music", tmp_path / "other"
    secret = tune(tmp_path / "secret" / "song.wav", 9)
    linked = tune(music / "album" / "song.wav", 1)
    direct = tune(music / "direct.wav", 2)
    pipe = tune(music / "pipe.wav", 3)
    left = tune(other / "left.wav", 4)
    with living(segued, music, other, page=True) as alive:
        alive.until_done(4)
        shown = Shown.by(alive)
        paths = {path: shown.file(path.name) for path in (direct, pipe, left)}
        paths[linked] = shown.file("album song")
        played = {
            path: shown.ask("GET", f"/api/files/{file}/audio")
            for path, file in paths.items()
        }
        for path, reply in played.items():
            assert reply.body == path.read_bytes()
        alive.ended()

    linked.parent.rename(tmp_path / "moved")
    (music / "album").symlink_to(secret.parent)
    direct.rename(tmp_path / "direct.wav")
    direct.symlink_to(secret)
    pipe.unlink()
    os.mkfifo(pipe)
    # A walk would find all that: it has not happened yet.
    never = "[scanning]\nignored_folders = ['*']\n"
    with living(segued, music, page=True, more=never) as alive:
        shown = Shown.by(alive)
        for path, file in paths.items():
            reply = shown.ask("GET", f"/api/files/{file}/audio")
            assert reply.status == 404, path
            assert reply.body != secret.read_bytes()


def test_a_folder_that_became_a_link_leads_nowhere(
    segued: Segued, tmp_path: Path
) -> None:
    """Also if files were found under it when it was none."""
    music = tmp_path / "music"
    tune(music / "sub" / "song.wav", 1)
    assert segued.imported(music / "sub", options=("--offline",)).code == 0
    secret = tune(tmp_path / "secret" / "song.wav", 9)
    (music / "sub").rename(tmp_path / "away")
    (music / "sub").symlink_to(secret.parent)
    never = "[scanning]\nignored_folders = ['*']\n"
    with living(segued, music, page=True, more=never) as alive:
        shown = Shown.by(alive)
        reply = shown.ask("GET", f"/api/files/{shown.file('song')}/audio")
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
def test_nonsense_is_refused_by_name(shown: Shown, body: bytes) -> None:
    """And nothing else happens."""
    headers = {"Content-Type": "application/json"}

    reply = shown.ask("POST", "/api/retry", body, headers)

    assert reply.status == 400
    assert reply.json["error"]["detail"]


@pytest.mark.parametrize("length", ["Content-Length: 1073741824", ""])
def test_too_much_is_not_even_read(shown: Shown, length: str) -> None:
    """A gigabyte, announced or in pieces without an end."""
    head = "POST /api/retry HTTP/1.1\r\nHost: localhost\r\n"
    head += "Content-Type: application/json\r\n"
    head += length or "Transfer-Encoding: chunked"
    before = memory_kib(shown.alive.process.pid)

    with shown.connected() as line:
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
    assert memory_kib(shown.alive.process.pid) - before < 8_192


def test_long_heads_are_refused(shown: Shown) -> None:
    """Lines, fields, and how many there are."""
    for head in (
        f"GET /{'x' * 10_000} HTTP/1.1\r\nHost: localhost\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 10_000}\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n" * 200,
    ):
        assert b" 400 " in shown.raw(f"{head}\r\n".encode()).split(b"\r\n")[0]


def test_odd_clients_are_answered(shown: Shown) -> None:
    """Half-closed, several questions at once, an old protocol."""
    one = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    last = one + b"Connection: close\r\n\r\n"

    # One who shuts his half is perhaps taken to have left.
    assert shown.raw(last, shut=True).count(b"HTTP/1.1 200") in (0, 1)
    assert shown.raw((one + b"\r\n") * 5 + last).count(b"HTTP/1.1 200") == 6
    old = shown.raw(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert old.startswith(b"HTTP/1.0 200")
    assert shown.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").startswith(
        b"HTTP/1.0 400"
    )
    assert shown.get("/health")["state"] == "COMPLETED"


def test_a_thousand_silent_connections_hold_up_nobody(shown: Shown) -> None:
    """The page may be full for a while; the control socket is not."""
    lines: list[socket.socket] = []
    try:
        for number in range(1_000):
            line = socket.create_connection((shown.host, shown.port), 5)
            lines.append(line)
            if number % 2:
                line.sendall(b"GET / HT")
        begun = time.monotonic()
        assert shown.alive.status()["state"] == "COMPLETED"
        assert time.monotonic() - begun < 1
        open_files = os.listdir(f"/proc/{shown.alive.process.pid}/fd")
        assert len(open_files) < 400
    finally:
        for line in lines:
            line.close()
    assert answers_again(shown) == "COMPLETED"


def test_names_and_tags_are_text_and_nothing_else(shown: Shown) -> None:
    """Markup stays text, and control characters are not passed on."""
    found = shown.get("/api/files", query="bjork")["files"]

    assert len(found) == 1
    assert "\\x0a" in found[0]["name"]
    assert "onerror" in found[0]["name"]
    said = shown.alive.said.read_text()
    assert "\x1b" not in said
    assert all(json.loads(line) for line in said.splitlines() if line.startswith("{"))


def test_other_machines_need_the_token(segued: Segued, tmp_path: Path) -> None:
    """An address that they reach is not opened without one."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)
    known_to_few = "a-token-of-some-length"
    open_to_all = '[page]\naddress = "0.0.0.0"\nport = 0\n'

    refused = segued.run(
        *("serve", "--offline", "--database", segued.database),
        *("--config", segued.config(open_to_all), music),
    )
    assert refused.code == 2
    assert "page.address = '0.0.0.0' can be reached from other machines" in refused.err

    page = f'address = "0.0.0.0"\ntoken = "{known_to_few}"\n'
    with living(segued, music, page=page) as alive:
        shown = Shown.by(alive)
        assert alive.events("page.shown")[0]["token"] is True
        assert known_to_few not in alive.said.read_text()
        assert shown.ask("GET", "/api/files").status == 401
        gate = shown.ask("GET", "/")
        assert (gate.status, b"<form" in gate.body) == (401, True)
        assert shown.ask("GET", "/", query={"token": "wrong-token-wrong"}).status == 401

        bearer = {"Authorization": f"Bearer {known_to_few}"}
        assert shown.ask("GET", "/api/files", headers=bearer).status == 200
        let_in = shown.ask("GET", "/", query={"token": known_to_few})
        assert (let_in.status, let_in.headers["Location"]) == (303, "/")
        cookie = let_in.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
        assert known_to_few not in cookie
        known = {"Cookie": cookie.split(";")[0]}
        assert shown.ask("GET", "/api/files", headers=known).status == 200
        # The control socket has its mode.
        assert alive.status()["state"]


def test_a_port_that_somebody_has_is_said(segued: Segued, tmp_path: Path) -> None:
    """The daemon goes on without its page."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with living(segued, music, page=f"port = {port}\n") as alive:
            told = alive.until_done(1)
            where = f"127.0.0.1:{port}"
            assert told["page"] == f"not shown: another program has {where}"
            status = segued.control("status", line=alive.line)
            assert f"Page: not shown: another program has {where}" in status.out
            taken.close()
            alive.until(lambda told: told["page"] == f"http://{where}/")
            assert Shown.by(alive).get("/health")["state"] == "COMPLETED"


async def test_a_port_is_tried_again(tmp_path: Path) -> None:
    """As soon as it is free, there is the page."""
    doors = Doors(web.Application(), again_seconds=0.05)
    await doors.open(tmp_path / "control.sock", ())
    try:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            page = Page(port=taken.getsockname()[1])
            await doors.show(page)
            assert "another program has" in doors.page
        async with asyncio.timeout(5):
            while not doors.page.startswith("http"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await doors.show(Page(address="x..y", port=0))
        assert doors.page == "not shown: x..y:0: there is no such address"
        await doors.show(Page(shown=False))
        assert doors.page == "not shown"
    finally:
        await doors.close()


def test_a_reload_moves_the_page_and_lets_nobody_linger(
    segued: Segued, tmp_path: Path
) -> None:
    """Whoever was connected comes again, by the rules of today."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)
    with living(segued, music, page=True) as alive:
        alive.until_done(1)
        shown = Shown.by(alive)
        (config,) = segued.home.glob("*.toml")
        before = config.read_text()
        kept = http.client.HTTPConnection(shown.host, shown.port, timeout=10)
        kept.request("GET", "/health")
        assert kept.getresponse().read()
        with events(shown.host, shown.port) as heard:
            next(heard)
            known_to_few = "a-token-of-some-length"
            config.write_text(
                before.replace("port = 0", f'port = 0\ntoken = "{known_to_few}"')
            )
            alive.process.send_signal(signal.SIGHUP)
            assert {each.kind for each in heard} <= {"change"}  # and it ends
        moved = Shown.by(alive)
        alive.until(lambda told: told["page"] != f"{shown.url}/")
        moved = Shown.by(alive)
        assert moved.ask("GET", "/api/files").status == 401
        assert not _answers(kept)
        config.write_text(before.replace("port = 0", "shown = false"))
        alive.process.send_signal(signal.SIGHUP)
        alive.until(lambda told: told["page"] == "not shown")
        with pytest.raises(ConnectionRefusedError):
            moved.connected()


def _answers(line: http.client.HTTPConnection) -> bool:
    try:
        line.request("GET", "/health")
        line.getresponse()
    except (http.client.HTTPException, OSError):
        return False
    return True


def test_another_library_is_not_told(segued: Segued, tmp_path: Path) -> None:
    """`seguectl` on a library that the daemon does not keep works on that one."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)
    other = Segued(tmp_path / "other")
    other.imported(music, options=("--offline",))
    with living(segued, music) as alive:
        alive.until_done(1)
        before = alive.line.ask("GET", "/api/settings")
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
        assert alive.line.ask("GET", "/api/settings") == before
        assert "1 of 1 files" in asked.out
        assert "watching" in asked.out
    held = other.run(
        "settings", "--json", "--database", other.database, module="segued.cli.control"
    )
    assert held.json["ai_processing_thread_count"] == 7


def test_what_is_no_request_is_refused_in_a_line(shown: Shown) -> None:
    """Nothing becomes a page of the log."""
    before = len(shown.alive.said.read_bytes())
    kind = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    assert shown.ask("POST", "/api/retry", b"no gzip", kind).status == 400
    far = {"Last-Event-ID": f"{'0' * 8}-{'9' * 5_000}"}
    with events(shown.host, shown.port, far) as heard:
        assert next(heard).kind == "snapshot"
    assert b" 400 " in shown.raw(b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n")
    said = shown.alive.said.read_bytes()[before:]
    assert b"Traceback" not in said
    assert len(said) < 2_000


def test_only_this_machine_is_listened_to(shown: Shown) -> None:
    """By default."""
    wanted = f"{shown.port:04X}"
    listening = [
        line.split()[1]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        if line.split()[1].endswith(wanted) and line.split()[3] == "0A"
    ]

    assert listening == [f"0100007F:{wanted}"]


def answers_again(shown: Shown) -> str:
    """Return the state that the page tells, as soon as there is room for us."""
    until = time.monotonic() + 10
    while True:
        try:
            return str(shown.get("/health")["state"])
        except OSError:
            if time.monotonic() > until:
                raise


def memory_kib(process: int) -> int:
    """Return the memory of a process that is its own."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1])
    raise ValueError(process)
