"""Who else has an account on the machine."""

import subprocess
from pathlib import Path

from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner

NOBODY = "65534"


def test_control_socket_permissions(segued: SeguedRunner, tmp_path: Path) -> None:
    """Its mode, and that of its folder, say who may; whoever may not is told so."""
    music = tmp_path / "music"
    write_noise_wav(music / "song.wav", 1)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # so that only the socket's own place is closed
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        place = daemon.client.path.parent
        segued.home.chmod(0o755)
        asking = (
            *("curl", "-s", "-S", "--max-time", "5"),
            *("--unix-socket", str(daemon.client.path), "http://segued/health"),
        )
        stranger = ("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups")
        member = ("setpriv", "--reuid", NOBODY, "--regid", "0", "--clear-groups")

        refused = subprocess.run((*stranger, *asking), capture_output=True, check=False)
        let_in = subprocess.run((*member, *asking), capture_output=True, check=False)
        place.chmod(0o755)  # the folder may be open by mistake: the socket is not
        still = subprocess.run((*stranger, *asking), capture_output=True, check=False)

    assert refused.returncode == 7  # no connection
    assert b"COMPLETED" in let_in.stdout
    assert still.returncode == 7
