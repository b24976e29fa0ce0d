"""`segued service`: installs segued as a service of systemd, or removes it."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import segued
from segued.cli.service_files import (
    ServicePlaces,
    places_for_machine,
    places_for_user,
    source_text,
)
from segued.errors import ConfigError
from segued.exit_codes import ExitCode

__all__ = ["install", "uninstall"]

ACCOUNT: Final = "segued"
UNITS: Final = ("segued.socket", "segued.service")
NODE_UNIT: Final = "segued-node.service"
SAFE_PLACE: Final = "/opt/segued/venv"

WRITABLE_TO_OTHERS: Final = 0o002
WRITABLE_TO_GROUP: Final = 0o020


def install(args: argparse.Namespace) -> int:
    """Install or upgrade the service; return the exit code.

    Args:
        args: `user` for the service of this user, `node` for that of a node, `now` to
            start it, `dry_run` only to list the files.

    Raises:
        ConfigError: It cannot be installed, or its configuration is invalid; nothing
            is changed. Or it is installed and does not start.
    """
    places = places_for_user() if args.user else places_for_machine()
    program = Path(sys.prefix, "bin", "segued")
    if args.node and args.user:
        raise ConfigError("a node is a service of the whole machine; omit --user")
    if args.dry_run:
        for path, description in _plan(places, program, is_node=args.node):
            print(f"{path!s:58} {description}")  # noqa: T201
        return ExitCode.ALL_DONE
    _check_possible(places)
    if places.is_for_machine:
        _check_program(program)
    if places.config.exists():
        _check_config(places, program)
    _write_files(places, program, is_node=args.node)
    if args.node:
        _start_node(places, now=args.now)
    else:
        _start(places, now=args.now)
    return ExitCode.ALL_DONE


def uninstall(args: argparse.Namespace) -> int:
    """Remove what `install` wrote; return the exit code.

    Args:
        args: `user` for the service of this user, `purge` to remove the library and
            the configuration as well.

    Raises:
        ConfigError: This account may not remove it.
    """
    places = places_for_user() if args.user else places_for_machine()
    _check_possible(places)
    program = Path(sys.prefix, "bin", "segued")
    units = [name for name in (*UNITS, NODE_UNIT) if (places.units / name).exists()]
    if units and _is_running(places):
        _run(*_systemctl(places), "disable", "--quiet", "--now", *units)
    for link, _ in places.links(program):
        # A link to another program was not created by this one.
        if link.is_symlink() and _is_segued(link):
            link.unlink()
    sysusers = places.sysusers
    for file in places.files(program):
        if file.path != sysusers and not file.path.is_symlink():
            file.path.unlink(missing_ok=True)
    if places.is_for_machine:
        shutil.rmtree("/run/segued", ignore_errors=True)
    if _is_running(places):
        _run(*_systemctl(places), "daemon-reload")
        _succeeds(*_systemctl(places), "reset-failed", *UNITS, NODE_UNIT)
    kept = [path for path in _kept(places) if path.exists()]
    if args.purge:
        _purge(places, kept)
        return ExitCode.ALL_DONE
    _say("the service is removed" + "; --purge also removes:" * bool(kept))
    for path in kept:
        print(f"    {path}", file=sys.stderr)  # noqa: T201
    return ExitCode.ALL_DONE


def _plan(
    places: ServicePlaces, program: Path, *, is_node: bool
) -> Iterator[tuple[Path, str]]:
    config = places.node_config if is_node else places.config
    yield config, "the configuration, if there is none yet"
    for link, _ in places.links(program):
        yield link, "a link to the command"
    for file in places.files(program):
        yield file.path, file.description


def _check_possible(places: ServicePlaces) -> None:
    """Check that this account and this machine can have the service.

    Raises:
        ConfigError: They cannot.
    """
    if shutil.which("systemctl") is None:
        raise ConfigError("this machine has no systemd; `segued serve` needs none")
    if places.is_for_machine and os.geteuid() != 0:
        raise ConfigError(
            "a service of the whole machine needs root, one of your own --user"
        )


def _check_program(program: Path) -> None:
    """Check that only root can change the program, and that others can run it.

    Raises:
        ConfigError: Names the file or folder.
    """
    package = Path(segued.__file__)
    if not package.is_relative_to(sys.prefix):
        raise ConfigError(
            f"{package.parents[2]} is a checkout: run contrib/install there"
        )
    for path in (program, package, Path(sys.executable).resolve()):
        for part in (path, *path.parents):
            status = part.stat()
            is_foreign = status.st_uid or status.st_mode & WRITABLE_TO_OTHERS
            of_group = status.st_mode & WRITABLE_TO_GROUP and status.st_gid
            if is_foreign or of_group or not status.st_mode & 0o005:
                raise ConfigError(
                    f"{part}: the service needs a program that every account can run"
                    " and only root can change. As root:"
                    f" python3 -m venv {SAFE_PLACE};"
                    f" {SAFE_PLACE}/bin/pip install segued=={segued.__version__};"
                    f" {SAFE_PLACE}/bin/segued service install"
                )


def _check_config(places: ServicePlaces, program: Path) -> None:
    """Check that the service would start with its present configuration.

    Raises:
        ConfigError: It would not; the errors are printed.
    """
    environment = os.environ | {"STATE_DIRECTORY": str(places.state)}
    checked = subprocess.run(  # noqa: S603
        [program, "config", "check", "--config", places.config],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if checked.returncode == ExitCode.USAGE:
        raise ConfigError(
            f"{places.config} is not valid; correct it and try again."
            " The installed service is not changed"
        )


def _write_files(places: ServicePlaces, program: Path, *, is_node: bool) -> None:
    os.umask(0o022)
    config, source = places.config, "config/segued.toml"
    if is_node:
        config, source = places.node_config, "config/node.toml"
    for link, target in places.links(program):
        # Without this, a command in a user's PATH would be replaced.
        if places.is_for_machine or not os.path.lexists(link) or _is_segued(link):
            link.parent.mkdir(parents=True, exist_ok=True)
            _replace_link(link, target)
    for file in places.files(program):
        # pipx links man pages itself.
        if not file.path.is_symlink():
            _write(file.path, file.text, 0o644)
    if places.sysusers is not None:
        _run("systemd-sysusers", str(places.sysusers))
    if not config.exists():
        # It may hold an API key.
        _write(config, source_text(source), 0o600)
        if places.is_for_machine:
            shutil.chown(config, group=ACCOUNT)
            config.chmod(0o640)


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file completely, or leave what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def _replace_link(link: Path, target: Path) -> None:
    if link == target:
        return
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)


def _is_segued(link: Path) -> bool:
    """Return whether a link leads to this program or to the service's."""
    if not link.is_symlink():
        return False
    target = link.readlink()
    own = Path(sys.prefix, "bin", link.name)
    return target == own or target.is_relative_to(SAFE_PLACE)


def _start(places: ServicePlaces, *, now: bool) -> None:
    """Restart the service if it runs, or start it; say how to go on."""
    control = "systemctl" if places.is_for_machine else "systemctl --user"
    log = "journalctl --unit" if places.is_for_machine else "journalctl --user --unit"
    units = UNITS if places.is_for_machine else UNITS[1:]
    if _is_running(places):
        _run(*_systemctl(places), "daemon-reload")
        # A running service continues with the new version.
        actions = [("try-restart", UNITS[1])]
        if places.is_for_machine:
            actions.append(("try-restart", NODE_UNIT))
        if now:
            actions.append(("enable", "--quiet", "--now", *units))
        for action in actions:
            if not _succeeds(*_systemctl(places), *action):
                raise ConfigError(f"the service does not start; see: {log} segued")
    if now and _is_running(places):
        _say(f"installed and running; see: {control} status segued")
    else:
        _say(
            "installed; to start it now and at each start:"
            f" {control} enable --now segued"
        )
    _say(
        "choose the music folders on its page, http://127.0.0.1:5723, or set them in"
        f" {places.config}, [library] folders; then: {control} reload segued"
    )
    if places.is_for_machine:
        _say("to let an account use seguectl: usermod --append --groups segued NAME")
    else:
        _say("to keep it running while you are logged out: loginctl enable-linger")
    _say("all accounts of this machine can open the page (see [page] there)")


def _start_node(places: ServicePlaces, *, now: bool) -> None:
    """Restart the service of a node if it runs, or start it; say how to go on."""
    if _is_running(places):
        _run(*_systemctl(places), "daemon-reload")
        action = ("enable", "--quiet", "--now") if now else ("try-restart",)
        if not _succeeds(*_systemctl(places), *action, NODE_UNIT):
            raise ConfigError(
                "the service does not start; see: journalctl --unit segued-node"
            )
    _say(
        f"set the daemon and the music folders in {places.node_config}, and copy this"
        " machine's key there; then: segued node --check --config"
        f" {places.node_config}; systemctl enable --now segued-node"
    )


def _is_running(places: ServicePlaces) -> bool:
    """Return whether the systemd in question runs: in a container it does not."""
    if places.is_for_machine:
        return Path("/run/systemd/system").is_dir()
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(runtime, "systemd").is_dir() if runtime else False


def _systemctl(places: ServicePlaces) -> tuple[str, ...]:
    return ("systemctl",) if places.is_for_machine else ("systemctl", "--user")


def _run(*command: str) -> None:
    """Run a command that must succeed.

    Raises:
        ConfigError: It failed; what it printed is the reason.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = done.stderr.strip() or f"exit code {done.returncode}"
        raise ConfigError(f"{' '.join(command)}: {reason}")


def _succeeds(*command: str) -> bool:
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def _kept(places: ServicePlaces) -> list[Path]:
    """Return what only --purge removes."""
    paths = [
        places.node_config,
        places.config,
        places.state,
        places.units / "segued.service.d",
    ]
    return paths if places.sysusers is None else [*paths, places.sysusers]


def _purge(places: ServicePlaces, kept: list[Path]) -> None:
    for kept_path in kept:
        path = kept_path.parent if kept_path == places.config else kept_path
        if not path.exists():
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    if places.is_for_machine:
        for command, database in (("userdel", "passwd"), ("groupdel", "group")):
            if _succeeds("getent", database, ACCOUNT):
                _run(command, ACCOUNT)
    _say("removed, with the configuration and the library")


def _say(text: str) -> None:
    print(f"segued: {text}", file=sys.stderr)  # noqa: T201
