"""The files of segued as a service of systemd: what they contain, and their places.

Imports the standard library only. The units and the configuration are part of the
wheel, and in a checkout in its folders `systemd` and `config`. Completions and man
pages are generated.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import segued
from segued.cli.command_tree import command_tree
from segued.cli.completion_scripts import (
    bash_completions,
    fish_completions,
    zsh_completions,
)
from segued.cli.man_pages import man_page
from segued.cli.seguectl_parser import seguectl_parser
from segued.cli.segued_parser import segued_parser
from segued.config.default_paths import SYSTEM_CONFIG, user_config

__all__ = [
    "PROGRAMS",
    "SOURCES",
    "ServiceFile",
    "ServicePlaces",
    "generated_files",
    "places_for_machine",
    "places_for_user",
    "source_text",
]

PROGRAMS: Final = ("segued", "seguectl")

SOURCES: Final = (
    "config/node.toml",
    "config/segued.toml",
    "systemd/segued-node.service",
    "systemd/segued.service",
    "systemd/segued.socket",
    "systemd/segued.sysusers",
    "systemd/user/segued.service",
)
"""Files of the checkout that the wheel holds in `segued/service`."""

DEFAULT_PROGRAM: Final = "/opt/segued/venv/bin/segued"
DEFAULT_FOLDER: Final = "/opt/segued"
"""Where the units expect the program."""


@dataclass(frozen=True)
class ServiceFile:
    """A file that an installation writes.

    Attributes:
        path: Where it is written.
        text: What it contains.
        description: What it is, for people.
    """

    path: Path
    text: str
    description: str


@dataclass(frozen=True)
class ServicePlaces:
    """Where the files of an installation are.

    Attributes:
        is_for_machine: Whether this is the service of the machine, not of one user.
        sysusers: The file that declares its account; None for a user.
        units: The folder of systemd for its units.
        user_units: The folder of systemd for the unit that users start.
        data: The folder for completions and man pages, `share`.
        commands: The folder for links to the commands.
        config: The configuration file.
        state: The folder of the library.
    """

    is_for_machine: bool
    sysusers: Path | None
    units: Path
    user_units: Path
    data: Path
    commands: Path
    config: Path
    state: Path

    @property
    def node_config(self) -> Path:
        """The configuration file of a node."""
        return self.config.with_name("node.toml")

    def files(self, program: Path) -> Iterator[ServiceFile]:
        """Yield all files but the configuration.

        Args:
            program: The command `segued` that the units start.
        """
        if self.sysusers is not None:
            yield ServiceFile(
                self.sysusers,
                source_text("systemd/segued.sysusers"),
                "the account and the group segued",
            )
            yield ServiceFile(
                self.units / "segued.service",
                _unit("systemd/segued.service", program),
                "the service",
            )
            yield ServiceFile(
                self.units / "segued-node.service",
                _unit("systemd/segued-node.service", program),
                "the service of a machine that analyzes for another one",
            )
            yield ServiceFile(
                self.units / "segued.socket",
                source_text("systemd/segued.socket"),
                "its control socket",
            )
        yield ServiceFile(
            self.user_units / "segued.service",
            _unit("systemd/user/segued.service", program),
            "a service that each user can start for themselves",
        )
        for name, text in generated_files().items():
            yield ServiceFile(self.data / name, text, _kind(name))

    def links(self, program: Path) -> Iterator[tuple[Path, Path]]:
        """Yield the links to the commands, each with its target."""
        for name in PROGRAMS:
            yield self.commands / name, program.with_name(name)


def places_for_machine() -> ServicePlaces:
    """Return the places of the machine's service."""
    return ServicePlaces(
        is_for_machine=True,
        sysusers=Path("/etc/sysusers.d/segued.conf"),
        units=Path("/etc/systemd/system"),
        user_units=Path("/etc/systemd/user"),
        data=Path("/usr/local/share"),
        commands=Path("/usr/local/bin"),
        config=SYSTEM_CONFIG,
        state=Path("/var/lib/segued"),
    )


def places_for_user() -> ServicePlaces:
    """Return the places of the own service of the user who runs this."""
    home = Path.home()
    config = user_config()
    units = config.parent.parent / "systemd" / "user"
    data = os.environ.get("XDG_DATA_HOME") or home / ".local" / "share"
    return ServicePlaces(
        is_for_machine=False,
        sysusers=None,
        units=units,
        user_units=units,
        data=Path(data),
        commands=home / ".local" / "bin",
        config=config,
        # As in the unit.
        state=home / ".local" / "state" / "segued",
    )


def source_text(name: str) -> str:
    """Return one of SOURCES."""
    package = Path(segued.__file__).parent
    packaged = package / "service" / name
    return (packaged if packaged.exists() else package.parents[1] / name).read_text()


def generated_files() -> dict[str, str]:
    """Return completions and man pages, by their paths in a folder `share`."""
    files: dict[str, str] = {}
    for parser in (segued_parser(), seguectl_parser()):
        tree = command_tree(parser)
        name = tree.name
        files |= {
            f"bash-completion/completions/{name}": bash_completions(tree),
            f"zsh/site-functions/_{name}": zsh_completions(tree),
            f"fish/vendor_completions.d/{name}.fish": fish_completions(tree),
            f"man/man1/{name}.1": man_page(tree, segued.__version__),
        }
    return files


def _kind(name: str) -> str:
    shell = name.partition("/")[0].partition("-")[0]
    return "a man page" if shell == "man" else f"completions for {shell}"


def _unit(name: str, program: Path) -> str:
    """Return a unit that starts `program` and may execute files of its folder."""
    text = source_text(name).replace(DEFAULT_PROGRAM, _in_unit(program))
    folders = dict.fromkeys((program.parents[1], Path(sys.base_prefix)))
    others = [each for each in folders if not each.is_relative_to("/usr")]
    if not all(each.is_relative_to(DEFAULT_FOLDER) for each in others):
        names = " ".join(map(_in_unit, others))
        text = text.replace(f"=/usr {DEFAULT_FOLDER} ", f"=/usr {names} ")
    return text


def _in_unit(path: Path) -> str:
    """Return a path as a word of a unit, where "%" begins a specifier."""
    word = str(path).replace("%", "%%")
    if re.fullmatch(r"[\w./+@%-]+", word):
        return word
    escaped = re.sub(r'(["\\])', r"\\\1", word)
    return f'"{escaped}"'
