"""The progress under the names and fields of wkmp-ai: `/import/events`."""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from segued.web.ancestor_events import AncestorWords
from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner
from tests.web.web_client import Event, WebClient, open_event_stream

PROGRESS_FIELDS = {
    "type": str,
    "session_id": str,
    "state": str,
    "current": int,
    "total": int,
    "percentage": float,
    "current_operation": str,
    "elapsed_seconds": int,
    "estimated_remaining_seconds": int | None,
    "phases": list,
    "current_file": str | None,
    "phase_statistics": list,
    "timestamp": str,
}


def status(state: str, **fields: object) -> dict[str, Any]:
    """Return the fields of a status that are read."""
    base = {
        "state": state,
        "session": "the-session",
        "files_done": 3,
        "files_total": 5,
        "percent": 60.0,
        "elapsed_seconds": 2.6,
        "seconds_left": None,
        "workers": [],
        "folders": [{"root": "/m"}],
        "trouble": None,
    }
    return base | fields


def test_a_session_is_told_from_its_start_to_its_end(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """With the fields that clients of wkmp-ai read, and their types."""
    music = tmp_path / "music"
    music.mkdir()
    with running_daemon(segued, music, page=True) as daemon:
        daemon.wait_until_done(0)
        client = WebClient.for_daemon(daemon)
        with open_event_stream(
            client.host, client.port, path="/import/events"
        ) as events:
            received: list[Event] = [next(events)]
            write_noise_wav(music / "one.wav", 1)
            while received[-1].kind != "ImportSessionCompleted":
                received.append(next(events))

    kinds = [each.kind for each in received]
    assert kinds[0] == "ImportProgressUpdate"
    assert set(kinds) <= {
        "ImportProgressUpdate",
        "ImportSessionStarted",
        "ImportSessionCompleted",
    }
    for each in received:
        assert each.data["type"] == each.kind
        uuid.UUID(each.data["session_id"])
        datetime.fromisoformat(each.data["timestamp"])
        if each.kind == "ImportProgressUpdate":
            assert set(each.data) == set(PROGRESS_FIELDS)
            for name, kind in PROGRESS_FIELDS.items():
                assert isinstance(each.data[name], kind), name
    last = received[-1].data
    assert last["files_processed"] == 1
    assert last["session_id"] == received[-2].data["session_id"]
    assert isinstance(last["duration_seconds"], int)


@pytest.mark.parametrize(
    ("state", "fields", "name", "expected"),
    [
        (
            "COMPLETED",
            {},
            "ImportSessionCompleted",
            {"files_processed": 3, "duration_seconds": 3},
        ),
        (
            "FAILED",
            {"trouble": {"code": "store-full", "detail": "no space"}},
            "ImportSessionFailed",
            {"files_processed": 3, "error_message": "no space"},
        ),
        (
            "CANCELLED",
            {},
            "ImportSessionCancelled",
            {"files_processed": 3, "files_skipped": 2},
        ),
    ],
)
def test_each_end_has_its_event(
    state: str, fields: dict[str, Any], name: str, expected: dict[str, Any]
) -> None:
    """Once, with the id of the session, which the status has no more."""
    words = AncestorWords()
    before = status("PROCESSING")
    list(words.changes({}, before))
    ended = status(state, session=None, **fields)

    events = list(words.changes(before, ended))

    assert [event for event, _ in events] == ["ImportProgressUpdate", name]
    data = events[1][1]
    assert data["session_id"] == "the-session"
    assert {key: data[key] for key in expected} == expected
    later = ended | {"percent": 61.0}
    assert [event for event, _ in words.changes(ended, later)] == [
        "ImportProgressUpdate"
    ]


def test_a_start_names_the_folder() -> None:
    """Another session is a start as well; a pause is none."""
    words = AncestorWords()
    idle = status("COMPLETED", session=None)
    list(words.changes({}, idle))
    first, paused = status("SCANNING"), status("PAUSED")
    second = status("SCANNING", session="another")

    started = next(words.changes(idle, first))
    assert (started[0], started[1]["root_folder"]) == ("ImportSessionStarted", "/m")
    assert len(list(words.changes(first, paused))) == 1
    again = next(words.changes(paused, second))
    assert (again[0], again[1]["session_id"]) == ("ImportSessionStarted", "another")
