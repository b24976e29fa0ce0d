"""segued as a service of a machine, as its administrator sees it."""

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.systemd.machine import Machine, wait_for

__all__ = ["CONFIG", "ServiceUnit"]

Entry = dict[str, str]
"""An entry of the journal, by field."""

CONFIG: Final = "/etc/segued/segued.toml"
DROP_INS: Final = "/etc/systemd/system/segued.service.d"
LEFTOVERS: Final = f"{DROP_INS} /run/segued /var/lib/segued/* /srv/music /srv/more"
"""What earlier stories may have left."""

DECODING_PHASE: Final = "4"
"""The phase that costs most; done once, it is not done again."""

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
# Nobody is there.
acoustid_url = "http://127.0.0.1:9"
musicbrainz_url = "http://127.0.0.1:9"
[logging]
level = "debug"
"""


@dataclass(frozen=True)
class ServiceUnit:
    """The unit segued.service on a machine.

    Attributes:
        machine: Where it is installed.
        since_us: When its story begins, by the clock of the journal.
    """

    machine: Machine
    since_us: int

    @classmethod
    def reset(cls, machine: Machine) -> "ServiceUnit":
        """Return the service as it is right after it was installed."""
        machine.run("systemctl", "stop", "segued.socket", "segued.pipeline.one_shot")
        machine.run("sh", "-c", f"rm -rf {LEFTOVERS}; mkdir -p /srv/music")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "reset-failed")
        service = cls(machine, time.time_ns() // 1_000)
        service.configure("/srv/music")
        return service

    def configure(self, *folders: str) -> None:
        """Set the music folders."""
        text = SETTINGS.format(folders=json.dumps(folders))
        self.machine.write(CONFIG, text)

    def drop_in(self, text: str) -> None:
        """Change the unit, as `systemctl edit` does."""
        self.machine.write(f"{DROP_INS}/test.conf", f"[Service]\n{text}\n")
        self.machine.run("systemctl", "daemon-reload")

    def add(self, source: Path, folder: str = "/srv/music") -> None:
        """Put a file of ours into a music folder."""
        self.machine.write(f"{folder}/{source.name}", source.read_bytes())

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        self.machine.run("systemctl", "start", "segued")

    def stop(self) -> None:
        """Stop it, and wait until it has."""
        self.machine.run("systemctl", "stop", "segued")

    def property_value(self, name: str, unit: str = "segued.pipeline.one_shot") -> str:
        """Return a property of the unit, or of another."""
        return self.machine.run(
            "systemctl", "show", unit, "--value", "--property", name
        ).strip()

    @property
    def main_pid(self) -> int:
        """Its main process, as the machine numbers it; 0 when it has none."""
        return int(self.property_value("MainPID"))

    def children(self) -> list[int]:
        """Return all its processes but the main one, as they are numbered here."""
        main = str(self.main_pid)
        return [each for each in self._processes() if _pid_in_namespace(each) != main]

    @property
    def main_pid_on_host(self) -> int:
        """Its main process, as it is numbered here."""
        main = str(self.main_pid)
        (found,) = (
            each for each in self._processes() if _pid_in_namespace(each) == main
        )
        return found

    def _processes(self) -> list[int]:
        group = "/sys/fs/cgroup/system.slice/segued.service/cgroup.procs"
        # Read from here, they are numbered as here.
        held = Path(f"/proc/{self.machine.init}/root{group}").read_text()
        return [int(each) for each in held.split()]

    def send(self, signal: str, process: int | None = None) -> None:
        """Send a signal to its main process."""
        number = self.main_pid if process is None else process
        # 0 would be the sender itself.
        assert number > 0
        self.machine.run("kill", f"-{signal}", str(number))

    def restarted_since(self, process: int) -> bool:
        """Return whether it runs, in another process than that."""
        return (
            self.property_value("ActiveState") == "active" and self.main_pid != process
        )

    def status(self) -> Any:  # noqa: ANN401
        """Return how everything stands, as seguectl tells it."""
        return json.loads(self.machine.run("seguectl", "status", "--json"))

    def files(self) -> dict[str, str]:
        """Return the status of each file in the library, by path."""
        rows = self.library("files")
        return {row["path"]: row["status"] for row in rows}

    def library(self, topic: str) -> list[dict[str, Any]]:
        """Return what the library holds on a topic."""
        database = "/var/lib/segued/library.db"
        if not self.machine.has(database):
            return []
        where = ("library", topic, "--json", "--database", database)
        said = self.machine.run("segued", *where)
        return [json.loads(line) for line in said.splitlines()]

    def wait_until_imported(self, count: int) -> None:
        """Wait until so many files are imported, and none is left to do."""
        wait_for(lambda: Counter(self.files().values()) == {"INGEST COMPLETE": count})

    def journal_entries(self, event: str) -> list[Entry]:
        """Return what it has said about an event in the journal."""
        self.machine.run("journalctl", "--sync")
        said = self.machine.run("journalctl", "--output=json", f"SEGUED_EVENT={event}")
        entries: list[Entry] = [json.loads(line) for line in said.splitlines()]
        # Options of journalctl for it either skip one, or count in seconds.
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
    """Return how a process is numbered where it is."""
    try:
        told = Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return ""
    return told.partition("\nNSpid:")[2].split("\n")[0].split()[-1]
