"""What the command lines of both programs have in common."""

import argparse
import uuid
from pathlib import Path

from segued.exits import Exit

__all__ = ["count", "mbid", "with_shared_options"]


def with_shared_options() -> argparse.ArgumentParser:
    """Return a parent parser with the options that every command has."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.set_defaults(code=Exit.ALL_DONE)
    shared.add_argument("--config", type=Path, metavar="FILE", help="segued.toml")
    shared.add_argument("--database", type=Path, metavar="FILE", help="the library")
    shared.add_argument("--json", action="store_true", help="print JSON, for programs")
    return shared


def count(text: str) -> int:
    """Return a number from 1 to 1024, for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= 1_024:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text}: not a number from 1 to 1024")
    return int(text)


def mbid(text: str) -> str:
    """Return a MusicBrainz id, for argparse."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: not a MusicBrainz id") from None
