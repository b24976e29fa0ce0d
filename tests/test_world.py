"""The outside world that other tests rely on: it lives, and it ends."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from urllib.request import urlopen

import pytest

from tests.world import (
    InMemory,
    OnDisk,
    StallBody,
    World,
    fingerprint_path,
    in_background,
)
from tests.world.client import (
    ANSWERS,
    FINGERPRINT,
    LOW_TIDE,
    RELEASE_PATH,
    Client,
    session,
)


async def test_a_world_may_be_without_limits() -> None:
    """For a test of something else."""
    async with World(OnDisk(ANSWERS), limits=False) as world, session() as opened:
        client = Client(world, opened)
        statuses = {(await client.release()).status for _ in range(30)}

    assert statuses == {200}
    assert world.refusals == []


async def test_the_end_does_not_wait_for_clients() -> None:
    """Answers that never end, end with the world."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(session())
        async with World(OnDisk(ANSWERS), limits=False) as world:
            world.fail("musicbrainz", StallBody(), times=None)
            for _ in range(5):
                url = world.musicbrainz_url + RELEASE_PATH
                await stack.enter_async_context(opened.get(url))
            started = loop.time()
        took = loop.time() - started

    assert took < 2


async def test_what_is_added_is_known() -> None:
    """A tree may grow while the world lives."""
    files: dict[str, bytes] = {}
    async with World(InMemory(files), limits=False) as world, session() as opened:
        client = Client(world, opened)
        before = await client.lookup(fingerprint=FINGERPRINT, duration="201")
        files[fingerprint_path(FINGERPRINT)] = b'[{"id": "x", "score": 1.0}]'
        after = await client.lookup(fingerprint=FINGERPRINT, duration="201")

    assert before.json["results"] == []
    assert after.json["results"] == [{"id": "x", "score": 1.0}]


def test_a_world_in_the_background() -> None:
    """For those who hold up their own event loop."""
    with in_background(lambda: World(OnDisk(ANSWERS))) as background:
        world = background.world
        url = f"{world.acousticbrainz_url}/api/v1/high-level?recording_ids={LOW_TIDE}"
        with urlopen(url) as response:  # noqa: S310
            found = json.load(response)
        background.wait_for(world.off())
        with pytest.raises(OSError, match="refused"):
            urlopen(url)  # noqa: S310

    assert LOW_TIDE in found
    assert [request.status for request in world.requests] == [200]


def test_a_world_for_a_person() -> None:
    """It says where it is and what to configure, and ends at Ctrl-C."""
    command = [sys.executable, "-u", "-m", "tests.world", "--answers", str(ANSWERS)]
    with subprocess.Popen(
        [*command, "--speed", "10"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        snippet = said[said.index("[services]") :]
        urls = dict(re.findall(r'^(\w+_url) = "(.*)"$', snippet, re.MULTILINE))
        url = f"{urls['acousticbrainz_url']}/api/v1/high-level"
        with urlopen(f"{url}?recording_ids={LOW_TIDE}") as response:  # noqa: S310
            found = json.load(response)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert set(urls) == {"acoustid_url", "musicbrainz_url", "acousticbrainz_url"}
    assert LOW_TIDE in found
    assert rest == "\n1 requests, 0 of them refused for their rate\n"
    assert process.returncode == 0
