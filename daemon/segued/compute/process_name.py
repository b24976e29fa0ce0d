"""The name of a child process: what it does with which file, for `ps` and `top`.

With the optional library setproctitle, the whole command line: "segued: decoding 05 -
Song.flac". Without it, the fifteen bytes that the kernel keeps: "segued:decoding".
"""

import ctypes
import os
from collections.abc import Callable
from typing import Final, TypeVar

try:
    from setproctitle import setproctitle
except ImportError:
    setproctitle = None  # type: ignore[assignment]

__all__ = ["ACTIVITIES", "IDLE", "activity_of", "run_named", "set_name"]

T = TypeVar("T")

PR_SET_NAME: Final = 15
KERNEL_NAME_BYTES: Final = 15

IDLE: Final = "waiting"

ACTIVITIES: Final = {
    "analyze_file": "decoding",
    "analyze_passages": "analyzing",
    "analyze_quickly": "analyzing",
    "classify": "classifying",
    "extract_low_level": "analyzing",
    "fingerprints_of": "fingerprinting",
    "hash_music": "hashing",
    "is_available": "loading libraries",
    "loudness_curve_of": "decoding",
    "make_thumbnails": "scaling",
    "read_tags": "tags of",
    "sidecar_marks": "sheets of",
}
"""What a job is called, by the name of its function."""


def activity_of(function: Callable[..., object]) -> str:
    """Return what a job does, in a word; "reading" for an unknown one."""
    return ACTIVITIES.get(getattr(function, "__name__", ""), "reading")


def run_named(activity: str, path: bytes, function: Callable[[], T]) -> T:
    """Run `function`; this process is named after it meanwhile."""
    set_name(activity, path)
    try:
        return function()
    finally:
        set_name(IDLE)


def set_name(activity: str, path: bytes = b"") -> None:
    """Name this process.

    Args:
        activity: What it does.
        path: The file that it does it with; only its last part is shown.
    """
    if setproctitle is not None:
        file = os.path.basename(path).decode("utf-8", "replace")
        setproctitle(f"segued: {activity} {file}".rstrip())
    # Afterwards, because setproctitle puts the begin of the long name there.
    name = f"segued:{activity}".encode()[:KERNEL_NAME_BYTES]
    ctypes.CDLL(None).prctl(PR_SET_NAME, name)
