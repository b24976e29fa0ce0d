"""Log events as sentences."""

import pytest

from segued.log_sentences import SENTENCES, sentence


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"event": "file.done", "file": "/m/a.mp3", "status": "INGEST COMPLETE"},
            "Imported: /m/a.mp3",
        ),
        (
            {
                "event": "file.done",
                "file": "/m/a.mp3",
                "status": "DUPLICATE HASH",
                "reason": "same content as /m/b.mp3",
            },
            "A copy, not imported again: /m/a.mp3, same content as /m/b.mp3",
        ),
        (
            {
                "event": "file.failed",
                "file": "/m/a.mp3",
                "code": "not-audio",
                "detail": "/m/a.mp3: no audio",
            },
            "Failed: /m/a.mp3: no audio (not-audio)",
        ),
        (
            {"event": "session.state_changed", "state": "FAILED", "reason": "disk"},
            "The import stopped: disk",
        ),
        ({"event": "session.started", "left": 0, "stale": 0}, "A session begins"),
        (
            {"event": "session.started", "left": 2, "stale": 3},
            (
                "A session begins; files 2 left by an earlier run, 3 imported by older"
                " rules"
            ),
        ),
        (
            {"event": "page.shown", "address": "http://[::1]:1/", "token": True},
            "The page is at http://[::1]:1/, which needs the token",
        ),
        (
            {
                "event": "service.failed",
                "service": "acoustid",
                "detail": "no route",
                "wait_ms": 30_000,
            },
            "acoustid is not available, and asked again in 30 s: no route",
        ),
        (
            {"event": "folder.offline", "folder": "/m", "reason": None},
            "Offline: /m",
        ),
        (
            {"event": "folder.offline", "folder": "/m", "reason": "no answer"},
            "Offline: /m: no answer",
        ),
        (
            {"event": "backup.written", "path": None},
            "Backed up to ",
        ),
        (
            {"event": "store.slowed", "level": "warning", "took_ms": 1_200},
            "Store slowed: took ms 1200",
        ),
        (
            {"event": "session.crashed", "exception": "Traceback\nOSError: no"},
            "Session crashed: OSError: no",
        ),
    ],
)
def test_events_are_sentences(fields: dict[str, object], text: str) -> None:
    """Frequent ones have their own; others are named, with their values."""
    assert sentence(fields) == text


@pytest.mark.parametrize("event", SENTENCES)
def test_a_missing_value_is_no_error(event: str) -> None:
    """A log call must not fail."""
    assert sentence({"event": event})
