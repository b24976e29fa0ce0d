"""A world for a person: `python -m tests.world --answers FOLDER`."""

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path

from tests.world.answers import OnDisk
from tests.world.world import World


def main() -> None:
    """Start a world, say where it is, and keep it until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="tests.world", description=__doc__)
    parser.add_argument(
        "--answers", metavar="FOLDER", type=Path, required=True, help="what it knows"
    )
    parser.add_argument(
        "--port",
        metavar="N",
        type=int,
        default=0,
        help="the first of three port numbers; free ones by default",
    )
    parser.add_argument(
        "--speed",
        metavar="X",
        type=float,
        default=1.0,
        help="let the time of its limits pass so much faster",
    )
    parser.add_argument(
        "--without-limits", action="store_true", help="let everything through"
    )
    arguments = parser.parse_args()
    if not arguments.answers.is_dir():
        parser.error(f"not a folder: {arguments.answers}")
    if not arguments.speed > 0:
        parser.error("--speed must be more than 0")
    speed = arguments.speed
    world = World(
        OnDisk(arguments.answers),
        port=arguments.port,
        clock=lambda: time.monotonic() * speed,
        limits=not arguments.without_limits,
    )
    asyncio.run(_live(world))


async def _live(world: World) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with world:
        sys.stdout.write(_where(world))
        sys.stdout.flush()
        await ended.wait()
    asked, refused = len(world.requests), len(world.refusals)
    sys.stdout.write(f"\n{asked} requests, {refused} of them refused for their rate\n")


def _where(world: World) -> str:
    keys = ", ".join(sorted(world.keys))
    return (
        f"AcoustID        {world.acoustid_url}    (API key: {keys})\n"
        f"MusicBrainz     {world.musicbrainz_url}\n"
        f"AcousticBrainz  {world.acousticbrainz_url}\n"
        "\n"
        "In segued.toml:\n"
        "\n"
        "[services]\n"
        f'acoustid_url = "{world.acoustid_url}"\n'
        f'musicbrainz_url = "{world.musicbrainz_url}"\n'
        f'acousticbrainz_url = "{world.acousticbrainz_url}"\n'
        "\n"
        "Ctrl-C ends it.\n"
    )


if __name__ == "__main__":
    main()
