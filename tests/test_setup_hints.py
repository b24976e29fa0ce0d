"""What `contrib/run` says where there is no apt-get."""

import os
import subprocess
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "contrib" / "lib.sh"
PACKAGES = ("python3-venv", "libchromaprint1", "procps")


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ("ID=fedora", "sudo dnf install python3 libchromaprint procps-ng"),
        ('ID=rocky\nID_LIKE="rhel fedora"', "sudo dnf install python3 libchromaprint"),
        ("ID=manjaro\nID_LIKE=arch", "sudo pacman -S --needed python chromaprint"),
        ("ID=nixos", "nix-shell -p python3 chromaprint procps"),
        ("ID=void", "install the equivalents of these packages"),
    ],
)
def test_the_packages_of_other_distributions_are_named(
    tmp_path: Path, release: str, command: str
) -> None:
    """In the command of the distribution."""
    (tmp_path / "os-release").write_text(release + "\n")

    done = subprocess.run(
        ("bash", "-c", '. "$0" && hint_elsewhere "$@"', LIBRARY, *PACKAGES),
        env=os.environ | {"OS_RELEASE": str(tmp_path / "os-release")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "there is no apt-get on this machine" in done.stderr
    assert command in done.stderr


def test_the_sizes_of_packages_are_told(tmp_path: Path) -> None:
    """As apt-get states them, before it installs anything."""
    apt_get = tmp_path / "apt-get"
    apt_get.write_text(
        '#!/bin/sh\n[ "$2" = --assume-no ] || exit 9\n'
        "echo 'Need to get 44.0 kB of archives.'\n"
        "echo 'After this operation, 198 kB of additional disk space will be used.'\n"
        "exit 1\n"
    )
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nshift\nexec "$@"\n')
    for program in (apt_get, sudo):
        program.chmod(0o755)

    done = subprocess.run(
        ("bash", "-c", '. "$0" && size_of_packages "$@"', LIBRARY, "sl"),
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "44.0 kB to download, 198 kB on the disk\n"
