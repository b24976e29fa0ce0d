"""The HTTP API: OpenAPI document, files, audio, levels, metrics."""

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from segued.units import TICKS_PER_SECOND
from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS
from tests.web.web_client import WebClient


def test_api_conforms_to_its_openapi_document(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """Valid requests are answered as documented; invalid ones are refused."""
    program = Path(sys.executable).with_name("schemathesis")
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(7)
        web_client = WebClient.for_daemon(daemon)
        done = subprocess.run(
            [
                str(program),
                "run",
                f"{web_client.url}/api/openapi.json",
                "--max-examples",
                "10",  # `contrib/attack` sends thousands
                "--exclude-path",
                "/api/events",
                "--exclude-path",
                "/import/events",
                "--exclude-path",
                "/api/library/{table}",
                "--seed",
                "1",
                "--no-color",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6_000:]
        described = web_client.get_json("/api/openapi.json")["paths"]
        # All but the event streams, which do not end, the route of the control socket,
        # and the document itself.
        operations = sum(map(len, described.values()))
        assert f"Tested: {operations - 4}" in done.stdout


def test_whole_tables_are_for_the_control_socket(web_client: WebClient) -> None:
    """The page's address refuses them: each reads the whole library."""
    reply = web_client.request("GET", "/api/library/files")

    assert (reply.status, reply.json["error"]["code"]) == (403, "control")


def test_reasons_are_for_the_page_as_well(web_client: WebClient) -> None:
    """By the bytes of the path, in hex, as the listings have them."""
    detail = web_client.get_json(f"/api/files/{web_client.find_file('tide 01 song')}")
    song = detail["file"]["path"]

    found = web_client.get_json("/api/explain", path_bytes=song.encode().hex())
    nothing = web_client.get_json("/api/explain", path_bytes=b"/none".hex())

    assert found["file"] == song
    assert [each["ordinal"] for each in found["passages"]] == [1]
    assert found["passages"][0]["reason"]
    assert nothing == {
        "file": "/none",
        "passages": [],
        "remembered_tags": {},
        "kept_whole": "",
        "copies": [],
    }


def test_start_scans_and_imports(web_client: WebClient, music: Path) -> None:
    """The folders are scanned, and new files are imported."""
    song = write_noise_wav(music / "late" / "song.wav", 77)
    try:
        reply = web_client.send_json(
            "POST", "/api/import/session/start", {"path": str(music)}
        )
        assert (reply.status, reply.json["state"] in {"COMPLETED", "PROCESSING"}) == (
            200,
            True,
        )
        web_client.daemon.wait_until_done(8)
        (entry,) = web_client.get_json("/api/files", query="late song")["files"]
        assert entry["status"] == "INGEST COMPLETE"
    finally:
        song.unlink()
        song.parent.rmdir()
    web_client.daemon.wait_until_done(7)


def test_file_detail_is_complete(web_client: WebClient) -> None:
    """Facts, tags, phases, and passages with the reasons for their match."""
    detail = web_client.get_json(f"/api/files/{web_client.find_file('tide 01 song')}")

    assert detail["file"]["status"] == "INGEST COMPLETE"
    assert detail["file"]["playable"] is True
    assert detail["tags"]["title"] == "Song 1"
    assert [each["phase"] for each in detail["phases"]] == list(range(1, 11))
    assert detail["phases"][3]["title"] == "Segmenting"
    (passage,) = detail["passages"]
    assert (passage["artist"], passage["album"]) == ("Marram", "Tide")
    assert (passage["confidence"], bool(passage["reason"])) == ("Low", True)
    assert passage["evidence"]["names"] == "Marram / Song 1"
    assert passage["start_ticks"] < passage["lead_out_ticks"] <= passage["end_ticks"]
    assert passage["overruled"] is False


def test_remembered_tags_are_deleted(web_client: WebClient) -> None:
    """By the file's id; the answer is how many there were."""
    file = web_client.find_file("tide 02 song")

    answer = web_client.send_json("POST", "/api/forget-tags", {"file": file})

    assert (answer.status, answer.json) == (200, {"forgotten": 0})
    assert web_client.get_json(f"/api/files/{file}")["remembered_tags"] == {}
    unknown = {"path": "/music/none.mp3"}
    assert web_client.send_json("POST", "/api/forget-tags", unknown).status == 404
    assert web_client.send_json("POST", "/api/forget-tags", {}).status == 404


def test_override_is_set_and_removed(web_client: WebClient) -> None:
    """By the file's id; the next request shows it."""
    file = web_client.find_file("tide 02 song")
    mbid = "0a0b0c0d-0000-4000-8000-000000000001"

    def passage() -> dict[str, object]:
        (entry,) = web_client.get_json(f"/api/files/{file}")["passages"]
        assert isinstance(entry, dict)
        return entry

    override = {"file": file, "passage": 1, "recording": mbid, "title": "Right"}
    assert web_client.send_json("POST", "/api/decide", override).status == 200
    web_client.daemon.wait_for(lambda _: passage()["recording_mbid"] == mbid)
    assert (passage()["overruled"], passage()["title"]) == (True, "Right")
    assert passage()["confidence"] == "High"
    wrong = {**override, "recording": "no id"}
    assert web_client.send_json("POST", "/api/decide", wrong).status == 400
    far = {**override, "passage": 9}
    assert web_client.send_json("POST", "/api/decide", far).status == 404
    clear = {"file": file, "passage": 1, "clear": True}
    assert web_client.send_json("POST", "/api/decide", clear).status == 200
    web_client.daemon.wait_for(lambda _: passage()["overruled"] is False)
    web_client.daemon.wait_for(lambda _: passage()["title"] == "Song 2")


def test_failures_are_grouped_by_code(web_client: WebClient) -> None:
    """With the meaning of the code; a retry by file works."""
    response = web_client.get_json("/api/failures")

    assert response["groups"] == [
        {
            "code": "not-audio",
            "meaning": "The bytes are not audio in any supported format.",
            "fatal": True,
            "count": 1,
        }
    ]
    (failure,) = response["failures"]
    assert failure["path"].endswith("/broken.mp3")
    assert web_client.get_json("/api/failures", code="other")["failures"] == []
    again = web_client.send_json("POST", "/api/retry", {"file": failure["file"]})
    assert again.json == {"reopened": 1}
    assert web_client.send_json("POST", "/api/retry", {"file": "nobody"}).status == 404
    web_client.daemon.wait_for(lambda status: status["files_failed"] == 1)
    web_client.daemon.wait_until_done(7)


def test_sound_is_sent_in_ranges(web_client: WebClient, music: Path) -> None:
    """For the ranges that browsers request, with the bytes of the file."""
    whole = (music / "Tide" / "01 song.mp3").read_bytes()
    path = f"/api/files/{web_client.find_file('tide 01 song')}/audio"
    size = len(whole)

    all_of_it = web_client.request("GET", path)
    assert (all_of_it.status, all_of_it.body) == (200, whole)
    assert all_of_it.headers["Content-Type"] == "audio/mpeg"
    assert all_of_it.headers["Accept-Ranges"] == "bytes"
    for requested, start, end in (
        ("bytes=0-", 0, size),
        ("bytes=100-199", 100, 200),
        ("bytes=-50", size - 50, size),
        (f"bytes={size - 1}-{size + 99}", size - 1, size),
    ):
        part = web_client.request("GET", path, headers={"Range": requested})
        assert (part.status, part.body) == (206, whole[start:end])
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = web_client.request("GET", path, headers={"Range": f"bytes={size}-"})
    assert beyond.status == 416
    assert beyond.headers["Content-Range"] == f"bytes */{size}"
    other = {"Range": "bytes=0-9", "If-Range": '"of another file"'}
    assert web_client.request("GET", path, headers=other).body == whole
    same = {"Range": "bytes=0-9", "If-Range": all_of_it.headers["ETag"]}
    assert web_client.request("GET", path, headers=same).body == whole[:10]


def test_unplayable_formats_are_reported(segued: SeguedRunner, tmp_path: Path) -> None:
    """A format that browsers cannot play has no audio type."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    (music / "song.wav").rename(music / "song.aiff")
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(1)
        web_client = WebClient.for_daemon(daemon)
        file = web_client.get_json(f"/api/files/{web_client.find_file('song')}")["file"]
        assert (file["playable"], file["audio_type"]) == (False, None)


def test_levels_follow_the_audio(segued: SeguedRunner, tmp_path: Path) -> None:
    """A column has the peak of its period; silence is 255."""
    music = tmp_path / "music"
    path = write_noise_wav(music / "song.wav", 1, seconds=8.0)
    raw = bytearray(path.read_bytes())
    rate = 8_000
    for second in (0, 1, 6, 7):
        raw[44 + 2 * rate * second : 44 + 2 * rate * (second + 1)] = bytes(2 * rate)
    path.write_bytes(raw)
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(1)
        web_client = WebClient.for_daemon(daemon)
        file = web_client.find_file("song")
        levels = web_client.get_json(f"/api/files/{file}/levels", columns=8)
        assert levels["duration_ticks"] == 8 * TICKS_PER_SECOND
        assert levels["columns"] == len(levels["peaks"]) == len(levels["floors"]) == 8
        silent = [number for number, peak in enumerate(levels["peaks"]) if peak == 255]
        assert silent == [0, 1, 6, 7]
        # White noise of 8,000 at most: 8,000 / sqrt(3) / 32,768 is -17 dBFS.
        assert all(30 <= peak <= 37 for peak in levels["peaks"][2:6])
        assert all(30 <= floor <= 40 for floor in levels["floors"][2:6])
        fine = web_client.get_json(f"/api/files/{file}/levels", columns=10_000)
        assert fine["columns"] == 800  # one for each hundredth of a second


def test_a_file_never_decoded_has_no_levels(web_client: WebClient) -> None:
    """The error says that it is not decoded."""
    file = web_client.find_file("broken")

    reply = web_client.request("GET", f"/api/files/{file}/levels")

    assert reply.status == 404
    assert "not decoded" in reply.json["error"]["detail"]


def test_metrics_are_for_prometheus(web_client: WebClient) -> None:
    """The metrics are in Prometheus's format, with correct values."""
    reply = web_client.request("GET", "/metrics")
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(reply.body.decode())
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }

    assert values["segued_files", "INGEST COMPLETE"] == 6
    assert values["segued_files", "FAILED"] == 1
    assert values["segued_failures", "not-audio"] == 1
    assert values["segued_passages", "Low"] == 5
    assert values["segued_passages", "None"] == 1
    assert values["segued_queue_files",] == 0
    assert values["segued_queue_oldest_seconds",] == 0
    assert values["segued_session_state", "COMPLETED"] == 1
    # Each folder is watched.
    assert sum(v for k, v in values.items() if k[0] == "segued_watches") == 3
    assert 0 <= values["segued_event_loop_lag_seconds",] < 1
    phases = {key[1] for key in values if key[0] == "segued_phase_seconds_count"}
    assert phases == {str(number) for number in range(1, 11)}
    decoded = values["segued_phase_seconds_count", "4", "Segmenting"]
    assert decoded >= 5
    assert values["segued_phase_seconds_bucket", "+Inf", "4", "Segmenting"] == decoded
    assert values["segued_phase_seconds_sum", "4", "Segmenting"] > 0


def test_all_static_files_are_served(web_client: WebClient) -> None:
    """Each file of the page has its type, and is not sent again if unchanged."""
    page = web_client.request("GET", "/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for path, kind in (
        ("/page/main.js", "text/javascript"),
        ("/page/style.css", "text/css"),
    ):
        assert path.encode() in page.body
        first = web_client.request("GET", path)
        assert (first.status, first.headers["Content-Type"]) == (
            200,
            f"{kind}; charset=utf-8",
        )
        headers = {"If-None-Match": first.headers["ETag"]}
        assert web_client.request("GET", path, headers=headers).status == 304


def test_health_is_an_http_status(web_client: WebClient) -> None:
    """Status 200 while there is no trouble."""
    reply = web_client.request("GET", "/health")

    assert (reply.status, reply.json["trouble"]) == (200, None)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/import/status/nobody"])
def test_not_found_is_json(web_client: WebClient, path: str) -> None:
    """The error is JSON with a detail."""
    reply = web_client.request("GET", path)

    assert reply.status == 404
    assert reply.json["error"]["detail"]
