"""Access to the control socket by other users."""

import subprocess
from pathlib import Path

from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner

NOBODY = "65534"


def test_control_socket_permissions(segued: SeguedRunner, tmp_path: Path) -> None:
    """Only members of the group can connect, by the modes of socket and folder."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # so that only the socket's folder denies access
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        folder_of_socket = daemon.client.path.parent
        segued.home.chmod(0o755)
        request = (
            "curl",
            "-s",
            "-S",
            "--max-time",
            "5",
            "--unix-socket",
            str(daemon.client.path),
            "http://segued/health",
        )
        outsider = ("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups")
        member = ("setpriv", "--reuid", NOBODY, "--regid", "0", "--clear-groups")

        refused = subprocess.run(
            (*outsider, *request), capture_output=True, check=False
        )
        accepted = subprocess.run((*member, *request), capture_output=True, check=False)
        folder_of_socket.chmod(0o755)  # an open folder does not open the socket
        refused_again = subprocess.run(
            (*outsider, *request), capture_output=True, check=False
        )

    assert refused.returncode == 7  # no connection
    assert b"COMPLETED" in accepted.stdout
    assert refused_again.returncode == 7
