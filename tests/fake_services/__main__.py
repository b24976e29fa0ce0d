"""Run the fake services: `python -m tests.fake_services --answers FOLDER`."""

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path

from tests.fake_services.answers import AnswersOnDisk
from tests.fake_services.services import FakeServices


def main() -> None:
    """Start the services, print their URLs, and run until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="tests.fake_services", description=__doc__)
    parser.add_argument(
        "--answers",
        metavar="FOLDER",
        type=Path,
        required=True,
        help="the tree of answer documents",
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
        help="run the clock of the rate limits this many times as fast",
    )
    parser.add_argument(
        "--without-limits", action="store_true", help="apply no rate limits"
    )
    arguments = parser.parse_args()
    if not arguments.answers.is_dir():
        parser.error(f"not a folder: {arguments.answers}")
    if not arguments.speed > 0:
        parser.error("--speed must be more than 0")
    speed = arguments.speed
    fake_services = FakeServices(
        AnswersOnDisk(arguments.answers),
        port=arguments.port,
        clock=lambda: time.monotonic() * speed,
        limits=not arguments.without_limits,
    )
    asyncio.run(_serve(fake_services))


async def _serve(fake_services: FakeServices) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with fake_services:
        sys.stdout.write(_usage_text(fake_services))
        sys.stdout.flush()
        await ended.wait()
    total, refused = (
        len(fake_services.requests),
        len(fake_services.rate_limited_requests),
    )
    sys.stdout.write(f"\n{total} requests, {refused} of them refused for their rate\n")


def _usage_text(fake_services: FakeServices) -> str:
    keys = ", ".join(sorted(fake_services.keys))
    return (
        f"AcoustID        {fake_services.acoustid_url}    (API key: {keys})\n"
        f"MusicBrainz     {fake_services.musicbrainz_url}\n"
        f"AcousticBrainz  {fake_services.acousticbrainz_url}\n"
        "\n"
        "In segued.toml:\n"
        "\n"
        "[services]\n"
        f'acoustid_url = "{fake_services.acoustid_url}"\n'
        f'musicbrainz_url = "{fake_services.musicbrainz_url}"\n'
        f'acousticbrainz_url = "{fake_services.acousticbrainz_url}"\n'
        "\n"
        "Ctrl-C ends it.\n"
    )


if __name__ == "__main__":
    main()
