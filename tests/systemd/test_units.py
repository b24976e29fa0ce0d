"""The unit files: valid, sandboxed, and with access to the music."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.systemd.conftest import REPOSITORY
from tests.systemd.machine import Machine, wait_for
from tests.systemd.service_unit import ServiceUnit

ALICE: Final = "segued-alice"
OWN_CONFIG: Final = ".config/segued/segued.toml"
OWN_UNIT: Final = "/etc/systemd/user/segued.service"
UNITS: Final = (
    "/etc/systemd/system/segued.service",
    "/etc/systemd/system/segued.socket",
    "/etc/systemd/system/segued-node.service",
)


@pytest.fixture(name="alice")
def _alice(machine: Machine, songs: list[Path]) -> str:
    """The home folder of a user with music, closed to other users."""
    home = f"/home/{ALICE}"
    if not machine.has(home):
        machine.run("useradd", "--create-home", ALICE)
        machine.write(f"{home}/Music/song.mp3", songs[0].read_bytes())
        machine.run("chown", "--recursive", f"{ALICE}:{ALICE}", f"{home}/Music")
        machine.run("chmod", "0750", home)
    return home


def test_units_are_correct(machine: Machine) -> None:
    """`systemd-analyze verify` reports nothing."""
    done = machine.try_run("systemd-analyze", "verify", "--man=no", *UNITS)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["segued.service", "segued-node.service"])
def test_service_exposure_is_low(name: str) -> None:
    """`systemd-analyze security` rates it at most 1.5."""
    unit = REPOSITORY / "systemd" / name

    command = ("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
    done = subprocess.run(command, capture_output=True, check=False, text=True)

    assert done.returncode == 0, done.stdout


def test_service_can_only_write_its_own_folders(
    service: ServiceUnit, songs: list[Path]
) -> None:
    """It can write to its two own folders only, even if it owns others."""
    machine = service.machine
    service.add(songs[0])
    folders = ("/srv/music", "/home/its-own", "/var/lib/its-own", "/opt/its-own")
    for folder in folders:
        machine.run("mkdir", "-p", folder)
        machine.run("chown", "segued", folder)
    service.start()
    enter = ("nsenter", "--target", str(service.main_pid), "--mount", "--")

    def writes(folder: str) -> bool:
        touched = ("runuser", "-u", "segued", "--", "touch", f"{folder}/x")
        return machine.try_run(*enter, *touched).returncode == 0

    assert not any(writes(folder) for folder in folders)
    assert writes("/var/lib/segued")
    assert writes("/run/segued")


def test_music_in_an_open_home_is_imported(
    service: ServiceUnit, songs: list[Path]
) -> None:
    """The unit needs no change for it."""
    service.add(songs[0], "/home/bob/Music")
    service.configure("/home/bob/Music")

    service.start()

    service.wait_until_imported(1)


def test_music_in_a_closed_home_is_imported_by_a_drop_in(
    service: ServiceUnit, alice: str
) -> None:
    """The drop-in in the unit's comments gives access to that folder only."""
    text = (REPOSITORY / "systemd" / "segued.service").read_text()
    drop_in = text.partition("[Service]\n")[2].partition("#\n")[0]
    service.drop_in(drop_in.replace("#     ", "").replace("alice", ALICE))
    service.configure(f"{alice}/Music")
    closed = service.machine.try_run("ls", f"{alice}/Music", user="segued")

    service.start()

    assert closed.returncode != 0
    service.wait_until_imported(1)
    enter = ("nsenter", "--target", str(service.main_pid), "--mount", "--")
    assert ".bashrc" in service.machine.run("ls", "-A", alice)
    assert service.machine.run(*enter, "ls", "-A", alice).split() == ["Music"]


def test_service_runs_as_a_user_unit(machine: Machine, alice: str) -> None:
    """Under the user's own systemd, without any configuration of folders."""
    number = machine.run("id", "--user", ALICE).strip()
    machine.write(f"{alice}/{OWN_CONFIG}", "[watching]\nsettle_seconds = 0.1\n")
    machine.run("systemctl", "start", f"user@{number}.service")
    environment = (f"XDG_RUNTIME_DIR=/run/user/{number}", f"HOME={alice}")

    def as_alice(*command: str) -> str:
        done = machine.try_run("env", *environment, *command, user=ALICE)
        assert done.returncode == 0, done.stderr + machine.run(
            "journalctl", "--lines=60"
        )
        return done.stdout + done.stderr

    try:
        wrong = as_alice("systemd-analyze", "--user", "verify", "--man=no", OWN_UNIT)
        as_alice("systemctl", "--user", "start", "segued")
        wait_for(lambda: "1 of 1 files" in as_alice("seguectl", "status"))
        active = as_alice("systemctl", "--user", "is-active", "segued").strip()
        log = as_alice("journalctl", "--user", "--unit", "segued", "--output=cat")
    finally:
        machine.run("systemctl", "stop", f"user@{number}.service")

    assert (wrong, active) == ("", "active")
    assert machine.has(f"{alice}/.local/state/segued/library.db")
    assert "is configured, but" not in log
