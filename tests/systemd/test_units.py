"""The units themselves: correct, closed as far as may be, and open to music."""

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
)


@pytest.fixture(name="alice")
def _alice(machine: Machine, songs: list[Path]) -> str:
    """The home folder of somebody with music, closed to others."""
    home = f"/home/{ALICE}"
    if not machine.has(home):
        machine.run("useradd", "--create-home", ALICE)
        machine.write(f"{home}/Music/song.mp3", songs[0].read_bytes())
        machine.run("chown", "--recursive", f"{ALICE}:{ALICE}", f"{home}/Music")
        machine.run("chmod", "0750", home)
    return home


def test_units_are_correct(machine: Machine) -> None:
    """There is nothing that systemd has to say about them."""
    done = machine.try_run("systemd-analyze", "verify", "--man=no", *UNITS)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_service_exposure_is_low() -> None:
    """By systemd's own marks it is among the best, at most 1.5."""
    unit = REPOSITORY / "systemd" / "segued.pipeline.one_shot"

    command = ("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
    done = subprocess.run(command, capture_output=True, check=False, text=True)

    assert done.returncode == 0, done.stdout


def test_service_can_only_write_its_own_folders(
    service: ServiceUnit, songs: list[Path]
) -> None:
    """It can write to its own two folders, whomever others belong to."""
    machine = service.machine
    service.add(songs[0])
    places = ("/srv/music", "/home/its-own", "/var/lib/its-own", "/opt/its-own")
    for place in places:
        machine.run("mkdir", "-p", place)
        machine.run("chown", "segued", place)
    service.start()
    enter = ("nsenter", "--target", str(service.main_pid), "--mount", "--")

    def writes(place: str) -> bool:
        touched = ("runuser", "-u", "segued", "--", "touch", f"{place}/x")
        return machine.try_run(*enter, *touched).returncode == 0

    assert not any(writes(place) for place in places)
    assert writes("/var/lib/segued")
    assert writes("/run/segued")


def test_music_in_an_open_home_is_imported(
    service: ServiceUnit, songs: list[Path]
) -> None:
    """Nothing has to be changed for it."""
    service.add(songs[0], "/home/bob/Music")
    service.configure("/home/bob/Music")

    service.start()

    service.wait_until_imported(1)


def test_music_in_a_closed_home_is_imported_by_a_drop_in(
    service: ServiceUnit, alice: str
) -> None:
    """The one that the unit's comments give; it opens that folder alone."""
    text = (REPOSITORY / "systemd" / "segued.pipeline.one_shot").read_text()
    shown = text.partition("[Service]\n")[2].partition("#\n")[0]
    service.drop_in(shown.replace("#     ", "").replace("alice", ALICE))
    service.configure(f"{alice}/Music")
    closed = service.machine.try_run("ls", f"{alice}/Music", user="segued")

    service.start()

    assert closed.returncode != 0
    service.wait_until_imported(1)
    enter = ("nsenter", "--target", str(service.main_pid), "--mount", "--")
    assert ".bashrc" in service.machine.run("ls", "-A", alice)
    assert service.machine.run(*enter, "ls", "-A", alice).split() == ["Music"]


def test_service_runs_as_a_user_unit(machine: Machine, alice: str) -> None:
    """Under their own systemd, without being asked anything."""
    number = machine.run("id", "--user", ALICE).strip()
    machine.write(f"{alice}/{OWN_CONFIG}", "[watching]\nsettle_seconds = 0.1\n")
    machine.run("systemctl", "start", f"user@{number}.service")
    place = (f"XDG_RUNTIME_DIR=/run/user/{number}", f"HOME={alice}")

    def as_alice(*command: str) -> str:
        done = machine.try_run("env", *place, *command, user=ALICE)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    try:
        wrong = as_alice("systemd-analyze", "--user", "verify", "--man=no", OWN_UNIT)
        as_alice("systemctl", "--user", "start", "segued")
        wait_for(lambda: "1 of 1 files" in as_alice("seguectl", "status"))
        active = as_alice("systemctl", "--user", "is-active", "segued").strip()
        said = as_alice("journalctl", "--user", "--unit", "segued", "--output=cat")
    finally:
        machine.run("systemctl", "stop", f"user@{number}.service")

    assert (wrong, active) == ("", "active")
    assert machine.has(f"{alice}/.local/state/segued/library.db")
    assert "is configured, but" not in said
