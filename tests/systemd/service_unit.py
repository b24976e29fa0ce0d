"""The unit segued.service on a machine, controlled as an administrator does."""

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.systemd.machine import Machine, wait_for

__all__ = ["CONFIG", "ServiceUnit"]

Entry = dict[str, str]
"""The fields of a journal entry."""

CONFIG: Final = "/etc/segued/segued.toml"
DROP_INS: Final = "/etc/systemd/system/segued.service.d"
LEFTOVERS: Final = f"{DROP_INS} /run/segued /var/lib/segued/* /srv/music /srv/more"
"""Files that earlier tests may have left."""

DECODING_PHASE: Final = "4"
"""The most expensive phase; it must not run twice for a file."""

SETTINGS: Final = """\
[library]
folders = {folders}
[watching]
settle_seconds = 0.1
check_seconds = 0.5
[flavoring]
sources = []
loudness = true
[services]
# Nothing listens there.
acoustid_url = "http://127.0.0.1:9"
musicbrainz_url = "http://127.0.0.1:9"
[logging]
level = "debug"
"""


@dataclass(frozen=True)
class ServiceUnit:
    """The unit segued.service on a machine.

    Attributes:
        machine: The machine on which it is installed.
        since_us: When the test started, in microseconds of the journal's clock.
    """

    machine: Machine
    since_us: int

    @classmethod
    def reset(cls, machine: Machine) -> "ServiceUnit":
        """Return the service in the state right after an installation."""
        machine.run("systemctl", "stop", "segued.socket", "segued.service")
        machine.run("sh", "-c", f"rm -rf {LEFTOVERS}; mkdir -p /srv/music")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "reset-failed")
        service = cls(machine, time.time_ns() // 1_000)
        service.configure("/srv/music")
        return service

    def configure(self, *folders: str) -> None:
        """Write a configuration with these music folders."""
        text = SETTINGS.format(folders=json.dumps(folders))
        self.machine.write(CONFIG, text)

    def drop_in(self, text: str) -> None:
        """Write a drop-in, as `systemctl edit` does."""
        self.machine.write(f"{DROP_INS}/test.conf", f"[Service]\n{text}\n")
        self.machine.run("systemctl", "daemon-reload")

    def add(self, source: Path, folder: str = "/srv/music") -> None:
        """Copy a file of the host into a music folder."""
        self.machine.write(f"{folder}/{source.name}", source.read_bytes())

    def start(self) -> None:
        """Start the service; wait until it reports that it is ready."""
        self.machine.run("systemctl", "start", "segued")

    def stop(self) -> None:
        """Stop the service; wait until it has ended."""
        self.machine.run("systemctl", "stop", "segued")

    def property_value(self, name: str, unit: str = "segued.service") -> str:
        """Return a property of this unit or of another one."""
        return self.machine.run(
            "systemctl", "show", unit, "--value", "--property", name
        ).strip()

    @property
    def main_pid(self) -> int:
        """The machine's id of the main process; 0 if there is none."""
        return int(self.property_value("MainPID"))

    def children(self) -> list[int]:
        """Return the host's ids of all its processes except the main one."""
        main = str(self.main_pid)
        return [each for each in self._processes() if _pid_in_namespace(each) != main]

    @property
    def main_pid_on_host(self) -> int:
        """The host's id of the main process."""
        main = str(self.main_pid)
        (pid,) = (each for each in self._processes() if _pid_in_namespace(each) == main)
        return pid

    def _processes(self) -> list[int]:
        group = "/sys/fs/cgroup/system.slice/segued.service/cgroup.procs"
        # Read on the host, the file has the host's ids.
        pids = Path(f"/proc/{self.machine.init}/root{group}").read_text()
        return [int(each) for each in pids.split()]

    def send(self, signal: str, process: int | None = None) -> None:
        """Send a signal to a process, by default to the main one."""
        number = self.main_pid if process is None else process
        # kill(0) would signal the sender itself.
        assert number > 0
        self.machine.run("kill", f"-{signal}", str(number))

    def restarted_since(self, process: int) -> bool:
        """Return whether the service is active with another main process."""
        return (
            self.property_value("ActiveState") == "active" and self.main_pid != process
        )

    def status(self) -> Any:  # noqa: ANN401
        """Return the output of `seguectl status --json`."""
        return json.loads(self.machine.run("seguectl", "status", "--json"))

    def files(self) -> dict[str, str]:
        """Return the status of each file in the library, by path."""
        rows = self.library("files")
        return {row["path"]: row["status"] for row in rows}

    def library(self, topic: str) -> list[dict[str, Any]]:
        """Return the rows of `segued library TOPIC`."""
        database = "/var/lib/segued/library.db"
        if not self.machine.has(database):
            return []
        arguments = ("library", topic, "--json", "--database", database)
        output = self.machine.run("segued", *arguments)
        return [json.loads(line) for line in output.splitlines()]

    def wait_until_imported(self, count: int) -> None:
        """Wait until the library has this many files, all of them imported."""
        wait_for(lambda: Counter(self.files().values()) == {"INGEST COMPLETE": count})

    def journal_entries(self, event: str) -> list[Entry]:
        """Return the journal entries of a log event since the start of the test."""
        self.machine.run("journalctl", "--sync")
        output = self.machine.run(
            "journalctl", "--output=json", f"SEGUED_EVENT={event}"
        )
        entries: list[Entry] = [json.loads(line) for line in output.splitlines()]
        # The options of journalctl for this skip an entry, or have a resolution of 1 s.
        return [
            entry
            for entry in entries
            if int(entry["__REALTIME_TIMESTAMP"]) >= self.since_us
        ]

    def decode_counts(self) -> Counter[str]:
        """Return how often each file was decoded."""
        saved = self.journal_entries("phase.saved")
        return Counter(
            entry["SEGUED_FILE"]
            for entry in saved
            if entry["SEGUED_PHASE"] == DECODING_PHASE
            and entry["SEGUED_STOOD"] == "false"
        )


def _pid_in_namespace(process: int) -> str:
    """Return the id of a process in its own PID namespace."""
    try:
        proc_status = Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return ""
    return proc_status.partition("\nNSpid:")[2].split("\n")[0].split()[-1]
