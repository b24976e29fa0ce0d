"""`segued flavor install-models`: all networks are installed, or nothing."""

import fcntl
import json
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from segued.cli.install_models_command import run_install_models
from segued.errors import ConfigError
from segued.media.analyzers.musicnn import is_installed
from tests.musicnn_models import config_with_models, install_command, models_wheel

FILES = ["MSD_musicnn.onnx", "MTT_musicnn.onnx", "musicnn-LICENSE.md"]


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Return the path of a folder that does not exist yet."""
    return tmp_path / "state" / "models"


def folder_contents(folder: Path) -> dict[str, bytes]:
    """Return the content of each file in a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def limit_file_size(bytes_max: int) -> Iterator[None]:
    """Limit the size of the files that this process writes, in bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.slow
def test_install_from_the_package_index(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pip downloads the package; only the networks and the license are kept."""
    code = run_install_models(install_command(), config_with_models(folder))

    assert code == 0
    assert json.loads(capsys.readouterr().out) == {
        "state": "INSTALLED",
        "version": "musicnn 0.1.0",
        "folder": str(folder),
    }
    assert sorted(folder_contents(folder)) == FILES
    assert b"Universitat Pompeu Fabra" in folder_contents(folder)["musicnn-LICENSE.md"]
    assert is_installed(folder)


def test_second_install_does_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Installed networks stay as they are, and the package is not read."""
    run_install_models(
        install_command(wheel=models_wheel()), config_with_models(folder)
    )
    before = {path: path.stat() for path in folder.iterdir()}
    capsys.readouterr()

    run_install_models(
        install_command(wheel=folder / "nowhere"), config_with_models(folder)
    )

    assert json.loads(capsys.readouterr().out)["state"] == "PRESENT"
    assert {path: path.stat() for path in folder.iterdir()} == before


def test_damaged_network_is_reinstalled(folder: Path) -> None:
    """`--again` writes the same files as the first installation."""
    run_install_models(
        install_command(wheel=models_wheel()), config_with_models(folder)
    )
    before = folder_contents(folder)
    (folder / FILES[0]).write_bytes(b"damaged")

    run_install_models(
        install_command(again=True, wheel=models_wheel()), config_with_models(folder)
    )

    assert folder_contents(folder) == before


def test_leftovers_of_a_killed_install_are_removed(folder: Path) -> None:
    """The next installation removes their temporary folder."""
    left = folder / ".installing-1234"
    left.mkdir(parents=True)
    (left / "half.whl").write_bytes(b"half")

    run_install_models(
        install_command(wheel=models_wheel()), config_with_models(folder)
    )

    assert sorted(folder_contents(folder)) == FILES


def test_concurrent_installs(folder: Path) -> None:
    """The second one fails at once, and the first one is not disturbed."""
    folder.mkdir(parents=True)
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)

    try:
        with pytest.raises(ConfigError, match="another installation is running"):
            run_install_models(
                install_command(wheel=models_wheel()), config_with_models(folder)
            )
    finally:
        os.close(lock)


def test_package_index_unreachable(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the package index, and no file is left."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")

    with pytest.raises(ConfigError, match="package index cannot be reached"):
        run_install_models(install_command(), config_with_models(folder))

    assert not folder.exists()


def test_package_with_wrong_hash_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pip accepts only the package with the expected hash."""
    index_folder = tmp_path / "index"
    index_folder.mkdir()
    (index_folder / "musicnn-0.1.0-py3-none-any.whl").write_bytes(
        models_wheel().read_bytes()[:-1]
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index_folder))

    with pytest.raises(ConfigError, match="not what its author published"):
        run_install_models(install_command(), config_with_models(folder))

    assert not folder.exists()


def test_damaged_package_file_is_refused(folder: Path, tmp_path: Path) -> None:
    """A package given as a file is checked by its hash as well."""
    damaged = tmp_path / "damaged.whl"
    damaged.write_bytes(models_wheel().read_bytes()[:-1])

    with pytest.raises(ConfigError, match=r"damaged\.whl is not musicnn"):
        run_install_models(install_command(wheel=damaged), config_with_models(folder))

    assert not folder.exists()


def test_no_such_file(folder: Path, tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(ConfigError, match=r"no\.whl: cannot be read: No such file"):
        run_install_models(
            install_command(wheel=tmp_path / "no.whl"), config_with_models(folder)
        )


@pytest.mark.parametrize("bytes_max", [100_000, 1_000_000, 1_500_000])
def test_full_disk_keeps_existing_models(folder: Path, bytes_max: int) -> None:
    """The installed files do not change, at whichever size the disk is full."""
    run_install_models(
        install_command(wheel=models_wheel()), config_with_models(folder)
    )
    before = folder_contents(folder)

    with (
        limit_file_size(bytes_max),
        pytest.raises(ConfigError, match="nothing is installed"),
    ):
        run_install_models(
            install_command(again=True, wheel=models_wheel()),
            config_with_models(folder),
        )

    assert folder_contents(folder) == before


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_missing_extra_is_reported(
    folder: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the extra to install, before any download."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ConfigError, match=rf"{package} not installed.*segued\[tags\]"):
        run_install_models(install_command(), config_with_models(folder))

    assert not folder.exists()
