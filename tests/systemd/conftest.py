"""Machines on which segued is installed, and files to import there."""

import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from sample_library import Codec, encode, song, tag

from tests.systemd.machine import Machine, boot_machine
from tests.systemd.service_unit import ServiceUnit
from tests.wheel import build_wheel

REPOSITORY: Final = Path(__file__).parent.parent.parent
CODECS: Final[tuple[tuple[Codec, str], ...]] = (
    ("mp3", "mp3"),
    ("flac", "flac"),
    ("aac", "m4a"),
    ("vorbis", "ogg"),
    ("opus", "opus"),
    ("pcm", "wav"),
)
SOURCE: Final = "/usr/local/src/segued"
SOURCES: Final = (
    "config",
    "contrib",
    "daemon",
    "hatch_build.py",
    "pyproject.toml",
    "systemd",
)
INSTALL: Final = (f"{SOURCE}/contrib/install", "--wheels", "/mnt/wheels")
LIBRARIES: Final = "/usr/local/lib/segued-test"
SEED: Final = f"""
import site
with open(f"{{site.getsitepackages()[0]}}/seed.pth", "w") as seed:
    seed.write("{LIBRARIES}")
"""
"""Adds the test environment's libraries to the venv, as if installed."""


@contextmanager
def prepared_machine(folder: Path) -> Iterator[Machine]:
    """Boot a machine with everything that an installation would download."""
    build_wheel(folder)
    libraries = Path(sysconfig.get_path("purelib"))
    binds = [
        (REPOSITORY, "/mnt/repository"),
        (libraries, LIBRARIES),
        (folder, "/mnt/wheels"),
    ]
    with boot_machine(binds) as machine:
        venv = "/opt/segued/venv"
        machine.run("/usr/bin/python3", "-m", "venv", venv)
        machine.run(f"{venv}/bin/python", "-c", SEED)
        # As root's own: the installer refuses a source that others can write.
        machine.run("mkdir", SOURCE)
        sources = [f"/mnt/repository/{name}" for name in SOURCES]
        machine.run("cp", "--recursive", "--no-preserve=mode", *sources, SOURCE)
        machine.run("chmod", "--recursive", "u=rwX,go=rX", SOURCE)
        machine.run("sh", "-c", f"chmod a+x {SOURCE}/contrib/*install")
        yield machine


@pytest.fixture(name="bare_machine", scope="module")
def _bare_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which segued can be installed."""
    with prepared_machine(tmp_path_factory.mktemp("wheels")) as machine:
        yield machine


@pytest.fixture(name="machine", scope="session")
def _machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which segued is installed but not running."""
    with prepared_machine(tmp_path_factory.mktemp("wheels")) as machine:
        machine.run(*INSTALL)
        yield machine


@pytest.fixture(name="service")
def _service(machine: Machine) -> Iterator[ServiceUnit]:
    """The service as it is after an installation."""
    service = ServiceUnit.reset(machine)
    yield service
    machine.run("systemctl", "stop", "segued.socket", "segued.service")


@pytest.fixture(name="songs", scope="session")
def _codec_songs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A song of each usual codec, long enough for a fingerprint."""
    folder = tmp_path_factory.mktemp("songs")
    songs = []
    for number, (codec, suffix) in enumerate(CODECS):
        path = folder / f"song {number}.{suffix}"
        encode(path, song(number, 20.0), 44_100, codec)
        tag(path, {"title": f"Song {number}", "artist": "Marram"})
        songs.append(path)
    return songs


@pytest.fixture(name="long_files", scope="session")
def _long_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six different files of three minutes each."""
    folder = tmp_path_factory.mktemp("sides")
    sides = []
    for number in range(6):
        path = folder / f"side {number}.flac"
        samples = np.tile(song(100 + number, 10.0), (18, 1))
        encode(path, samples, 44_100, "flac")
        tag(path, {"title": f"Side {number}", "artist": "Marram"})
        sides.append(path)
    return sides
