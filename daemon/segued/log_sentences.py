"""Log events as sentences for people: in the journal, in a terminal, in a pipe."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

__all__ = ["sentence"]

Event: TypeAlias = Mapping[str, Any]

UNLABELED_KEYS: Final = (
    "file",
    "folder",
    "service",
    "status",
    "state",
    "code",
    "reason",
)
"""Shown first in a sentence, in this order, as values without their keys."""

OMITTED_KEYS: Final = {*UNLABELED_KEYS, "event", "level", "timestamp", "worker"}
"""Left out where a sentence shows the other keys with their names."""


def sentence(event: Event) -> str:
    """Return an event as a sentence.

    An event that is not in SENTENCES begins with its name, and lists its values.
    """
    own = SENTENCES.get(event["event"])
    if own is not None and "exception" not in event:
        return own(event) if callable(own) else own.format_map(_known(event))
    parts = [str(event[key]) for key in UNLABELED_KEYS if event.get(key) is not None]
    for key, value in event.items():
        if key == "exception":
            parts.append(str(value).rpartition("\n")[2])
        elif key not in OMITTED_KEYS and isinstance(value, str | int | float):
            parts.append(f"{key.replace('_', ' ')} {value}")
    what = str(event["event"]).replace(".", " ").replace("_", " ").capitalize()
    return f"{what}: {', '.join(parts)}" if parts else what


def _known(event: Event) -> "_Values":
    return _Values({key: each for key, each in event.items() if each is not None})


class _Values(dict[str, Any]):
    """The values of an event; a missing one is empty."""

    def __missing__(self, key: str) -> str:
        return ""


def _file_done(event: Event) -> str:
    file, reason = event.get("file", ""), event.get("reason")
    if reason == "unchanged":
        return f"Unchanged: {file}"
    match event.get("status"):
        case "INGEST COMPLETE":
            return f"Imported: {file}"
        case "DUPLICATE HASH":
            return f"A copy, not imported again: {file}, {reason}"
        case "NO AUDIO":
            return f"Without audio: {file}, {reason}"
        case status:
            return f"{status}: {file}, {reason}"


def _state_changed(event: Event) -> str:
    text = STATES.get(str(event.get("state")), str(event.get("state")))
    return f"{text}: {event['reason']}" if event.get("reason") else text


def _session_started(event: Event) -> str:
    notes = {
        "left": "left by an earlier run",
        "stale": "imported by older rules",
        "deferred": "that waited for something",
        "retried": "tried again",
    }
    parts = [f"{event[key]} {note}" for key, note in notes.items() if event.get(key)]
    return (
        f"A session begins; files {', '.join(parts)}" if parts else "A session begins"
    )


def _recovered(event: Event) -> str:
    text = "The library is open"
    if event.get("left"):
        text += f"; files in progress at the last end: {event['left']}"
    if event.get("set_aside"):
        text += f"; files given up because they ended segued: {event['set_aside']}"
    return text


def _folder_offline(event: Event) -> str:
    reason = f": {event['reason']}" if event.get("reason") else ""
    return f"Offline: {event.get('folder')}{reason}"


def _page_shown(event: Event) -> str:
    token = ", which needs the token" if event.get("token") else ""
    return f"The page is at {event.get('address')}{token}"


def _service_state(event: Event) -> str:
    seconds = round(event.get("wait_ms", 0) / 1_000)
    reason = event.get("detail") or "it is busy"
    name = event.get("service")
    return f"{name} is not available, and asked again in {seconds} s: {reason}"


STATES: Final[Mapping[str, str]] = {
    "SCANNING": "Scanning the music folders",
    "PROCESSING": "Importing",
    "PAUSED": "Paused",
    "COMPLETED": "All files are imported",
    "CANCELLED": "Cancelled",
    "FAILED": "The import stopped",
}

SENTENCES: Final[Mapping[str, str | Callable[[Event], str]]] = {
    "analysis.elsewhere": "Not analyzed by another machine: {reason}",
    "analysis.failed": "Not analyzed: {detail} ({code})",
    "backup.failed": "No backup: {reason}",
    "backup.written": "Backed up to {path}",
    "cluster.differs": "This machine does not get all work: {reason}",
    "cluster.failed": "No other machine can join: {reason}",
    "cluster.joined": "Joined the daemon at {address}",
    "cluster.listening": "Other machines can join at {address}",
    "cluster.lost": "The connection to {address} has ended; joining again",
    "cluster.refused": "Cannot join: {reason}",
    "config.read": "The configuration is loaded again",
    "config.refused": "The configuration is not loaded: {reason}",
    "control.asked": "Requested: {method} {path}",
    "cover.failed": "No cover of release {release} from the archive: {detail}",
    "daemon.library_unavailable": "Waiting for the library: {reason}",
    "daemon.ready": "Ready; seguectl controls it, at {socket}",
    "daemon.recovered": _recovered,
    "daemon.resumed_from_suspend": "The machine was suspended; scanning again",
    "daemon.stopped": "Stopped",
    "decoding.elsewhere": "Not decoded by another machine: {reason}",
    "events.lost": "Events were lost; scanning again: {folder}",
    "file.analysed": "Analyzed: {file}",
    "file.done": _file_done,
    "file.failed": "Failed: {detail} ({code})",
    "file.passed_over": "Not imported: {detail} ({reason})",
    "folder.offline": _folder_offline,
    "folder.polling": "Scanned regularly instead of watched: {folder}, {reason}",
    "folder.unreadable": "Not readable: {folder}, {reason}",
    "hook.crashed": "An error in segued: the receiver {receiver} gets no event",
    "hook.dropped": "The oldest {dropped} events for the receiver {receiver} are lost",
    "hook.failed": "The receiver {receiver} gets events later: {reason}",
    "hook.up": "The receiver {receiver} takes events again",
    "node.differs": "{node} does not get all work: {reason}",
    "node.joined": "{node} has joined",
    "node.left": "{node} has left, with {jobs} files that others get",
    "node.rests": "{node} gets no work for a minute: {reason}",
    "page.closed": "The page is not served: {reason}",
    "page.limited": "Connections to the page are limited for {peer}: {reason}",
    "page.shown": _page_shown,
    "question.deferred": "{service} is asked again later: {reason}",
    "service.busy": _service_state,
    "service.failed": _service_state,
    "service.refused": "{service} refuses the requests: {reason}",
    "service.up": "{service} is available again",
    "session.failed": "The import stopped: {reason} ({code})",
    "session.started": _session_started,
    "session.state_changed": _state_changed,
}
"""The sentences of frequent events, which name the values of the event."""
