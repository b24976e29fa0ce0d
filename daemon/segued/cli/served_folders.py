"""The music folders that the daemon watches, and whether it can run with them."""

from collections.abc import Sequence

from segued.cli.cluster_command import require_extra
from segued.config.config import Config
from segued.errors import ConfigError
from segued.intake.walk import (
    check_library_outside_music,
    check_outside_music,
    normalized_roots,
)
from segued.web.access import check_page

__all__ = ["check_folders"]


def check_folders(config: Config, folders: Sequence[str] = ()) -> list[bytes]:
    """Return the folders to watch: those given, else those of the configuration.

    Raises:
        ConfigError: A path is invalid, the library or its backups are inside of a
            music folder, the page needs a token, or nodes an extra.
    """
    if config.cluster.listen:
        require_extra()
    try:
        check_page(config.page)
        roots = normalized_roots(folders or config.library.folders)
        check_library_outside_music(config.database, roots)
        if config.backup_folder is not None:
            check_outside_music(config.backup_folder, "the folder of backups", roots)
    except (RuntimeError, ValueError) as error:
        # An unknown user in ~user, or a null byte in a path.
        raise ConfigError(f"invalid path: {error}") from error
    return roots
