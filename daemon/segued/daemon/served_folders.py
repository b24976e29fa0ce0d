"""The music folders that the daemon watches, and whether it can run with them."""

from collections.abc import Sequence
from dataclasses import replace

from segued.config.config import Config
from segued.config.sections import DEFAULT_FOLDERS
from segued.daemon.import_loop import RunConfig
from segued.errors import ConfigError
from segued.intake.walk import (
    check_library_outside_music,
    check_outside_music,
    normalized_roots,
)
from segued.web.access import check_page

__all__ = ["build_run_config", "check_folders", "with_chosen_folders"]


def build_run_config(
    config: Config, folders: Sequence[str] = (), *, offline: bool = False
) -> RunConfig:
    """Return what the daemon runs with until the library is open.

    Args:
        config: The configuration.
        folders: The folders that the command line names; they precede those of the
            configuration.
        offline: Whether no service is asked.

    Raises:
        ConfigError: As `check_folders`.
    """
    fixed_by = "the configuration file" if config.library.folders else ""
    if folders:
        fixed_by = "the command line"
    return RunConfig(config, check_folders(config, folders), offline, fixed_by)


def with_chosen_folders(run_config: RunConfig, chosen: Sequence[str]) -> RunConfig:
    """Return a configuration with the folders that the library stores, if any.

    Folders of the command line or of the configuration precede them.

    Raises:
        ConfigError: As `check_folders`.
    """
    if run_config.folders_fixed_by:
        return run_config
    return replace(run_config, roots=check_folders(run_config.config, chosen))


def check_folders(config: Config, folders: Sequence[str] = ()) -> list[bytes]:
    """Return the folders to watch: those given, else those of the configuration.

    Raises:
        ConfigError: A path is invalid, the library or its backups are inside of a
            music folder, or the page needs a token.
    """
    try:
        check_page(config.page)
        roots = normalized_roots(folders or config.library.folders or DEFAULT_FOLDERS)
        check_library_outside_music(config.database, roots)
        if config.backup_folder is not None:
            check_outside_music(config.backup_folder, "the folder of backups", roots)
    except (RuntimeError, ValueError) as error:
        # An unknown user in ~user, or a null byte in a path.
        raise ConfigError(f"invalid path: {error}") from error
    return roots
