"""What programs are told: the description, files, sound, levels, metrics."""

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from segued.units import TICKS_PER_SECOND
from tests.page.asking import Shown
from tests.stories.living import living, tune
from tests.stories.program import Segued


def test_the_description_is_true(segued: Segued, music: Path, tmp_path: Path) -> None:
    """Whatever it allows is answered as it says; whatever it forbids, refused."""
    program = Path(sys.executable).with_name("schemathesis")
    with living(segued, music, page=True) as alive:
        alive.until_done(7)
        shown = Shown.by(alive)
        done = subprocess.run(
            [
                *(str(program), "run", f"{shown.url}/api/openapi.json"),
                *("--max-examples", "30", "--exclude-path", "/api/events"),
                *("--seed", "1", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6_000:]
        described = shown.get("/api/openapi.json")["paths"]
        # All but the events, which do not end, and the description itself.
        operations = sum(map(len, described.values()))
        assert f"Tested: {operations - 2}" in done.stdout


def test_the_old_way_to_start_is_the_way_to_start(shown: Shown, music: Path) -> None:
    """It walks the folders, and what is new goes through the pipeline."""
    song = tune(music / "late" / "song.wav", 77)
    try:
        reply = shown.tell("POST", "/api/import/session/start", {"path": str(music)})
        assert (reply.status, reply.json["state"] in {"COMPLETED", "PROCESSING"}) == (
            200,
            True,
        )
        shown.alive.until_done(8)
        (found,) = shown.get("/api/files", query="late song")["files"]
        assert found["status"] == "INGEST COMPLETE"
    finally:
        song.unlink()
        song.parent.rmdir()
    shown.alive.until_done(7)


def test_a_file_is_told_whole(shown: Shown) -> None:
    """Facts, tags, phases, passages with their reasons."""
    told = shown.get(f"/api/files/{shown.file('tide 01 song')}")

    assert told["file"]["status"] == "INGEST COMPLETE"
    assert told["file"]["playable"] is True
    assert told["tags"]["title"] == "Song 1"
    assert [each["phase"] for each in told["phases"]] == list(range(1, 11))
    assert told["phases"][3]["title"] == "Segmenting"
    (passage,) = told["passages"]
    assert (passage["artist"], passage["album"]) == ("Marram", "Tide")
    assert (passage["confidence"], bool(passage["reason"])) == ("Low", True)
    assert passage["evidence"]["names"] == "Marram / Song 1"
    assert passage["start_ticks"] < passage["lead_out_ticks"] <= passage["end_ticks"]
    assert passage["overruled"] is False


def test_a_decision_is_kept_and_taken_back(shown: Shown) -> None:
    """By the file's id; it holds at once for whoever looks."""
    file = shown.file("tide 02 song")
    mbid = "0a0b0c0d-0000-4000-8000-000000000001"

    def passage() -> dict[str, object]:
        (found,) = shown.get(f"/api/files/{file}")["passages"]
        assert isinstance(found, dict)
        return found

    said = {"file": file, "passage": 1, "recording": mbid, "title": "Right"}
    assert shown.tell("POST", "/api/decide", said).status == 200
    shown.alive.until(lambda _: passage()["recording_mbid"] == mbid)
    assert (passage()["overruled"], passage()["title"]) == (True, "Right")
    assert passage()["confidence"] == "High"
    wrong = {**said, "recording": "no id"}
    assert shown.tell("POST", "/api/decide", wrong).status == 400
    far = {**said, "passage": 9}
    assert shown.tell("POST", "/api/decide", far).status == 404
    clear = {"file": file, "passage": 1, "clear": True}
    assert shown.tell("POST", "/api/decide", clear).status == 200
    shown.alive.until(lambda _: passage()["overruled"] is False)
    shown.alive.until(lambda _: passage()["title"] == "Song 2")


def test_failures_come_by_what_they_are(shown: Shown) -> None:
    """With what that means, and can be tried again by file."""
    told = shown.get("/api/failures")

    assert told["groups"] == [
        {
            "code": "not-audio",
            "meaning": "The bytes are not audio in any format known here.",
            "fatal": True,
            "count": 1,
        }
    ]
    (failure,) = told["failures"]
    assert failure["path"].endswith("/broken.mp3")
    assert shown.get("/api/failures", code="other")["failures"] == []
    again = shown.tell("POST", "/api/retry", {"file": failure["file"]})
    assert again.json == {"reopened": 1}
    assert shown.tell("POST", "/api/retry", {"file": "nobody"}).status == 404
    shown.alive.until(lambda told: told["files_failed"] == 1)
    shown.alive.until_done(7)


def test_sound_is_sent_in_ranges(shown: Shown, music: Path) -> None:
    """As browsers ask for it, and the bytes are those of the file."""
    whole = (music / "Tide" / "01 song.mp3").read_bytes()
    path = f"/api/files/{shown.file('tide 01 song')}/audio"
    size = len(whole)

    all_of_it = shown.ask("GET", path)
    assert (all_of_it.status, all_of_it.body) == (200, whole)
    assert all_of_it.headers["Content-Type"] == "audio/mpeg"
    assert all_of_it.headers["Accept-Ranges"] == "bytes"
    for asked, start, end in (
        ("bytes=0-", 0, size),
        ("bytes=100-199", 100, 200),
        ("bytes=-50", size - 50, size),
        (f"bytes={size - 1}-{size + 99}", size - 1, size),
    ):
        part = shown.ask("GET", path, headers={"Range": asked})
        assert (part.status, part.body) == (206, whole[start:end])
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = shown.ask("GET", path, headers={"Range": f"bytes={size}-"})
    assert beyond.status == 416
    assert beyond.headers["Content-Range"] == f"bytes */{size}"
    other = {"Range": "bytes=0-9", "If-Range": '"of another file"'}
    assert shown.ask("GET", path, headers=other).body == whole
    same = {"Range": "bytes=0-9", "If-Range": all_of_it.headers["ETag"]}
    assert shown.ask("GET", path, headers=same).body == whole[:10]


def test_what_browsers_cannot_play_is_said(segued: Segued, tmp_path: Path) -> None:
    """By the name, not by hope."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)
    (music / "song.wav").rename(music / "song.aiff")
    with living(segued, music, page=True) as alive:
        alive.until_done(1)
        shown = Shown.by(alive)
        told = shown.get(f"/api/files/{shown.file('song')}")["file"]
        assert (told["playable"], told["audio_type"]) == (False, None)


def test_levels_are_where_the_sound_is(segued: Segued, tmp_path: Path) -> None:
    """A column is as loud as its loudest moment; silence is silence."""
    music = tmp_path / "music"
    path = tune(music / "song.wav", 1, seconds=8.0)
    raw = bytearray(path.read_bytes())
    rate = 8_000
    for second in (0, 1, 6, 7):
        raw[44 + 2 * rate * second : 44 + 2 * rate * (second + 1)] = bytes(2 * rate)
    path.write_bytes(raw)
    with living(segued, music, page=True) as alive:
        alive.until_done(1)
        shown = Shown.by(alive)
        file = shown.file("song")
        told = shown.get(f"/api/files/{file}/levels", columns=8)
        assert told["duration_ticks"] == 8 * TICKS_PER_SECOND
        assert told["columns"] == len(told["peaks"]) == len(told["floors"]) == 8
        silent = [number for number, peak in enumerate(told["peaks"]) if peak == 255]
        assert silent == [0, 1, 6, 7]
        # White noise of 8,000 at most: 8,000 / sqrt(3) / 32,768 is -17 dBFS.
        assert all(30 <= peak <= 37 for peak in told["peaks"][2:6])
        assert all(30 <= floor <= 40 for floor in told["floors"][2:6])
        fine = shown.get(f"/api/files/{file}/levels", columns=10_000)
        assert fine["columns"] == 800  # one for each hundredth of a second


def test_a_file_never_decoded_has_no_levels(shown: Shown) -> None:
    """And says so."""
    file = shown.file("broken")

    reply = shown.ask("GET", f"/api/files/{file}/levels")

    assert reply.status == 404
    assert "not decoded" in reply.json["error"]["detail"]


def test_metrics_are_for_prometheus(shown: Shown) -> None:
    """All that was asked for, with values that are so."""
    reply = shown.ask("GET", "/metrics")
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


def test_the_page_is_all_there(shown: Shown) -> None:
    """Each file that it names is served, as what it is, and not sent twice."""
    page = shown.ask("GET", "/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for path, kind in (
        ("/page/main.js", "text/javascript"),
        ("/page/style.css", "text/css"),
    ):
        assert path.encode() in page.body
        first = shown.ask("GET", path)
        assert (first.status, first.headers["Content-Type"]) == (
            200,
            f"{kind}; charset=utf-8",
        )
        known = {"If-None-Match": first.headers["ETag"]}
        assert shown.ask("GET", path, headers=known).status == 304


def test_health_is_said_in_a_status(shown: Shown) -> None:
    """For whoever looks only at that."""
    reply = shown.ask("GET", "/health")

    assert (reply.status, reply.json["trouble"]) == (200, None)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/import/status/nobody"])
def test_what_is_not_there_is_said_in_json(shown: Shown, path: str) -> None:
    """With what was asked for."""
    reply = shown.ask("GET", path)

    assert reply.status == 404
    assert reply.json["error"]["detail"]
