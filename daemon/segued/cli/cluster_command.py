"""`segued cluster`: the keys with which other machines may join."""

import argparse
import os
import sys
from typing import Final

from segued.config.config import Config
from segued.errors import ConfigError
from segued.exit_codes import ExitCode

__all__ = ["make_key", "require_extra", "require_extra_for", "revoke"]

EXTRA_MISSING: Final = (
    "this needs the extra cluster: sudo contrib/install --with cluster, or"
    " pip install 'segued[cluster]'"
)


def make_key(args: argparse.Namespace, config: Config) -> int:
    """Write the key file of a new node; return the exit code.

    Raises:
        ConfigError: The name cannot be used, or a file cannot be written.
    """
    require_extra()
    from segued.cluster.authority import DAYS, Authority  # noqa: PLC0415

    authority = Authority(config.cluster_folder)
    if args.output is None:
        sys.stdout.buffer.write(authority.issue(args.name, args.days or DAYS))
        sys.stdout.buffer.flush()
        return ExitCode.ALL_DONE
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        descriptor = os.open(args.output, flags, 0o600)
    except OSError as error:
        raise ConfigError(f"{args.output}: {error.strerror}") from error
    try:
        with open(descriptor, "wb") as file:
            file.write(authority.issue(args.name, args.days or DAYS))
    except BaseException:
        os.unlink(args.output)
        raise
    return ExitCode.ALL_DONE


def revoke(args: argparse.Namespace, config: Config) -> int:
    """Make the key of a node invalid; return the exit code.

    Raises:
        ConfigError: No node has this name, or a file cannot be written.
    """
    require_extra()
    from segued.cluster.authority import Authority  # noqa: PLC0415

    Authority(config.cluster_folder).revoke(args.name)
    print(f"The key of {args.name} is not valid any more.", file=sys.stderr)  # noqa: T201
    return ExitCode.ALL_DONE


def require_extra_for(config: Config) -> None:
    """Check that the extra is installed if the configuration lets nodes connect.

    Raises:
        ConfigError: It is not.
    """
    if config.cluster.listen:
        require_extra()


def require_extra() -> None:
    """Check that the extra is installed.

    Raises:
        ConfigError: It is not.
    """
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("distributed") is None or find_spec("cryptography") is None:
        raise ConfigError(EXTRA_MISSING)
