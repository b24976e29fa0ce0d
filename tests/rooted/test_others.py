"""Who else has an account on the machine."""

import subprocess
from pathlib import Path

from tests.stories.living import living, tune
from tests.stories.program import Segued

NOBODY = "65534"


def test_the_control_socket_is_not_for_everybody(
    segued: Segued, tmp_path: Path
) -> None:
    """Its mode, and that of its folder, say who may; whoever may not is told so."""
    music = tmp_path / "music"
    tune(music / "song.wav", 1)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # so that only the socket's own place is closed
    with living(segued, music) as alive:
        alive.until_done(1)
        place = alive.line.path.parent
        segued.home.chmod(0o755)
        asking = (
            *("curl", "-s", "-S", "--max-time", "5"),
            *("--unix-socket", str(alive.line.path), "http://segued/health"),
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
