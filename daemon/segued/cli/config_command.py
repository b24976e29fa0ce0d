"""`segued config`: checks the configuration, or shows it."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from segued.cli.cluster_command import require_extra_for
from segued.cli.daemon_client import find_daemon
from segued.cli.options import with_paths
from segued.config import checking
from segued.config.annotations import mask_secrets
from segued.config.checking import CheckedConfig
from segued.config.config import (
    SECTIONS,
    Config,
    FileSettings,
    Settings,
    cpu_count,
    to_config,
)
from segued.config.default_paths import SYSTEM_CONFIG, control_socket, user_config
from segued.config.sections import DEFAULT_FOLDERS
from segued.config.toml_source import ConfigSource, read_source
from segued.daemon.served_folders import check_folders
from segued.errors import ConfigError, SeguedError
from segued.exit_codes import ExitCode
from segued.media.disk_calls import run_on_thread
from segued.paths import shown
from segued.store.reading import reports

__all__ = ["check", "default_config_file", "show"]

DEFAULT: Final = "default"

ANSWER_SECONDS: Final = 2.0
"""A disk that takes longer is reported."""


def default_config_file() -> Path | None:
    """Return the configuration file of the user, else of the machine; None if none."""
    files = (user_config(), SYSTEM_CONFIG)
    return next((each for each in files if os.path.lexists(each)), None)


def check(args: argparse.Namespace) -> int:
    """List all that is wrong with the configuration; return the exit code."""
    args.config = args.config or default_config_file()
    warnings: list[str] = []
    try:
        checked = checking.check(read_source(args.config), SECTIONS)
        problems = checked.problems
        if not problems:
            config = with_paths(args, to_config(checked))
            require_extra_for(config)
            warnings = list(_warnings(check_folders(config)))
    except ConfigError as error:
        problems = [str(error)]
    what = str(args.config) if args.config else "no configuration file, all defaults"
    if args.json:
        result = {"file": args.config and str(args.config), "valid": not problems}
        print(json.dumps(result | {"problems": problems, "warnings": warnings}))  # noqa: T201
        return ExitCode.USAGE if problems else ExitCode.ALL_DONE
    for line in problems + warnings:
        print(f"segued: {line}", file=sys.stderr)  # noqa: T201
    if problems:
        return ExitCode.USAGE
    print(f"{what}: valid")  # noqa: T201
    return ExitCode.ALL_DONE


def _warnings(roots: Iterable[bytes]) -> Iterator[str]:
    for root in roots:
        try:
            is_there = run_on_thread(os.path.isdir, root).result(ANSWER_SECONDS)
        except TimeoutError:
            yield f"{shown(root)}: the disk of this folder does not answer"
            continue
        if not is_there:
            yield (
                f"{shown(root)}: there is no such folder, or this account may not see"
                " it; segued waits for it"
            )


def show(args: argparse.Namespace) -> int:
    """Print each value of the configuration with its origin; return the exit code.

    Raises:
        ConfigError: The configuration is invalid.
    """
    args.config = args.config or default_config_file()
    source = read_source(args.config)
    checked = checking.check(source, SECTIONS)
    config = with_paths(args, to_config(checked))
    rows = list(_rows(args, config, source, checked))
    if args.json:
        result: dict[str, dict[str, Any]] = {}
        for section, key, value, origin in rows:
            result.setdefault(section, {})[key] = {"value": value, "origin": origin}
        print(json.dumps(result))  # noqa: T201
        return ExitCode.ALL_DONE
    print(f"# {args.config or 'There is no configuration file.'}")  # noqa: T201
    section_before = ""
    for section, key, value, origin in rows:
        if section != section_before:
            print(f"\n[{section}]")  # noqa: T201
            section_before = section
        text = json.dumps(value, ensure_ascii=False)
        line = f"{key} = {text}" if value is not None else f"# {key} is not set"
        print(f"{line}   # {origin}")  # noqa: T201
    return ExitCode.ALL_DONE


def _rows(
    args: argparse.Namespace,
    config: Config,
    source: ConfigSource,
    checked: CheckedConfig,
) -> Iterator[tuple[str, str, object, str]]:
    """Yield section, key, value and origin of every value; secrets are masked."""
    effective = {
        ("library", "database"): str(config.database.absolute()),
        ("library", "control_socket"): str(
            control_socket(config.library.control_socket)
        ),
        ("library", "folders"): list(config.library.folders or DEFAULT_FOLDERS),
        ("flavoring", "models"): str(config.models_folder.absolute()),
    }
    settings, stored_where = _settings(config)
    chosen = {
        ("library", "folders"): list(settings.music_folders),
        ("services", "contact"): settings.contact,
    }
    for section in SECTIONS:
        part = _of_file(settings) if section == "settings" else getattr(config, section)
        values: dict[str, Any] = msgspec.to_builtins(mask_secrets(part))
        for key, value in values.items():
            origin = checked.origins.get((section, key))
            text = stored_where if section == "settings" else DEFAULT
            if origin is not None:
                text = origin.text(source)
            if (section, key) == ("library", "database") and args.database:
                text = "--database"
            if origin is None and chosen.get((section, key)):
                yield section, key, chosen[section, key], stored_where
                continue
            yield section, key, effective.get((section, key), value), text


def _of_file(settings: Settings) -> FileSettings:
    """Return those of the settings that `[settings]` can fix."""
    names = FileSettings.__struct_fields__
    return FileSettings(**{name: getattr(settings, name) for name in names})


def _settings(config: Config) -> tuple[Settings, str]:
    """Return the settings in force, and where those come from that no file fixes."""
    fixed = config.pinned.as_dict()
    try:
        client = find_daemon(
            [control_socket(config.library.control_socket)], config.database
        )
        if client is not None:
            return client.settings(), f"the library, by the daemon at {client.path}"
        stored = reports.stored_settings(config.database)
    except SeguedError:
        workers = {"ai_processing_thread_count": cpu_count() + 1}
        return msgspec.convert(workers | fixed, Settings), DEFAULT
    where = f"the library {config.database}"
    known = {key: stored[key] for key in Settings.__struct_fields__ if key in stored}
    return msgspec.convert(known | fixed, Settings), where
