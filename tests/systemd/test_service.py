"""segued under a real systemd: started, hung, killed, stopped, told what to do."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.systemd.machine import eventually
from tests.systemd.service import CONFIG, Service
from tests.systemd.shortage import starved

WATCHDOG_SECONDS: Final = 2
ASK: Final = ("seguectl", "status", "--json", "--socket", "/run/segued/control.sock")
QUICKLY: Final = "RestartSec=100ms"


def begun(service: Service, count: int) -> None:
    """Wait until so many files are imported, and more are being worked on."""
    eventually(lambda: sum(service.decoded().values()) >= count)


def test_all_codecs_are_imported_inside_the_walls(
    service: Service, songs: list[Path]
) -> None:
    """What the unit forbids, reading, hearing and fingerprinting does not need."""
    for path in songs:
        service.add(path)

    service.start()
    active = service.machine.run("systemctl", "is-active", "segued").strip()
    service.imported(len(songs))

    passages = {row["path"]: row for row in service.library("passages")}
    assert active == "active"
    assert set(passages) == {f"/srv/music/{path.name}" for path in songs}
    assert {row["artist"] for row in passages.values()} == {"Marram"}
    assert all(row["fingerprint"] for row in passages.values())
    assert all(row["end_ticks"] > row["start_ticks"] for row in passages.values())
    assert service.library("failures") == []
    eventually(lambda: all(row["loudness_lufs"] for row in service.library("passages")))


def test_children_keep_their_limit_of_memory(
    service: Service, sides: list[Path]
) -> None:
    """The walls do not keep a child from being bounded."""
    for path in sides:
        service.add(path)
    service.start()
    begun(service, 1)

    def limits() -> set[str]:
        found = set()
        for number in service.children():
            with suppress(FileNotFoundError):  # it has ended
                said = Path(f"/proc/{number}/limits").read_text()
                found |= set(
                    re.findall(r"^Max address space +(\d+)", said, re.MULTILINE)
                )
        return found

    assert eventually(limits) == {str(2_048 << 20)}


def test_status_shows_how_far_it_is(service: Service, songs: list[Path]) -> None:
    """`systemctl status` has a line for it."""
    service.drop_in("WatchdogSec=2")  # it says how it stands as often as it is asked
    service.start()
    children = service.children()
    for number in children:
        os.kill(number, signal.SIGSTOP)
    for path in songs:
        service.add(path)

    def shown() -> str | None:
        said = service.machine.run("systemctl", "status", "segued")
        return said if f" of {len(songs)} files" in said else None

    try:
        said = str(eventually(shown))
    finally:
        for number in children:
            os.kill(number, signal.SIGCONT)
    service.imported(len(songs))

    assert f'Status: "Processing: 0 of {len(songs)} files (' in said


def test_hung_it_is_started_again_and_goes_on(
    service: Service, sides: list[Path]
) -> None:
    """The watchdog ends what does not move, and nothing is done twice."""
    service.drop_in(f"WatchdogSec={WATCHDOG_SECONDS}\n{QUICKLY}")
    for path in sides:
        service.add(path)
    service.start()
    begun(service, 1)
    before = service.decoded()
    hung = service.process

    service.send("STOP", hung)
    eventually(lambda: service.is_another_than(hung))
    service.imported(len(sides))

    after = service.decoded()
    assert service.told("NRestarts") == "1"
    assert set(after) == {f"/srv/music/{path.name}" for path in sides}
    assert all(after[path] == 1 for path in before)


def test_killed_it_is_started_again(service: Service, songs: list[Path]) -> None:
    """And imports what came meanwhile."""
    service.drop_in(QUICKLY)
    service.start()
    killed = service.process

    service.send("KILL", killed)
    service.add(songs[0])
    eventually(lambda: service.is_another_than(killed))

    service.imported(1)


def test_out_of_memory_it_is_started_again_and_goes_on(
    service: Service, sides: list[Path]
) -> None:
    """Ended by the system in the middle of the work; and nothing is done twice."""
    service.drop_in(QUICKLY)
    for path in sides:
        service.add(path)
    service.start()
    begun(service, 1)
    killed = service.process

    with starved(service.process_here) as group:
        eventually(lambda: "oom_kill 1" in group.kills())
        eventually(lambda: service.is_another_than(killed))
    before = service.decoded()
    service.imported(len(sides))

    after = service.decoded()
    assert service.told("NRestarts") == "1"
    assert set(after) == {f"/srv/music/{path.name}" for path in sides}
    assert all(after[path] == 1 for path in before)


def test_stopped_in_the_middle_it_goes_on(service: Service, sides: list[Path]) -> None:
    """It stops at once and in order, and each file is imported once."""
    for path in sides:
        service.add(path)
    service.start()
    begun(service, 1)

    service.stop()
    result, states = service.told("Result"), set(service.files().values())
    service.start()
    service.imported(len(sides))

    assert result == "success"
    assert "PENDING" in states
    assert "PROCESSING" not in states
    assert set(service.decoded().values()) == {1}
    assert len(service.library("passages")) == len(sides)


def test_reload_takes_up_a_new_folder(service: Service, songs: list[Path]) -> None:
    """Without being started again; a configuration that is wrong changes nothing."""
    service.add(songs[0])
    service.add(songs[1], "/srv/more")
    service.start()
    service.imported(1)
    process = service.process

    service.configure("/srv/music", "/srv/more")
    service.machine.run("systemctl", "reload", "segued")
    service.imported(2)
    service.configure("/srv/music", "/srv/more", 5)  # type: ignore[arg-type]
    service.machine.run("systemctl", "reload", "segued")

    assert eventually(lambda: service.entries("config.refused"))
    assert service.told("ActiveState") == "active"
    assert service.process == process


def test_a_question_starts_it(service: Service) -> None:
    """The socket is systemd's; whoever is in the group may ask."""
    machine = service.machine
    machine.run("useradd", "--groups", "segued", "segued-member")
    machine.run("systemctl", "start", "segued.socket")
    before = service.told("ActiveState")

    stranger = machine.attempt(*ASK, user="nobody")
    still = service.told("ActiveState")
    member = machine.attempt(*ASK, user="segued-member")

    assert (before, still) == ("inactive", "inactive")
    assert stranger.returncode == 4, stranger.stderr
    assert "in the group" in stranger.stderr
    assert member.returncode == 0, member.stderr
    assert json.loads(member.stdout)["process"] == service.process

    service.stop()
    again = machine.attempt(*ASK, user="segued-member")

    assert again.returncode == 0, again.stderr


def test_a_wrong_configuration_ends_it(service: Service, songs: list[Path]) -> None:
    """It is not tried again and again, not even for a question that waits."""
    machine = service.machine
    service.add(songs[0])
    machine.write(CONFIG, "[library]\nfolder = 5\n")

    machine.attempt("systemctl", "start", "segued")
    ended = service.told("ExecMainStatus"), service.told("NRestarts")
    asked = machine.attempt(*ASK)
    eventually(lambda: service.told("ActiveState", "segued.socket") == "failed")

    assert ended == ("2", "0")
    assert asked.returncode == 4

    service.configure("/srv/music")
    machine.run("systemctl", "reset-failed")
    service.start()
    service.imported(1)


def test_a_deaf_journal_holds_up_nothing(service: Service, sides: list[Path]) -> None:
    """What cannot be logged is not; the music is imported."""
    machine = service.machine
    service.start()
    machine.run("systemctl", "kill", "--signal=STOP", "systemd-journald")
    try:
        for path in sides:
            service.add(path)
        service.imported(len(sides))
        stall_ms = service.status()["loop_stall_ms"]
    finally:
        machine.run("systemctl", "kill", "--signal=CONT", "systemd-journald")

    assert service.told("NRestarts") == "0"
    assert stall_ms < 1_000


def test_the_journal_has_fields(service: Service, songs: list[Path]) -> None:
    """A sentence for people; file, phase, worker and code to look for."""
    service.add(songs[0])
    service.machine.write("/srv/music/broken.mp3", "not music at all" * 100)
    service.start()

    done = eventually(lambda: service.entries("file.done"))[0]
    failed = eventually(lambda: service.entries("file.failed"))[0]
    saved = service.entries("phase.saved")[0]

    name = f"/srv/music/{songs[0].name}"
    assert done["MESSAGE"] == f"File done: {name}, INGEST COMPLETE"
    assert done["SEGUED_FILE"] == name
    assert done["SEGUED_STATUS"] == "INGEST COMPLETE"
    assert json.loads(done["SEGUED_TOOK_MS"])
    assert done["_SYSTEMD_UNIT"] == "segued.pipeline.one_shot"
    assert done["SYSLOG_IDENTIFIER"] == "segued"
    assert done["PRIORITY"] == "6"
    assert failed["PRIORITY"] == "4"
    assert failed["SEGUED_FILE"] == "/srv/music/broken.mp3"
    assert failed["SEGUED_CODE"] in failed["MESSAGE"]
    assert int(saved["SEGUED_WORKER"]) >= 0
    assert saved["SEGUED_PHASE"]


def test_a_second_daemon_leaves_the_library_alone(service: Service) -> None:
    """It ends with 3, and is not started again and again."""
    machine = service.machine
    text = machine.run("cat", "/etc/systemd/system/segued.service")
    text = text.replace("segued.socket", "").replace(
        "RuntimeDirectory=segued", "RuntimeDirectory=second"
    )
    machine.write("/etc/systemd/system/second.service", text)
    machine.run("systemctl", "daemon-reload")
    service.start()

    second = machine.attempt("systemctl", "start", "second")

    asked = ("NRestarts", "ExecMainStatus", "ActiveState")
    said = machine.run(
        "systemctl", "show", "second", *(f"--property={each}" for each in asked)
    )
    assert second.returncode != 0
    assert set(said.split()) == {
        "NRestarts=0",
        "ExecMainStatus=3",
        "ActiveState=failed",
    }
    assert service.told("ActiveState") == "active"
