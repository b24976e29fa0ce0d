"""Every error is JSON, also one that aiohttp finds before any route."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner
from tests.web.web_client import WebClient

HOST = b"Host: localhost\r\n"
JSON_POST = b"POST /api/retry HTTP/1.1\r\n" + HOST + b"Content-Type: application/json"
CLOSE = b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, id="no HTTP"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", 400, id="unknown version"),
        pytest.param(b"G\x00T / HTTP/1.1\r\n\r\n", 400, id="invalid method"),
        pytest.param(
            b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
            400,
            id="long line",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000 + b"\r\n\r\n", 400, id="long field"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 99 + b"\r\n", 400, id="many fields"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"A b: c\r\n\r\n", 400, id="invalid field"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nAuthorization: Bearer secret\x00\r\n\r\n",
            400,
            id="invalid value",
        ),
        pytest.param(
            JSON_POST + b"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
            id="invalid chunk",
        ),
        pytest.param(
            JSON_POST + b"\r\nContent-Length: x\r\n\r\n", 400, id="invalid length"
        ),
        pytest.param(b"GET /no HTTP/1.1\r\n" + HOST + CLOSE, 404, id="unknown path"),
        pytest.param(b"PUT / HTTP/1.1\r\n" + HOST + CLOSE, 405, id="wrong method"),
        pytest.param(b"NEW /no HTTP/1.1\r\n" + HOST + CLOSE, 400, id="unknown method"),
        pytest.param(
            JSON_POST + b"\r\nConnection: close\r\nContent-Length: 99999\r\n\r\n" +
            b"1" * 99_999,
            413,
            id="large body",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"Expect: wonders\r\n" + CLOSE,
            417,
            id="unknown expectation",
        ),
        pytest.param(
            b"GET /no HTTP/1.1\r\n" + HOST + b"Expect: wonders\r\n" + CLOSE,
            417,
            id="unknown expectation at an unknown path",
        ),
        pytest.param(b"GET / HTTP/1.1\r\n" + CLOSE, 400, id="no host"),
    ],
)  # fmt: skip
def test_error_is_json(
    web_client: WebClient, request_bytes: bytes, status: int
) -> None:
    """With a code, a detail, and the security headers."""
    response = web_client.send_raw(request_bytes)

    head, _, body = response.partition(b"\r\n\r\n")
    assert head.split()[1] == b"%d" % status
    assert b"Content-Type: application/json" in head
    assert b"nosniff" in head
    assert b"Server: segued" in head
    error = json.loads(body)["error"]
    assert error["code"]
    assert error["detail"]
    assert "secret" not in error["detail"]


def test_range_beyond_the_file_is_json(web_client: WebClient) -> None:
    """With the size of the file."""
    path = f"/api/files/{web_client.find_file('tide 01 song')}/audio"

    reply = web_client.request("GET", path, headers={"Range": "bytes=999999999-"})

    assert (reply.status, reply.json["error"]["code"]) == (416, "range")
    assert reply.headers["Content-Range"].startswith("bytes */")


def test_refused_key_is_masked(web_client: WebClient) -> None:
    """In the error of the API, in that of `seguectl`, and in the log."""
    daemon, key = web_client.daemon, "aSecretKey with spaces"

    reply = web_client.send_json("PUT", "/api/settings/acoustid_api_key", key)
    printed = daemon.segued.control(
        "settings", "acoustid_api_key", key, "--json", client=daemon.client
    )

    assert reply.status == 400
    assert 'acoustid_api_key = "...es"' in reply.json["error"]["detail"]
    assert printed.code == 2
    texts = (reply.body.decode(), printed.out, printed.err, daemon.log_path.read_text())
    assert not any("ecretKey" in text for text in texts)


def test_any_wrong_token_gets_401(segued: SeguedRunner, tmp_path: Path) -> None:
    """Also one that is not ASCII, or not even text."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    page = 'token = "a-token-of-some-length"\n'
    with running_daemon(segued, music, page=page) as daemon:
        web_client = WebClient.for_daemon(daemon)
        cookie = f"segued-{web_client.port}".encode()
        for token in (b"wrong", "für-alle".encode(), b"f\xfcr", b"\xff\xfe", b""):
            for header in (
                b"Authorization: Bearer " + token,
                b"Authorization: " + token,
                b"Cookie: " + cookie + b"=" + token,
                b"Cookie: segued-0=" + token,
            ):
                head = b"GET /api/files HTTP/1.1\r\n" + HOST + header + b"\r\n" + CLOSE
                response = web_client.send_raw(head)
                assert response.startswith(b"HTTP/1.1 401 "), header
        for query in ("f%FCr", "f%C3%BCr", "%00", "%"):
            gate = web_client.request("GET", f"/?token={query}")
            assert gate.status == 401, query
