"""Installation, update and removal on a machine."""

import pytest

from tests.systemd.conftest import INSTALL, SOURCE
from tests.systemd.machine import Machine, wait_for

UNINSTALL = f"{SOURCE}/contrib/uninstall"
INSTALLED_PATHS = (
    "/opt/segued",
    "/run/segued",
    "/usr/local/bin/segued",
    "/usr/local/bin/seguectl",
    "/usr/local/share/bash-completion/completions/seguectl",
    "/usr/local/share/fish/vendor_completions.d/segued.fish",
    "/usr/local/share/man/man1/segued.1",
    "/usr/local/share/zsh/site-functions/_segued",
    "/etc/systemd/system/segued-node.service",
    "/etc/systemd/system/segued.service",
    "/etc/systemd/system/segued.socket",
    "/etc/systemd/system/multi-user.target.wants/segued.service",
    "/etc/systemd/user/segued.service",
)
KEPT_PATHS = (
    "/etc/segued/segued.toml",
    "/etc/sysusers.d/segued.conf",
    "/var/lib/segued/library.db",
)


def existing_paths(machine: Machine, *paths: str) -> list[str]:
    """Return those of the paths that exist."""
    return [path for path in paths if machine.has(path)]


def test_installed_updated_and_removed(bare_machine: Machine) -> None:
    """Each can be repeated; configuration and library are removed by --purge only."""
    machine = bare_machine

    # With a umask by which root's files are private.
    private_umask = ("sh", "-c", 'umask 077 && exec "$0" "$@"')
    result = machine.try_run(*private_umask, *INSTALL, "--now")
    assert result.returncode == 0, result.stderr
    first = machine.run("systemctl", "show", "segued", "--value", "--property=MainPID")
    assert machine.run("systemctl", "is-active", "segued").strip() == "active"
    assert machine.run(
        "systemctl", "is-enabled", "segued", "segued.socket"
    ).split() == [
        "enabled",
        "enabled",
    ]
    assert all(path in result.stderr for path in ("/opt/segued", *KEPT_PATHS[:2]))
    assert existing_paths(machine, *INSTALLED_PATHS, *KEPT_PATHS) == [
        *INSTALLED_PATHS,
        *KEPT_PATHS,
    ]
    assert machine.run("stat", "--format=%A %G", KEPT_PATHS[0]).split() == [
        "-rw-r-----",
        "segued",
    ]
    # A copy, which does not need the source folder.
    code = "import segued; print(segued.__file__)"
    location = machine.run("/opt/segued/venv/bin/python", "-c", code)
    assert location.startswith("/opt/segued/venv/")

    # The new version would not start with this configuration.
    machine.write(KEPT_PATHS[0], "[library]\nfolder = []\n")
    refused = machine.try_run(*INSTALL)
    assert refused.returncode == 2
    assert (
        f"{KEPT_PATHS[0]}, line 2: [library] there is no key folder" in refused.stderr
    )
    assert "The installed program is not changed" in refused.stderr
    same = machine.run("systemctl", "show", "segued", "--value", "--property=MainPID")
    assert same == first

    machine.write(KEPT_PATHS[0], "[library]\nfolders = []\n")
    machine.run(*INSTALL)
    again = machine.run("systemctl", "show", "segued", "--value", "--property=MainPID")
    assert machine.run("cat", KEPT_PATHS[0]) == "[library]\nfolders = []\n"
    assert machine.run("systemctl", "is-active", "segued").strip() == "active"
    assert again != first

    result = machine.try_run(UNINSTALL)
    assert result.returncode == 0, result.stderr
    assert existing_paths(machine, *INSTALLED_PATHS, *KEPT_PATHS) == list(KEPT_PATHS)
    assert "/var/lib/segued" in result.stderr
    assert machine.try_run("systemctl", "is-active", "segued").returncode != 0
    wait_for(lambda: not machine.try_run("pgrep", "-u", "segued").stdout)

    machine.run(UNINSTALL)
    machine.run(UNINSTALL, "--purge")
    assert (
        existing_paths(
            machine, *INSTALLED_PATHS, *KEPT_PATHS, "/etc/segued", "/var/lib/segued"
        )
        == []
    )
    assert machine.try_run("id", "segued").returncode != 0


def test_nothing_is_done_without_being_root(bare_machine: Machine) -> None:
    """The error names the command with sudo."""
    for script in (INSTALL[0], UNINSTALL):
        done = bare_machine.try_run(script, user="nobody")

        assert done.returncode == 2
        assert "needs root: sudo contrib/" in done.stderr


@pytest.mark.parametrize(
    ("change", "restore", "name"),
    [
        ("chmod o+w", "chmod o-w", f"{SOURCE}/daemon/segued/units.py"),
        ("chmod g+w,g-s,o+w", "chmod g-w,o-w", SOURCE),
        ("chown nobody", "chown root", f"{SOURCE}/contrib/lib.sh"),
        ("chmod o+w", "chmod o-w", "/usr/local/src"),
    ],
)
def test_a_source_that_others_can_write_is_refused(
    bare_machine: Machine, change: str, restore: str, name: str
) -> None:
    """With the file or folder and the reason, before anything is installed."""
    bare_machine.run(*change.split(), name)
    try:
        done = bare_machine.try_run(*INSTALL)
    finally:
        bare_machine.run(*restore.split(), name)

    assert done.returncode == 2
    assert f"other accounts may change {name} (" in done.stderr
    assert "this installs" not in done.stderr
