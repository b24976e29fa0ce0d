"""A music player daemon, MPD, that runs for the length of a test."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.limits import WAIT_SECONDS

__all__ = ["MusicPlayerDaemon", "running_mpd"]

MPD_CONFIG = """
music_directory "{music}"
db_file "{home}/mpd.db"
sticker_file "{home}/sticker.sql"
bind_to_address "{home}/socket"
audio_output {{
    type "null"
    name "none"
}}
"""


@dataclass(frozen=True)
class MusicPlayerDaemon:
    """A running mpd."""

    socket: Path

    def is_listening(self) -> bool:
        """Return whether it accepts connections: its socket exists a moment earlier."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0

    def mpc(self, *words: str) -> bytes:
        """Run a command of mpc, and return its output."""
        command = ("mpc", "--host", str(self.socket), *words)
        return subprocess.run(command, check=True, capture_output=True).stdout

    def load(self, name: str) -> list[bytes]:
        """Return the files of a list in the music folder, once it is loaded."""
        self.mpc("--quiet", "clear")
        self.mpc("--quiet", "load", name)
        return self.mpc("playlist", "-f", "%file%").splitlines()


@contextmanager
def running_mpd(music: Path, home: Path) -> Iterator[MusicPlayerDaemon]:
    """Start mpd on a music folder, with its database complete."""
    config = home / "mpd.conf"
    config.write_text(MPD_CONFIG.format(music=music, home=home))
    with subprocess.Popen(
        ("mpd", "--no-daemon", "--stderr", str(config)), stderr=subprocess.DEVNULL
    ) as process:
        try:
            player = MusicPlayerDaemon(home / "socket")
            until = time.monotonic() + WAIT_SECONDS
            while not player.is_listening() and process.poll() is None:
                assert time.monotonic() < until
                time.sleep(0.02)
            player.mpc("--quiet", "update", "--wait")
            yield player
        finally:
            process.terminate()
