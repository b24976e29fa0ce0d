"""Access to the control socket by other users."""

import os
import subprocess
import sys
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


def test_an_outsider_is_told_who_may_use_the_socket(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """By `seguectl`, whether the folder or the socket keeps the account out."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        segued.home.chmod(0o755)
        folder_of_socket = daemon.client.path.parent
        texts = []
        for group, mode in ((0, 0o700), (29, 0o750)):
            os.chown(folder_of_socket, 0, group)
            folder_of_socket.chmod(mode)
            texts.append(status_of_outsider(daemon.client.path, "/nonexistent"))
        unreadable_home = tmp_path / "closed"
        unreadable_home.mkdir(mode=0o700)
        texts.append(status_of_outsider(None, str(unreadable_home)))

    assert "it is for the account root only" in texts[0]
    assert "it is for the group audio; sudo usermod -aG audio NAME" in texts[1]
    assert str(unreadable_home) in texts[2]
    assert "Permission denied" in texts[2]
    assert not any("output" in text for text in texts), texts


AS_NOBODY = (
    "import os, segued.cli.control as control;"
    f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY}); control.main()"
)
"""Imported before: the checkout may be in a folder that the account cannot read."""


def status_of_outsider(socket: Path | None, home: str) -> str:
    """Return what `seguectl status` tells an account without access."""
    options = ("--socket", str(socket)) if socket else ()
    ran = subprocess.run(
        (sys.executable, "-P", "-c", AS_NOBODY, "status", *options),
        env={"PATH": os.environ["PATH"], "HOME": home},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    return ran.stderr
