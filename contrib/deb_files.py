"""Writes the files of the Debian package but the program, for `contrib/deb`.

deb_files.py ROOT VERSION ARCHITECTURE KILOBYTES, where ROOT is the folder that becomes
the package, run by the Python for which the program is installed.
"""

import sys
from pathlib import Path
from typing import Final

from segued.cli.service_files import ServicePlaces, source_text

PLACES: Final = ServicePlaces(
    is_for_machine=True,
    sysusers=Path("/usr/lib/sysusers.d/segued.conf"),
    units=Path("/usr/lib/systemd/system"),
    user_units=Path("/usr/lib/systemd/user"),
    data=Path("/usr/share"),
    commands=Path("/usr/bin"),
    config=Path("/etc/segued/segued.toml"),
    state=Path("/var/lib/segued"),
)
PROGRAM: Final = Path("/opt/segued/venv/bin/segued")

CONTROL: Final = """\
Package: segued
Version: {version}
Architecture: {architecture}
Maintainer: The developers of segued <segued@localhost>
Installed-Size: {kilobytes}
Section: sound
Priority: optional
Depends: python3 (>= {python}), python3 (<< {next_python}~), ca-certificates,
 systemd | systemd-standalone-sysusers
Recommends: libchromaprint1, procps, python3-systemd
Description: unattended importer for a personal music library
 Builds a database that says which file contains which songs, how certain that is,
 where a song may overlap its neighbors, and how it sounds. Music files are only read.
 .
 After the installation, list the music folders in /etc/segued/segued.toml, then:
 systemctl enable --now segued
"""

COPYRIGHT: Final = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: segued

Files: *
Copyright: the authors of segued
License: GPL-3+
 On Debian systems, the complete text is in /usr/share/common-licenses/GPL-3. The
 licenses of the libraries in /opt/segued are in their folders there (*.dist-info).
"""

POSTINST: Final = """\
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
systemd-sysusers /usr/lib/sysusers.d/segued.conf
if [ -e /etc/segued/segued.toml ] && [ -z "$2" ]; then
    # It may hold an API key.
    chgrp segued /etc/segued/segued.toml
    chmod 0640 /etc/segued/segued.toml
fi
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
if systemctl --quiet is-active segued.service; then
    # A service whose configuration is not valid would end at the restart.
    if /usr/bin/segued config check --config /etc/segued/segued.toml >/dev/null; then
        systemctl restart segued.service || true
    else
        echo "segued: not restarted: correct the configuration, then restart it" >&2
    fi
fi
systemctl try-restart segued-node.service || true
"""

PRERM: Final = """\
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --quiet --now segued-node.service || true
    systemctl disable --quiet --now segued.socket segued.service || true
fi
# Compiled modules that no package owns.
if [ "$1" = remove ]; then
    find /opt/segued -depth -name __pycache__ -exec rm -rf {} +
fi
"""

POSTRM: Final = """\
#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
if [ "$1" = purge ]; then
    rm -rf /etc/segued /var/lib/segued /run/segued /etc/systemd/system/segued.service.d
    ! getent passwd segued >/dev/null || userdel segued
    ! getent group segued >/dev/null || groupdel segued
fi
"""


def place_of(path: Path) -> Path:
    """Return where Debian has a file: its zsh has a folder for packages."""
    return Path(str(path).replace("/zsh/site-functions/", "/zsh/vendor-completions/"))


def write(root: Path, path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file of the package, with its folders."""
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)


def main() -> None:
    """Write all files."""
    root = Path(sys.argv[1])
    version, architecture, kilobytes = sys.argv[2:]
    for file in PLACES.files(PROGRAM):
        write(root, place_of(file.path), file.text)
    for link, target in PLACES.links(PROGRAM):
        path = root / link.relative_to("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    write(root, PLACES.config, source_text("config/segued.toml"))
    write(root, Path("/usr/share/doc/segued/copyright"), COPYRIGHT)
    major, minor = sys.version_info[:2]
    control = CONTROL.format(
        version=version,
        architecture=architecture,
        kilobytes=kilobytes,
        python=f"{major}.{minor}",
        next_python=f"{major}.{minor + 1}",
    )
    write(root, Path("/DEBIAN/control"), control)
    write(root, Path("/DEBIAN/conffiles"), f"{PLACES.config}\n")
    for name, text in (("postinst", POSTINST), ("prerm", PRERM), ("postrm", POSTRM)):
        write(root, Path("/DEBIAN", name), text, 0o755)


if __name__ == "__main__":
    main()
