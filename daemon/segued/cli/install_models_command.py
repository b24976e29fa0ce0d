"""`segued flavor install-models`: installs the networks of musicnn, as ONNX files.

They have 2 MB and are made from the Python package that the author of musicnn
published. The package itself runs only with libraries of 2019, so it is not
installed: the weights are read from it and written as ONNX models.
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
from segued.exit_codes import ExitCode
from segued.media.analyzers.musicnn import (
    MODELS,
    RATE,
    VERSION,
    Tagger,
    is_installed,
    model_file,
)
from segued.media.analyzers.musicnn_onnx import write_onnx_model
from segued.media.analyzers.tf_checkpoint import read_arrays

__all__ = ["run_install_models"]

WHEEL: Final = "musicnn==0.1.0"
SHA256: Final = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
DOWNLOAD_SECONDS: Final = 900
MEMBER_BYTES_MAX: Final = 16 << 20

CHECKPOINT: Final = ("musicnn/{}/.index", "musicnn/{}/.data-00000-of-00001")
LICENSE: Final = "musicnn-0.1.0.dist-info/LICENSE.md"
LICENSE_TARGET: Final = "musicnn-LICENSE.md"

REQUIRED_PACKAGES: Final = ("onnx", "onnxruntime")

TEMPORARY_PREFIX: Final = ".installing-"

CHORD_HERTZ: Final = (220.0, 277.18, 329.63)
EXPECTED_SCORES: Final = {
    ("msd", "ambient"): 0.538,
    ("msd", "electronic"): 0.132,
    ("mtt", "flute"): 0.097,
    ("mtt", "slow"): 0.091,
}
"""The scores of CHORD_HERTZ by model and tag; TensorFlow computes the same."""

SCORE_TOLERANCE: Final = 0.01


def run_install_models(args: argparse.Namespace, config: Config) -> int:
    """Install the networks, unless they are installed; return the exit code.

    Args:
        args: `again` to replace installed networks, `wheel` for a package file
            instead of a download (or None), and `json`.
        config: Names the folder to install into.

    Raises:
        ConfigError: The installation failed; nothing is installed.
    """
    folder = config.models_folder
    present = is_installed(folder) and not args.again
    if not present:
        try:
            _install(folder, args.wheel)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"{folder}: nothing is installed: {reason}") from error
    if args.json:
        state = "PRESENT" if present else "INSTALLED"
        result = {"state": state, "version": VERSION, "folder": str(folder)}
        print(json.dumps(result))  # noqa: T201
    else:
        done = "is already" if present else "is installed"
        print(f"{VERSION} {done} in {folder}")  # noqa: T201
    return ExitCode.ALL_DONE


def _install(folder: Path, wheel: str | None) -> None:
    missing = [
        name for name in REQUIRED_PACKAGES if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise ConfigError(
            f"{' and '.join(missing)} not installed: `pip install segued[tags]`"
        )
    with _temporary_folder(folder) as temporary:
        package = Path(wheel) if wheel else _download(temporary)
        _check_hash(package)
        files = _convert_models(package, temporary)
        _verify_models(temporary)
        for file in files:
            _fsync(file)
        for file in files:
            file.replace(folder / file.name)
        _fsync(folder)


@contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """Make a temporary folder in `folder`, and remove it afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A killed installation leaves its folder behind.
        for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            prefix=TEMPORARY_PREFIX, dir=folder
        ) as temporary:
            yield Path(temporary)
    except BlockingIOError as error:
        raise ConfigError(f"{folder}: another installation is running") from error
    finally:
        os.close(lock)
        with suppress(OSError):
            folder.rmdir()


def _download(folder: Path) -> Path:
    """Download the package with pip, from the index that pip is configured for."""
    print(f"downloading {VERSION}, 29 MB ...", file=sys.stderr)  # noqa: T201
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{WHEEL} --hash=sha256:{SHA256}\n")
    pip_options = (
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--no-cache-dir",
    )
    network_options = ("--retries=2", "--timeout=20", "--no-input", "--quiet")
    command = (sys.executable, "-m", "pip", "--disable-pip-version-check", "download")
    paths = (f"--requirement={requirements}", f"--dest={folder}")
    try:
        pip = subprocess.run(  # noqa: S603
            (*command, *pip_options, *network_options, *paths),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd=folder,
            text=True,
            errors="replace",
            timeout=DOWNLOAD_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigError(
            f"{VERSION} could not be downloaded in {DOWNLOAD_SECONDS // 60} minutes"
        ) from error
    wheel = next(folder.glob("*.whl"), None)
    if pip.returncode or wheel is None:
        raise ConfigError(
            f"{VERSION} could not be downloaded: {_pip_error(pip.stderr)}"
        )
    return wheel


def _pip_error(stderr: str) -> str:
    """Return in one line why pip failed."""
    if "DO NOT MATCH THE HASHES" in stderr:
        return "the downloaded file is not what its author published"
    if "connection broken by" in stderr or "ConnectionError" in stderr:
        return "the package index cannot be reached"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip gives no reason"])[0].removeprefix("ERROR: ")


def _check_hash(package: Path) -> None:
    try:
        with package.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{package}: cannot be read: {error.strerror}") from error
    if digest != SHA256:
        raise ConfigError(f"{package.name} is not {VERSION} as its author published it")


def _convert_models(package: Path, folder: Path) -> list[Path]:
    """Write the networks and their license into `folder`; return these files."""
    try:
        with zipfile.ZipFile(package) as wheel:
            license_file = folder / LICENSE_TARGET
            license_file.write_bytes(_read_member(wheel, LICENSE))
            files = [license_file]
            for name, package_name in MODELS.items():
                index, data = (
                    _read_member(wheel, each.format(package_name))
                    for each in CHECKPOINT
                )
                files.append(model_file(folder, name))
                write_onnx_model(read_arrays(index, data), files[-1])
    except (zipfile.BadZipFile, KeyError) as error:
        raise ConfigError(f"{package.name} is damaged: {error}") from error
    return files


def _read_member(wheel: zipfile.ZipFile, name: str) -> bytes:
    if wheel.getinfo(name).file_size > MEMBER_BYTES_MAX:
        raise zipfile.BadZipFile(f"{name} is too large")
    return wheel.read(name)


def _verify_models(folder: Path) -> None:
    """Check that the networks give a synthetic chord its EXPECTED_SCORES."""
    seconds = np.arange(4 * RATE) / RATE
    chord = np.sin(2 * np.pi * np.outer(seconds, CHORD_HERTZ)).mean(axis=1)
    tagger = Tagger(folder)
    tagger.feed(chord.astype(np.float32))
    result = tagger.result()
    for (name, tag), expected in EXPECTED_SCORES.items():
        if not abs(result[name][tag] - expected) <= SCORE_TOLERANCE:
            raise ConfigError(
                f"the networks do not work here: a chord scores "
                f"{result[name][tag]:.3f} for {tag} instead of {expected:.3f}"
            )


def _fsync(path: Path) -> None:
    """Write a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
