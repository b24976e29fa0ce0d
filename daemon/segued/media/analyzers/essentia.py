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

__all__ = ["available", "classified", "low_level", "models_version", "version"]

DIGITS: Final = 7
"""As many as its numbers have: they are floats of 32 bits."""

MODELS: Final = "*.history"

MISCOMPILED: Final = "Couldn't find node"
"""What every classifier comes to in Essentia's own packages of 2020 and later: with
GCC 9, each loop of Qt 4 ends after its first turn, and Gaia finds no descriptor."""


def available() -> bool:
    """Return whether Essentia is installed, without loading it."""
    return importlib.util.find_spec("essentia") is not None


def version() -> str:
    """Return which Essentia is installed, without loading it; it must be."""
    return metadata.version("essentia")


def models_version(folder: Path) -> str | None:
    """Return what tells the classifiers in a folder from others; None: there are none.

    Raises:
        OSError: The folder cannot be looked into.
    """
    found = sorted(folder.glob(MODELS))
    if not found:
        return None
    seen = blake2b(digest_size=8)
    for each in found:
        status = each.stat()
        seen.update(f"{each.name}/{status.st_size}/{status.st_mtime_ns}/".encode())
    return seen.hexdigest()


def low_level(path: bytes, wave: str) -> bytes:
    """Return all that Essentia's MusicExtractor measures of a WAV file, as JSON.

    By the names of its pool, which are those of AcousticBrainz's low-level
    documents: "lowlevel.average_loudness", "tonal.key_edma.key".

    Args:
        path: The music file it is about, for errors.
        wave: The WAV file.

    Raises:
        DecodeError: Essentia could make nothing of it; says why.
    """
    from essentia.standard import MusicExtractor  # noqa: PLC0415

    _hush()
    try:
        pool, _ = MusicExtractor()(wave)
    except RuntimeError as error:
        words = str(error).replace(wave, "the passage")
        raise DecodeError(path, f"Essentia could not measure it: {words}") from error
    found = {
        name: _plain(pool[name])
        for name in pool.descriptorNames()
        if not name.startswith("metadata.tags.")
    }
    return json.dumps(found, separators=(",", ":")).encode()


def classified(path: bytes, measured: bytes, models: str, place: str) -> bytes:
    """Return what trained classifiers say, as JSON: characteristic, class, share.

    Args:
        path: The music file it is about, for errors.
        measured: What `low_level` returned, today or years ago.
        models: Folder of Gaia's classifiers (`*.history`).
        place: Folder for a temporary file.

    Raises:
        DecodeError: A classifier is broken, or does not fit; says which.
    """
    from essentia import Pool  # noqa: PLC0415
    from essentia.standard import MusicExtractorSVM, YamlInput  # noqa: PLC0415

    _hush()
    # The one way to a pool in which all is of the kind that it was.
    document = Path(place, "measured.json")
    document.write_text(json.dumps(_nested(json.loads(measured))))
    pool = YamlInput(filename=str(document), format="json")()
    try:
        svms = [str(each) for each in sorted(Path(models).glob(MODELS))]
        # Its Python wraps and unwraps the pools of all algorithms but this one.
        told = Pool(MusicExtractorSVM(svms=svms)(pool.cppPool))
    except RuntimeError as error:
        words = str(error).replace(f"{models}/", "")
        if MISCOMPILED in words:
            words = (
                "this build of Essentia cannot run any (GCC 9 and Qt 4 broke its Gaia)"
            )
        raise DecodeError(path, f"its classifiers cannot be used: {words}") from error
    found: dict[str, dict[str, float]] = {}
    for name in told.descriptorNames():
        # "highlevel.mood_sad.all.not_sad"
        match name.split("."):
            case ["highlevel", characteristic, "all", each]:
                found.setdefault(characteristic, {})[each] = float(told[name])
    return json.dumps(found).encode()


def _hush() -> None:
    import essentia  # noqa: PLC0415

    essentia.log.infoActive = False
    essentia.log.warningActive = False


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value of a pool as JSON has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | np.ndarray):
        return [_plain(each) for each in value]
    number = float(f"{float(value):.{DIGITS}g}")
    return number if math.isfinite(number) else None


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
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
