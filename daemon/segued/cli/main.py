"""`segued`: imports music folders and shows what is in the library.

Each command imports what it needs. `service` needs the standard library only, so
`contrib/uninstall` can run it without any installed library.
"""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from segued.cli.command_run import Commands, run_command
from segued.cli.segued_parser import CHECK, segued_parser

if TYPE_CHECKING:
    from segued.cli.library_choice import LibraryChoice
    from segued.config.config import Config

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `segued` and end the process."""
    run_command(segued_parser(), COMMANDS, arguments)


def _import(args: argparse.Namespace) -> int:
    from segued.cli import early_start  # noqa: PLC0415

    return early_start.start_import(args)


def _serve(args: argparse.Namespace) -> int:
    from segued.cli import early_start  # noqa: PLC0415

    return early_start.start_serve(args)


def _config_check(args: argparse.Namespace) -> int:
    from segued.cli import config_command  # noqa: PLC0415

    return config_command.check(args)


def _config_show(args: argparse.Namespace) -> int:
    from segued.cli import config_command  # noqa: PLC0415

    return config_command.show(args)


def _library(args: argparse.Namespace) -> int:
    if args.topic == CHECK:
        from segued.cli import library_check_command  # noqa: PLC0415

        return library_check_command.check(args, _chosen_library(args))
    from segued.cli import library_command  # noqa: PLC0415

    return library_command.print_topic(args, args.topic)


def _explain(args: argparse.Namespace) -> int:
    from segued.cli import library_command  # noqa: PLC0415

    return library_command.explain(args)


def _service_install(args: argparse.Namespace) -> int:
    from segued.cli import service_command  # noqa: PLC0415

    return service_command.install(args)


def _service_uninstall(args: argparse.Namespace) -> int:
    from segued.cli import service_command  # noqa: PLC0415

    return service_command.uninstall(args)


def _decide(args: argparse.Namespace) -> int:
    from segued.cli import decide_command  # noqa: PLC0415

    return decide_command.run(args, _chosen_library(args))


def _review(args: argparse.Namespace) -> int:
    from segued.cli import review_command  # noqa: PLC0415

    return review_command.review(args)


def _forget_tags(args: argparse.Namespace) -> int:
    from segued.cli import forget_command  # noqa: PLC0415

    return forget_command.run(args, _chosen_library(args))


def _export(args: argparse.Namespace) -> int:
    from segued.cli import export_command  # noqa: PLC0415

    return export_command.run(args, _chosen_library(args))


def _similar(args: argparse.Namespace) -> int:
    from segued.cli import similar_command  # noqa: PLC0415

    return similar_command.run(args, _chosen_library(args))


def _backup(args: argparse.Namespace) -> int:
    from segued.cli import backup_command  # noqa: PLC0415

    return backup_command.back_up(args, _chosen_library(args))


def _restore(args: argparse.Namespace) -> int:
    from segued.cli import backup_command  # noqa: PLC0415

    return backup_command.restore(args, _chosen_library(args))


def _playlist(args: argparse.Namespace) -> int:
    from segued.cli import similar_command  # noqa: PLC0415

    return similar_command.playlist(args, _chosen_library(args))


def _knowledge_export(args: argparse.Namespace) -> int:
    from segued.cli import knowledge_command  # noqa: PLC0415

    return knowledge_command.export(args, _chosen_library(args))


def _knowledge_import(args: argparse.Namespace) -> int:
    from segued.cli import knowledge_command  # noqa: PLC0415

    return knowledge_command.run_import(args, _chosen_library(args))


def _import_from_beets(args: argparse.Namespace) -> int:
    from segued.cli import import_from_command  # noqa: PLC0415

    return import_from_command.beets(args, _chosen_library(args))


def _import_from_itunes(args: argparse.Namespace) -> int:
    from segued.cli import import_from_command  # noqa: PLC0415

    return import_from_command.itunes(args, _chosen_library(args))


def _import_dump(args: argparse.Namespace) -> int:
    from segued.cli import import_dump_command  # noqa: PLC0415

    return import_dump_command.run_import_dump(args, _load_config(args))


def _install_models(args: argparse.Namespace) -> int:
    from segued.cli import install_models_command  # noqa: PLC0415

    return install_models_command.run_install_models(args, _load_config(args))


def _cluster_key(args: argparse.Namespace) -> int:
    from segued.cli import cluster_command  # noqa: PLC0415

    return cluster_command.make_key(args, _chosen_library(args).config)


def _cluster_revoke(args: argparse.Namespace) -> int:
    from segued.cli import cluster_command  # noqa: PLC0415

    return cluster_command.revoke(args, _chosen_library(args).config)


def _node(args: argparse.Namespace) -> int:
    from segued.cli import node_command  # noqa: PLC0415

    return node_command.run(args)


def _load_config(args: argparse.Namespace) -> "Config":
    """Return the configuration that the shared options name; configure the log."""
    from segued.cli.options import configure_log, load_config  # noqa: PLC0415

    config = load_config(args)
    configure_log(config)
    return config


def _chosen_library(args: argparse.Namespace) -> "LibraryChoice":
    """Return the library that the command is about; configure the log."""
    from segued.cli.library_choice import choose_library  # noqa: PLC0415
    from segued.cli.options import configure_log  # noqa: PLC0415

    choice = choose_library(args)
    configure_log(choice.config)
    return choice


COMMANDS: Final[Commands] = {
    "import": _import,
    "rematch": _import,
    "serve": _serve,
    "library": _library,
    "review": _review,
    "decide": _decide,
    "explain": _explain,
    "forget-tags": _forget_tags,
    "export": _export,
    "similar": _similar,
    "playlist": _playlist,
    "flavor import-dump": _import_dump,
    "flavor install-models": _install_models,
    "backup": _backup,
    "restore": _restore,
    "knowledge export": _knowledge_export,
    "knowledge import": _knowledge_import,
    "import-from beets": _import_from_beets,
    "import-from itunes": _import_from_itunes,
    "cluster key": _cluster_key,
    "cluster revoke": _cluster_revoke,
    "node": _node,
    "config check": _config_check,
    "config show": _config_show,
    "service install": _service_install,
    "service uninstall": _service_uninstall,
}
