"""`segued flavor install-models`: the networks that say how music sounds.

They are 6 MB, made from what the author of musicnn published as a Python package.
The package itself runs only with libraries of 2019, so it is not installed: what the
networks learned is taken out of it, and drawn anew.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import numpy as np

from segued.config.config import Config
from segued.errors import ConfigError
from segued.exit_codes import Exit
from segued.media.analyzers.musicnn import (
    MODELS,
    RATE,
    VERSION,
    Tagger,
    is_installed,
    model_file,
)
from segued.media.analyzers.musicnn_onnx import convert
from segued.media.analyzers.tf_checkpoint import arrays

__all__ = ["run_install_models"]

WHEEL: Final = "musicnn==0.1.0"
SHA256: Final = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
DOWNLOAD_SECONDS: Final = 900
MEMBER_BYTES_MAX: Final = 16 << 20

CHECKPOINT: Final = ("musicnn/{}/.index", "musicnn/{}/.data-00000-of-00001")
LICENSE: Final = "musicnn-0.1.0.dist-info/LICENSE.md"
LICENSE_HERE: Final = "musicnn-LICENSE.md"

PACKAGES: Final = ("onnx", "onnxruntime")

UNFINISHED: Final = ".installing-"

CHORD_HERTZ: Final = (220.0, 277.18, 329.63)
HEARD: Final = {
    ("msd", "ambient"): 0.538,
    ("msd", "electronic"): 0.132,
    ("mtt", "flute"): 0.097,
    ("mtt", "slow"): 0.091,
}
"""What the networks say of a chord, with TensorFlow as well."""

HEARD_OFF_MAX: Final = 0.01


def run_install_models(given: argparse.Namespace, config: Config) -> int:
    """Install the networks, unless they are there; return the exit code.

    Args:
        given: `again` to install them even so, `wheel` for the package as a file
            instead of a download, or None, and `json`.
        config: Says where they belong.

    Raises:
        ConfigError: They are not installed, nor any part of them; says why.
    """
    folder = config.models_folder
    present = is_installed(folder) and not given.again
    if not present:
        try:
            _install(folder, given.wheel)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"{folder}: nothing is installed: {reason}") from error
    if given.json:
        state = "PRESENT" if present else "INSTALLED"
        told = {"state": state, "version": VERSION, "folder": str(folder)}
        print(json.dumps(told))  # noqa: T201
    else:
        done = "is already" if present else "is installed"
        print(f"{VERSION} {done} in {folder}")  # noqa: T201
    return Exit.ALL_DONE


def _install(folder: Path, wheel: str | None) -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"{' and '.join(missing)} missing here: `pip install segued[tags]`"
        )
    with _unfinished(folder) as place:
        package = Path(wheel) if wheel else _download(place)
        _check(package)
        files = _made(package, place)
        _try_out(place)
        for file in files:
            _keep(file)
        for file in files:
            file.replace(folder / file.name)
        _keep(folder)


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """Make a folder for what is not finished; nothing of it is left afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Left by one that was killed.
        for left in folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as place:
            yield Path(place)
    except BlockingIOError as error:
        raise ConfigError(f"{folder}: somebody else installs into it now") from error
    finally:
        os.close(lock)
        with suppress(OSError):
            folder.rmdir()


def _download(place: Path) -> Path:
    """Let pip find the package, wherever it finds packages here."""
    print(f"downloading {VERSION}, 29 MB ...", file=sys.stderr)  # noqa: T201
    wanted = place / "wanted.txt"
    wanted.write_text(f"{WHEEL} --hash=sha256:{SHA256}\n")
    how = ("--no-deps", "--only-binary=:all:", "--require-hashes", "--no-cache-dir")
    patience = ("--retries=2", "--timeout=20", "--no-input", "--quiet")
    command = (sys.executable, "-m", "pip", "--disable-pip-version-check", "download")
    places = (f"--requirement={wanted}", f"--dest={place}")
    try:
        pip = subprocess.run(  # noqa: S603
            (*command, *how, *patience, *places),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd=place,
            text=True,
            errors="replace",
            timeout=DOWNLOAD_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigError(
            f"{VERSION} could not be downloaded in {DOWNLOAD_SECONDS // 60} minutes"
        ) from error
    found = next(place.glob("*.whl"), None)
    if pip.returncode or found is None:
        raise ConfigError(f"{VERSION} could not be downloaded: {_reason(pip.stderr)}")
    return found


def _reason(said: str) -> str:
    """Return why pip failed, in one line of its own."""
    if "DO NOT MATCH THE HASHES" in said:
        return "what came is not what its author published"
    if "connection broken by" in said or "ConnectionError" in said:
        return "the package index cannot be reached"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip does not say why"])[0].removeprefix("ERROR: ")


def _check(package: Path) -> None:
    try:
        with package.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{package}: cannot be read: {error.strerror}") from error
    if found != SHA256:
        raise ConfigError(f"{package.name} is not {VERSION} as its author published it")


def _made(package: Path, place: Path) -> list[Path]:
    """Draw the networks, and put the licence beside them; return these files."""
    try:
        with zipfile.ZipFile(package) as wheel:
            licence = place / LICENSE_HERE
            licence.write_bytes(_member(wheel, LICENSE))
            files = [licence]
            for name, theirs in MODELS.items():
                index, data = (
                    _member(wheel, each.format(theirs)) for each in CHECKPOINT
                )
                files.append(model_file(place, name))
                convert(arrays(index, data), files[-1])
    except (zipfile.BadZipFile, KeyError) as error:
        raise ConfigError(f"{package.name} is damaged: {error}") from error
    return files


def _member(wheel: zipfile.ZipFile, name: str) -> bytes:
    if wheel.getinfo(name).file_size > MEMBER_BYTES_MAX:
        raise zipfile.BadZipFile(f"{name} is too large")
    return wheel.read(name)


def _try_out(place: Path) -> None:
    """Let the networks hear a chord, and see that they say what they should."""
    seconds = np.arange(4 * RATE) / RATE
    chord = np.sin(2 * np.pi * np.outer(seconds, CHORD_HERTZ)).mean(axis=1)
    tagger = Tagger(place)
    tagger.hear(chord.astype(np.float32))
    told = tagger.told()
    for (name, tag), fits in HEARD.items():
        if not abs(told[name][tag] - fits) <= HEARD_OFF_MAX:
            raise ConfigError(
                f"the networks do not work here: they call a chord {tag} to "
                f"{told[name][tag]:.3f}, and should to {fits:.3f}"
            )


def _keep(path: Path) -> None:
    """Have a file, or the names in a folder, written to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
