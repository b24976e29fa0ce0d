"""Sessions by id, and counters of the library as it stands."""

from pathlib import Path
from typing import Any

from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner


def start_session(daemon: RunningDaemon) -> str:
    """Request a scan of all folders; return the id of its session."""
    session = daemon.client.request("POST", "/api/import/session/start", {})["session"]
    assert isinstance(session, str)
    return session


def session_by_id(daemon: RunningDaemon, session: str) -> dict[str, Any]:
    """Return the status of a session, or its stored row."""
    found: dict[str, Any] = daemon.client.request(
        "GET", f"/api/import/status/{session}"
    )
    return found


def test_a_scan_starts_a_session_that_is_known_by_its_id(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """At once, when it has ended, though it found nothing, and after a restart."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        assert daemon.status()["session"] is None
        first = start_session(daemon)
        known = session_by_id(daemon, first)
        assert first in {known.get("session"), known.get("id")}
        daemon.wait_for(lambda status: status["session"] is None)
        ended = session_by_id(daemon, first)
        assert (ended["id"], ended["state"]) == (first, "COMPLETED")
        assert (ended["files_total"], ended["files_done"]) == (1, 1)
        assert ended["ended_at"] is not None
        assert start_session(daemon) != first
    with running_daemon(segued, music) as daemon:
        assert session_by_id(daemon, first)["state"] == "COMPLETED"


def test_what_a_requested_scan_finds_belongs_to_its_session(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """A paused daemon finds nothing by events alone; the session goes on with it."""
    music = tmp_path / "music"
    write_noise_wav(music / "one.wav", 1)
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        daemon.client.request("POST", "/api/import/cancel/current", {})
        write_noise_wav(music / "two.wav", 2)
        session = start_session(daemon)
        daemon.wait_until_done(2)
        assert session_by_id(daemon, session)["state"] == "COMPLETED"


def test_counters_are_of_the_library_over_restarts(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """What was done before a restart, or twice, counts once."""
    music = tmp_path / "music"
    for number in range(3):
        write_noise_wav(music / f"{number}.wav", number)
    with running_daemon(segued, music) as daemon:
        first = daemon.wait_until_done(3)
    with running_daemon(segued, music) as daemon:
        second = daemon.wait_until_done(3)
        (music / "1.wav").rename(music / "renamed.wav")
        daemon.wait_for(lambda status: status["work"]["3"])
        third = daemon.wait_until_done(3)

    assert first["counters"]["2"] == {"hashed": 3}
    assert first["counters"]["4"] == {"segmented": 3, "passages": 3}
    assert first["counters"]["files complete"] == {"INGEST COMPLETE": 3}
    for later in (second, third):
        assert later["counters"] == first["counters"]
    assert second["work"]["2"] == {}
    assert third["work"]["3"] == {"read": 1}
