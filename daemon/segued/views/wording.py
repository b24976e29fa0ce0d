"""Text for progress and results, shared by the terminal and the daemon's status."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from segued.model import PassedOver, SessionState
from segued.progress.progress import Snapshot
from segued.progress.status import FolderStatus, WorkerStatus
from segued.units import Ticks, ticks_to_seconds

__all__ = [
    "analysis_line",
    "cards_line",
    "codec_name",
    "duration",
    "files",
    "folder_line",
    "group_title",
    "kept_whole",
    "local_time",
    "passed_over_line",
    "position",
    "progress_line",
    "session_line",
    "worker_columns",
]

MINUTE, HOUR = 60, 3600


def duration(seconds: float) -> str:
    """Return a length of time in its most readable unit.

    Example:
        >>> [duration(s) for s in (0.4, 42, 1020, 9000)]
        ['0.4 s', '42 s', '17 min', '2.5 h']
    """
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"


def files(number: int, adjective: str = "") -> str:
    """Return a number of files.

    Example:
        >>> files(1, "failed"), files(5_736)
        ('1 failed file', '5,736 files')
    """
    word = "file" if number == 1 else "files"
    return " ".join(filter(None, (f"{number:,}", adjective, word)))


KEPT_WHOLE: Final[Mapping[str, str]] = {
    "one-song": "its name, folder and tags say that it is one song",
    "pauses": "so few and short silences, in a file as long as a song, are pauses",
    "short": "the sound between is too short for songs",
}
"""Why long silences do not cut a file, by the reason of `KeptSilences`."""


def kept_whole(count: int, longest: Ticks, reason: str) -> str:
    """Return why a file with long silences is one passage.

    Example:
        >>> kept_whole(1, Ticks(28_224_000 * 5), "short")
        'not cut at 1 silence of 5.0 s: the sound between is too short for songs'
    """
    length = f"{ticks_to_seconds(longest):.1f} s"
    silences = f"1 silence of {length}"
    if count > 1:
        silences = f"{count} silences of up to {length}"
    return f"not cut at {silences}: {KEPT_WHOLE[reason]}"


def local_time(stored: str) -> str:
    """Return a stored time, in UTC, as date and time of this time zone.

    Example:
        >>> len(local_time("2026-11-29T18:40:16.123+00:00"))
        16
    """
    return datetime.fromisoformat(stored).astimezone().strftime("%Y-%m-%d %H:%M")


CODECS: Final[Mapping[str, str]] = {
    "aac": "AAC",
    "ac3": "AC-3",
    "alac": "ALAC",
    "alaw": "A-law",
    "ape": "Monkey's Audio",
    "dca": "DTS",
    "eac3": "E-AC-3",
    "flac": "FLAC",
    "mp1": "MP1",
    "mp2": "MP2",
    "mp3": "MP3",
    "mpc7": "Musepack",
    "mpc8": "Musepack",
    "opus": "Opus",
    "tak": "TAK",
    "tta": "TTA",
    "ulaw": "mu-law",
    "vorbis": "Vorbis",
    "wavpack": "WavPack",
    "wmav1": "WMA",
    "wmav2": "WMA",
    "wmalossless": "WMA Lossless",
    "wmapro": "WMA Pro",
}
"""Names of codecs, by those of their decoders without suffix."""

NO_FILES: Final = "no music files yet"

DECODER_SUFFIXES: Final = re.compile(r"float$|_(at|fixed|latm)$|^lib|_layer_iii$")


def codec_name(decoder: str) -> str:
    """Return the name of a codec as people write it.

    Example:
        >>> [codec_name(name) for name in ("mp3float", "pcm_16", "pcm_s24le", "float")]
        ['MP3', 'PCM 16 bit', 'PCM 24 bit', 'PCM 32 bit float']
    """
    if pcm := re.fullmatch(r"pcm_(?P<kind>[suf]?)(?P<bits>8|16|24|32|64)\w*", decoder):
        is_float = " float" if pcm["kind"] == "f" else ""
        return f"PCM {pcm['bits']} bit{is_float}"
    if decoder in ("float", "double"):
        return f"PCM {32 if decoder == 'float' else 64} bit float"
    plain = DECODER_SUFFIXES.sub("", decoder)
    return CODECS.get(plain, plain)


def position(ticks: int) -> str:
    """Return a position in a recording, in minutes and seconds.

    Example:
        >>> position(28_224_000 * 83 // 2), position(28_224_000 * 60 - 1)
        ('0:41.50', '1:00.00')
    """
    minutes, seconds = divmod(round(ticks_to_seconds(ticks), 2), MINUTE)
    return f"{minutes:.0f}:{seconds:05.2f}"


def progress_line(snapshot: Snapshot) -> str:
    """Return the progress of a session in one line."""
    count = f"{snapshot.done:,} of {snapshot.total:,} files ({snapshot.percent:.1f} %)"
    # A share of nothing is none: "0.0 %" beside COMPLETED would look like a failure.
    parts = [count if snapshot.total else NO_FILES]
    if snapshot.rate is not None:
        parts.append(f"{snapshot.rate:.1f} files/s")
    is_running = snapshot.state in (SessionState.SCANNING, SessionState.PROCESSING)
    if snapshot.time_left and is_running and snapshot.done < snapshot.total:
        parts.append(f"about {duration(snapshot.time_left)} left")
    if snapshot.failed:
        parts.append(f"{snapshot.failed:,} failed")
    if snapshot.deferred:
        parts.append(f"{snapshot.deferred:,} deferred")
    if snapshot.analyzed < snapshot.done:
        parts.append(f"{snapshot.analyzed:,} fully analyzed")
    if snapshot.again:
        parts.append(f"{snapshot.again:,} continued with new answers")
    if snapshot.lookups:
        word = "lookup" if snapshot.lookups == 1 else "lookups"
        parts.append(f"{snapshot.lookups:,} {word} to go")
    return "   ".join(parts)


def cards_line(cards: int) -> str:
    """Return how many albums and files have questions for a person, and where."""
    needs = "album or file needs" if cards == 1 else "albums or files need"
    return f"{cards:,} {needs} you: seguectl review"


def analysis_line(snapshot: Snapshot, opens_at: str = "") -> str:
    """Return the state of the analysis of imported files; empty if none is pending.

    It is "waits until 22:00", or "1,200 files to go   310 files/h   about 3.9 h left",
    with the note that it may be stopped once all files are imported.

    Args:
        snapshot: The session.
        opens_at: When the active hours begin, "22:00"; empty while they last.
    """
    pending = snapshot.done - snapshot.analyzed
    if not pending:
        return ""
    if opens_at:
        return f"waits until {opens_at}"
    parts = [f"{files(pending)} to go"]
    if snapshot.analysis_per_hour is not None:
        parts.append(f"{snapshot.analysis_per_hour:,.0f} files/h")
    if snapshot.analysis_left is not None:
        parts.append(f"about {duration(snapshot.analysis_left)} left")
    if snapshot.done == snapshot.total:
        parts.append("you may stop now, nothing is lost")
    return "   ".join(parts)


def session_line(row: Mapping[str, Any]) -> str:
    """Return the state of a stored session in one line."""
    done, total = row["files_done"], row["files_total"]
    parts = [row["state"], f"{done:,} of {total:,} files" if total else NO_FILES]
    if row["files_failed"]:
        parts.append(f"{row['files_failed']:,} failed")
    parts.append(f"since {local_time(row['started_at'])}")
    if row["ended_at"]:
        parts.append(f"until {local_time(row['ended_at'])}")
    if row["reason"] and row["state"] != "CANCELLED":
        parts.append(row["reason"])
    return "   ".join(parts)


def folder_line(report: FolderStatus) -> str:
    """Return the state of a music folder in one line."""
    parts = [report.root, report.state]
    if report.why:
        parts.append(report.why)
    if report.unsettled:
        parts.append(f"{report.unsettled:,} being written")
    parts += [f"keeps changing: {name}" for name in report.restless]
    parts += [f"not readable: {name}" for name in report.unreadable]
    if report.passed_over:
        parts.append(f"passed over: {passed_over_line(report.passed_over)}")
    return "   ".join(parts)


PASSED_OVER: Final[Mapping[str, tuple[str, str]]] = {
    PassedOver.MOVING_PICTURE: ("video", "videos"),
    PassedOver.LINK: ("link", "links"),
    PassedOver.HIDDEN: ("hidden name", "hidden names"),
    PassedOver.IGNORED_FOLDER: ("ignored folder", "ignored folders"),
    PassedOver.PARTIAL: ("partial download", "partial downloads"),
    PassedOver.NOT_REGULAR: ("special file", "special files"),
    PassedOver.PERMISSION: (
        "folder without permission to read it",
        "folders without permission to read them",
    ),
    PassedOver.UNREADABLE: ("unreadable folder", "unreadable folders"),
    PassedOver.ENDING: ("other file", "other files"),
}
"""Text for one and for several files or folders that a scan passed over, by reason.

Other files, such as covers and texts, come last: they are no cause for concern."""


def passed_over_line(counts: Mapping[str, int]) -> str:
    """Return what scans passed over in one line; empty if nothing.

    Example:
        >>> passed_over_line({"ending": 1_200, "link": 1, "moving-picture": 2})
        '2 videos, 1 link, 1,200 other files'
    """
    return ", ".join(
        f"{counts[reason]:,} {one if counts[reason] == 1 else several}"
        for reason, (one, several) in PASSED_OVER.items()
        if counts.get(reason)
    )


def group_title(name: str, titles: Sequence[str]) -> str:
    """Return the title of a group of counters.

    Args:
        name: The group's key in the snapshot: a word, or the number of a phase.
        titles: The titles of the phases, in order.

    Example:
        >>> [group_title(name, ["Filename matching"]) for name in ("scanning", "1")]
        ['scanning', '1 filename matching']
    """
    return f"{name} {titles[int(name) - 1].lower()}" if name.isdigit() else name


def worker_columns(status: WorkerStatus) -> tuple[str, str, str, str, str]:
    """Return a worker's columns: worker, file, phase, passage, seconds in the phase."""
    passage = ""
    if status.passages is not None:
        # With a single passage, work on all passages is work on the first.
        number = status.passage or (1 if status.passages == 1 else None)
        passage = f"passage {number}/{status.passages}" if number else ""
        passage = passage or f"{status.passages} passages"
    return (
        f"Worker {status.worker}",
        status.name,
        f"Phase {status.phase} {status.title}",
        passage,
        f"{status.seconds:.1f} s" + (" (stalled?)" if status.stalled else ""),
    )
