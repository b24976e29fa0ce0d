"""The service under a real systemd: start, watchdog, kill, stop, reload, socket."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.systemd.machine import wait_for
from tests.systemd.memory_limit import limit_memory
from tests.systemd.service_unit import CONFIG, ServiceUnit

WATCHDOG_SECONDS: Final = 10
"""Long enough for a daemon that gets little of a busy machine."""
REQUEST_SCRIPT: Final = (
    "seguectl",
    "status",
    "--json",
    "--socket",
    "/run/segued/control.sock",
)
QUICK_RESTART: Final = "RestartSec=100ms"


def wait_until_decoded(service: ServiceUnit, count: int) -> None:
    """Wait until at least `count` files are decoded."""
    wait_for(lambda: sum(service.decode_counts().values()) >= count)


def test_all_codecs_are_imported_in_the_sandbox(
    service: ServiceUnit, songs: list[Path]
) -> None:
    """The sandbox of the unit permits reading, decoding and fingerprinting."""
    for path in songs:
        service.add(path)

    service.start()
    active = service.machine.run("systemctl", "is-active", "segued").strip()
    service.wait_until_imported(len(songs))

    passages = {row["path"]: row for row in service.library("passages")}
    assert active == "active"
    assert set(passages) == {f"/srv/music/{path.name}" for path in songs}
    assert {row["artist"] for row in passages.values()} == {"Marram"}
    assert all(row["fingerprint"] for row in passages.values())
    assert all(row["end_ticks"] > row["start_ticks"] for row in passages.values())
    assert service.library("failures") == []
    wait_for(lambda: all(row["loudness_lufs"] for row in service.library("passages")))


def test_children_keep_their_limit_of_memory(
    service: ServiceUnit, long_files: list[Path]
) -> None:
    """The sandbox does not prevent the address space limit of the children."""
    for path in long_files:
        service.add(path)
    service.start()
    wait_until_decoded(service, 1)

    def limits() -> set[str]:
        limits_found = set()
        for number in service.children():
            with suppress(FileNotFoundError):  # the process has ended
                text = Path(f"/proc/{number}/limits").read_text()
                limits_found |= set(
                    re.findall(r"^Max address space +(\d+)", text, re.MULTILINE)
                )
        return limits_found

    assert wait_for(limits) == {str(2_048 << 20)}


def test_status_shows_how_far_it_is(service: ServiceUnit, songs: list[Path]) -> None:
    """`systemctl status` shows the progress."""
    # The status is sent with each watchdog ping.
    service.drop_in(f"WatchdogSec={WATCHDOG_SECONDS}")
    service.start()
    children = service.children()
    for number in children:
        os.kill(number, signal.SIGSTOP)
    for path in songs:
        service.add(path)

    def progress_shown() -> str | None:
        status = service.machine.run("systemctl", "status", "segued")
        return status if f" of {len(songs)} files" in status else None

    try:
        status = str(wait_for(progress_shown))
    finally:
        for number in children:
            os.kill(number, signal.SIGCONT)
    service.wait_until_imported(len(songs))

    assert f'Status: "Processing: 0 of {len(songs)} files (' in status


def test_hung_daemon_is_restarted_and_continues(
    service: ServiceUnit, long_files: list[Path]
) -> None:
    """The watchdog kills a hung process, and no file is decoded twice."""
    service.drop_in(f"WatchdogSec={WATCHDOG_SECONDS}\n{QUICK_RESTART}")
    for path in long_files:
        service.add(path)
    service.start()
    wait_until_decoded(service, 1)
    before = service.decode_counts()
    hung = service.main_pid

    service.send("STOP", hung)
    wait_for(lambda: service.restarted_since(hung))
    service.wait_until_imported(len(long_files))

    after = service.decode_counts()
    assert service.property_value("NRestarts") == "1"
    assert set(after) == {f"/srv/music/{path.name}" for path in long_files}
    assert all(after[path] == 1 for path in before)


def test_killed_it_is_started_again(service: ServiceUnit, songs: list[Path]) -> None:
    """The new process imports files added meanwhile."""
    service.drop_in(QUICK_RESTART)
    service.start()
    killed = service.main_pid

    service.send("KILL", killed)
    service.add(songs[0])
    wait_for(lambda: service.restarted_since(killed))

    service.wait_until_imported(1)


def test_out_of_memory_daemon_is_restarted_and_continues(
    service: ServiceUnit, long_files: list[Path]
) -> None:
    """Killed by the OOM killer during an import; no file is decoded twice."""
    service.drop_in(QUICK_RESTART)
    for path in long_files:
        service.add(path)
    service.start()
    wait_until_decoded(service, 1)
    killed = service.main_pid

    with limit_memory(service.main_pid_on_host) as group:
        wait_for(lambda: "oom_kill 1" in group.oom_events())
        wait_for(lambda: service.restarted_since(killed))
    before = service.decode_counts()
    service.wait_until_imported(len(long_files))

    after = service.decode_counts()
    assert service.property_value("NRestarts") == "1"
    assert set(after) == {f"/srv/music/{path.name}" for path in long_files}
    assert all(after[path] == 1 for path in before)


def test_stopped_daemon_continues_after_restart(
    service: ServiceUnit, long_files: list[Path]
) -> None:
    """It stops cleanly during an import, and each file is decoded once."""
    for path in long_files:
        service.add(path)
    service.start()
    wait_until_decoded(service, 1)

    service.stop()
    result, states = service.property_value("Result"), set(service.files().values())
    service.start()
    service.wait_until_imported(len(long_files))

    assert result == "success"
    assert "PENDING" in states
    assert "PROCESSING" not in states
    assert set(service.decode_counts().values()) == {1}
    assert len(service.library("passages")) == len(long_files)


def test_reload_adds_a_folder(service: ServiceUnit, songs: list[Path]) -> None:
    """Without a restart; with an invalid configuration, it fails visibly."""
    service.add(songs[0])
    service.add(songs[1], "/srv/more")
    service.start()
    service.wait_until_imported(1)
    process = service.main_pid

    service.configure("/srv/music", "/srv/more")
    service.machine.run("systemctl", "reload", "segued")
    service.wait_until_imported(2)
    service.configure("/srv/music", "/srv/more", 5)  # type: ignore[arg-type]
    refused = service.machine.try_run("systemctl", "reload", "segued")
    service.machine.run("journalctl", "--sync")
    log = service.machine.run("journalctl", "--unit=segued", "--output=cat")
    service.send("HUP")  # without the check in the unit

    assert refused.returncode != 0
    assert f"segued: {CONFIG}, line 2: [library] folders = [" in log
    assert wait_for(lambda: service.journal_entries("config.refused"))
    assert service.property_value("ActiveState") == "active"
    assert service.main_pid == process


def test_members_of_the_group_read_the_library(
    service: ServiceUnit, songs: list[Path]
) -> None:
    """By the daemon, since the file is closed to them; others learn who may."""
    machine = service.machine
    machine.run("useradd", "--groups", "segued", "segued-reader")
    service.add(songs[0])
    service.start()
    service.wait_until_imported(1)
    song = f"/srv/music/{songs[0].name}"

    rows = machine.try_run("segued", "library", "--json", user="segued-reader")
    table = machine.try_run("segued", "library", user="segued-reader")
    reasons = machine.try_run("seguectl", "explain", song, user="segued-reader")
    outsider = machine.try_run("segued", "library", user="nobody")
    root = machine.try_run("segued", "library")

    assert json.loads(rows.stdout)["path"] == song
    assert "Library: /var/lib/segued/library.db (of the daemon" in table.stderr
    assert song in table.stdout
    assert "Passage 1 of 1" in reasons.stdout, reasons.stderr
    assert outsider.returncode == 4
    assert "it is for the group segued" in outsider.stderr
    assert root.stdout == table.stdout

    service.stop()
    machine.run("systemctl", "stop", "segued.socket")
    # The machine shares the home folder of root, which may have a library of its own.
    stopped = machine.try_run("env", "HOME=/run/empty", "segued", "library")
    assert "(by /etc/segued/segued.toml)" in stopped.stderr
    assert stopped.stdout == table.stdout


def test_request_activates_the_service(service: ServiceUnit) -> None:
    """A request of a group member on systemd's socket starts the service."""
    machine = service.machine
    machine.run("useradd", "--groups", "segued", "segued-member")
    machine.run("systemctl", "start", "segued.socket")
    before = service.property_value("ActiveState")

    outsider = machine.try_run(*REQUEST_SCRIPT, user="nobody")
    state_after = service.property_value("ActiveState")
    member = machine.try_run(*REQUEST_SCRIPT, user="segued-member")

    assert (before, state_after) == ("inactive", "inactive")
    assert outsider.returncode == 4, outsider.stderr
    assert "it is for the group segued" in outsider.stderr
    assert member.returncode == 0, member.stderr
    assert json.loads(member.stdout)["process"] == service.main_pid

    service.stop()
    again = machine.try_run(*REQUEST_SCRIPT, user="segued-member")

    assert again.returncode == 0, again.stderr


def test_invalid_configuration_stops_the_service(
    service: ServiceUnit, songs: list[Path]
) -> None:
    """It is not restarted, not even for a waiting request."""
    machine = service.machine
    service.add(songs[0])
    machine.write(CONFIG, "[library]\nfolder = 5\n")

    machine.try_run("systemctl", "start", "segued")
    ended = (
        service.property_value("ExecMainStatus"),
        service.property_value("NRestarts"),
    )
    request = machine.try_run(*REQUEST_SCRIPT)
    wait_for(lambda: service.property_value("ActiveState", "segued.socket") == "failed")

    assert ended == ("2", "0")
    assert request.returncode == 4
    assert "the daemon ended before it answered; why is in: systemctl status" in (
        request.stderr
    )

    service.configure("/srv/music")
    machine.run("systemctl", "reset-failed")
    service.start()
    service.wait_until_imported(1)


def test_unresponsive_journal_does_not_block_imports(
    service: ServiceUnit, long_files: list[Path]
) -> None:
    """Log entries are dropped, and the files are imported."""
    machine = service.machine
    service.start()
    machine.run("systemctl", "kill", "--signal=STOP", "systemd-journald")
    try:
        for path in long_files:
            service.add(path)
        service.wait_until_imported(len(long_files))
    finally:
        machine.run("systemctl", "kill", "--signal=CONT", "systemd-journald")

    assert service.property_value("NRestarts") == "0"


def test_the_journal_has_fields(service: ServiceUnit, songs: list[Path]) -> None:
    """A sentence as message; file, phase, worker and code as fields."""
    service.add(songs[0])
    service.machine.write("/srv/music/broken.mp3", "not music at all" * 100)
    service.start()

    done = wait_for(lambda: service.journal_entries("file.done"))[0]
    failed = wait_for(lambda: service.journal_entries("file.failed"))[0]
    saved = service.journal_entries("phase.saved")[0]

    name = f"/srv/music/{songs[0].name}"
    assert done["MESSAGE"] == f"Imported: {name}"
    assert done["SEGUED_FILE"] == name
    assert done["SEGUED_STATUS"] == "INGEST COMPLETE"
    assert json.loads(done["SEGUED_TOOK_MS"])
    assert done["_SYSTEMD_UNIT"] == "segued.service"
    assert done["SYSLOG_IDENTIFIER"] == "segued"
    assert done["PRIORITY"] == "6"
    assert failed["PRIORITY"] == "4"
    assert failed["SEGUED_FILE"] == "/srv/music/broken.mp3"
    assert failed["SEGUED_CODE"] in failed["MESSAGE"]
    assert int(saved["SEGUED_WORKER"]) >= 0
    assert saved["SEGUED_PHASE"]


def test_second_daemon_exits_without_restart(service: ServiceUnit) -> None:
    """It exits with code 3, and is not restarted."""
    machine = service.machine
    text = machine.run("cat", "/etc/systemd/system/segued.service")
    text = text.replace("segued.socket", "").replace(
        "RuntimeDirectory=segued", "RuntimeDirectory=second"
    )
    machine.write("/etc/systemd/system/second.service", text)
    machine.run("systemctl", "daemon-reload")
    service.start()

    second = machine.try_run("systemctl", "start", "second")

    properties = ("NRestarts", "ExecMainStatus", "ActiveState")
    output = machine.run(
        "systemctl", "show", "second", *(f"--property={each}" for each in properties)
    )
    assert second.returncode != 0
    assert set(output.split()) == {
        "NRestarts=0",
        "ExecMainStatus=3",
        "ActiveState=failed",
    }
    assert service.property_value("ActiveState") == "active"
