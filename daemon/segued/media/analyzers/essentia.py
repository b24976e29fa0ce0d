"""What Essentia measures of a passage; the only importer of `essentia`.

An extra: large, and slow (2.5 s of CPU for a minute of sound). Takes all the
memory it wants, and has been seen to crash: for a child process with limits.
"""

import importlib.util
import json
import math
from collections.abc import Mapping
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np

from segued.errors import DecodeError

__all__ = [
    "classify",
    "extract_low_level",
    "installed_version",
    "is_installed",
    "models_version",
]

SIGNIFICANT_DIGITS: Final = 7
"""As many as its numbers have: they are floats of 32 bits."""

MODELS_PATTERN: Final = "*.history"

MISCOMPILED_MESSAGE: Final = "Couldn't find node"
"""What every classifier comes to in Essentia's own packages of 2020 and later: with
GCC 9, each loop of Qt 4 ends after its first turn, and Gaia finds no descriptor."""


def is_installed() -> bool:
    """Return whether Essentia is installed, without loading it."""
    return importlib.util.find_spec("essentia") is not None


def installed_version() -> str:
    """Return which Essentia is installed, without loading it; it must be."""
    return metadata.version("essentia")


def models_version(folder: Path) -> str | None:
    """Return what tells the classifiers in a folder from others; None: there are none.

    Raises:
        OSError: The folder cannot be looked into.
    """
    found = sorted(folder.glob(MODELS_PATTERN))
    if not found:
        return None
    digest = blake2b(digest_size=8)
    for each in found:
        status = each.stat()
        digest.update(f"{each.name}/{status.st_size}/{status.st_mtime_ns}/".encode())
    return digest.hexdigest()


def extract_low_level(path: bytes, wav_path: str) -> bytes:
    """Return all that Essentia's MusicExtractor measures of a WAV file, as JSON.

    By the names of its pool, which are those of AcousticBrainz's low-level
    documents: "lowlevel.average_loudness", "tonal.key_edma.key".

    Args:
        path: The music file it is about, for errors.
        wav_path: The WAV file.

    Raises:
        DecodeError: Essentia could make nothing of it; says why.
    """
    from essentia.standard import MusicExtractor  # noqa: PLC0415

    _silence_log()
    try:
        pool, _ = MusicExtractor()(wav_path)
    except RuntimeError as error:
        reason = str(error).replace(wav_path, "the passage")
        raise DecodeError(path, f"Essentia could not measure it: {reason}") from error
    found = {
        name: _to_json_value(pool[name])
        for name in pool.descriptorNames()
        if not name.startswith("metadata.tags.")
    }
    return json.dumps(found, separators=(",", ":")).encode()


def classify(path: bytes, measured: bytes, models: str, temp_folder: str) -> bytes:
    """Return what trained classifiers say, as JSON: characteristic, class, share.

    Args:
        path: The music file it is about, for errors.
        measured: What `extract_low_level` returned, today or years ago.
        models: Folder of Gaia's classifiers (`*.history`).
        temp_folder: Folder for a temporary file.

    Raises:
        DecodeError: A classifier is broken, or does not fit; says which.
    """
    from essentia import Pool  # noqa: PLC0415
    from essentia.standard import MusicExtractorSVM, YamlInput  # noqa: PLC0415

    _silence_log()
    # The one way to a pool in which all is of the kind that it was.
    document = Path(temp_folder, "measured.json")
    document.write_text(json.dumps(_nest_by_dots(json.loads(measured))))
    pool = YamlInput(filename=str(document), format="json")()
    try:
        svms = [str(each) for each in sorted(Path(models).glob(MODELS_PATTERN))]
        # Its Python wraps and unwraps the pools of all algorithms but this one.
        results = Pool(MusicExtractorSVM(svms=svms)(pool.cppPool))
    except RuntimeError as error:
        reason = str(error).replace(f"{models}/", "")
        if MISCOMPILED_MESSAGE in reason:
            reason = (
                "this build of Essentia cannot run any (GCC 9 and Qt 4 broke its Gaia)"
            )
        raise DecodeError(path, f"its classifiers cannot be used: {reason}") from error
    found: dict[str, dict[str, float]] = {}
    for name in results.descriptorNames():
        # "highlevel.mood_sad.all.not_sad"
        match name.split("."):
            case ["highlevel", characteristic, "all", each]:
                found.setdefault(characteristic, {})[each] = float(results[name])
    return json.dumps(found).encode()


def _silence_log() -> None:
    import essentia  # noqa: PLC0415

    essentia.log.infoActive = False
    essentia.log.warningActive = False


def _to_json_value(value: Any) -> Any:  # noqa: ANN401
    """Return a value of a pool as JSON has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | np.ndarray):
        return [_to_json_value(each) for each in value]
    number = float(f"{float(value):.{SIGNIFICANT_DIGITS}g}")
    return number if math.isfinite(number) else None


def _nest_by_dots(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by dotted names as Essentia's own documents have them."""
    found: dict[str, Any] = {}
    for name, value in flat.items():
        if value is None:
            continue  # it was no number
        *above, last = name.split(".")
        place = found
        for each in above:
            place = place.setdefault(each, {})
        place[last] = value
    return found
