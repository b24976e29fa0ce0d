"""Default paths, by the conventions of systemd and of the XDG base directories."""

import os
from pathlib import Path
from typing import Final

__all__ = [
    "SYSTEM_CONFIG",
    "SYSTEM_LIBRARY",
    "SYSTEM_NODE_CONFIG",
    "SYSTEM_SOCKET",
    "cluster_folder",
    "control_socket",
    "covers_folder",
    "spool_folder",
    "state_folder",
    "user_config",
]

SYSTEM_CONFIG: Final = Path("/etc/segued/segued.toml")
SYSTEM_NODE_CONFIG: Final = Path("/etc/segued/node.toml")
SYSTEM_LIBRARY: Final = Path("/var/lib/segued/library.db")
SYSTEM_SOCKET: Final = Path("/run/segued/control.sock")
"""What the service of the machine reads, writes and listens on."""


def user_config() -> Path:
    """Return the configuration file of a user's own service; need not exist."""
    if environment_folder := os.environ.get("XDG_CONFIG_HOME"):
        return Path(environment_folder) / "segued" / "segued.toml"
    return Path.home() / ".config" / "segued" / "segued.toml"


def state_folder() -> Path:
    """Return the folder for state: systemd's for a service, XDG's for a user."""
    if environment_folder := os.environ.get("STATE_DIRECTORY"):
        return Path(environment_folder.split(":")[0])
    if environment_folder := os.environ.get("XDG_STATE_HOME"):
        return Path(environment_folder) / "segued"
    return Path.home() / ".local" / "state" / "segued"


def spool_folder(database: Path) -> Path:
    """Return the folder for what a running segued stores beside its library."""
    return database.with_name(f"{database.name}.spool")


def cluster_folder(database: Path) -> Path:
    """Return the folder for the authority over nodes, beside the library."""
    return database.with_name(f"{database.name}.cluster")


def covers_folder(database: Path) -> Path:
    """Return the folder for the small pictures of covers, beside the library."""
    return database.with_name(f"{database.name}.covers")


def control_socket(configured: str) -> Path:
    """Return the path of the daemon's control socket.

    Args:
        configured: The path in the configuration; empty for the default, which is
            systemd's runtime folder for a service, XDG's for a user.
    """
    if configured:
        return Path(configured).expanduser()
    if environment_folder := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(environment_folder.split(":")[0]) / "control.sock"
    if os.geteuid() and (environment_folder := os.environ.get("XDG_RUNTIME_DIR")):
        return Path(environment_folder) / "segued" / "control.sock"
    if os.geteuid():
        return state_folder() / "control.sock"
    return SYSTEM_SOCKET
