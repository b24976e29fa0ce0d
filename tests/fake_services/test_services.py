"""Start, run and shutdown of the fake services."""

import json
import re
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from urllib.request import urlopen

import aiohttp
import pytest

from tests.fake_services import (
    AnswersInMemory,
    AnswersOnDisk,
    FakeServices,
    StalledBodyFault,
    fingerprint_path,
    services_in_background,
)
from tests.fake_services.client import (
    ANSWERS,
    FINGERPRINT,
    LOW_TIDE,
    RELEASE_PATH,
    Client,
    session,
)


async def test_rate_limits_can_be_disabled() -> None:
    """With `limits=False` no request is refused."""
    async with (
        FakeServices(AnswersOnDisk(ANSWERS), limits=False) as fake_services,
        session() as opened,
    ):
        client = Client(fake_services, opened)
        statuses = {(await client.release()).status for _ in range(30)}

    assert statuses == {200}
    assert fake_services.rate_limited_requests == []


async def test_shutdown_does_not_wait_for_clients() -> None:
    """Endless responses end when the services shut down."""
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(session())
        async with FakeServices(AnswersOnDisk(ANSWERS), limits=False) as fake_services:
            fake_services.add_fault("musicbrainz", StalledBodyFault(), times=None)
            url = fake_services.musicbrainz_url + RELEASE_PATH
            answers = [
                await stack.enter_async_context(opened.get(url)) for _ in range(5)
            ]
        for answer in answers:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()


async def test_added_answers_are_served() -> None:
    """Documents may be added while the services run."""
    files: dict[str, bytes] = {}
    async with (
        FakeServices(AnswersInMemory(files), limits=False) as fake_services,
        session() as opened,
    ):
        client = Client(fake_services, opened)
        before = await client.lookup(fingerprint=FINGERPRINT, duration="201")
        files[fingerprint_path(FINGERPRINT)] = b'[{"id": "x", "score": 1.0}]'
        after = await client.lookup(fingerprint=FINGERPRINT, duration="201")

    assert before.json["results"] == []
    assert after.json["results"] == [{"id": "x", "score": 1.0}]


def test_services_in_a_background_thread() -> None:
    """For tests that block their own event loop."""
    with services_in_background(
        lambda: FakeServices(AnswersOnDisk(ANSWERS))
    ) as background:
        fake_services = background.services
        base = fake_services.acousticbrainz_url
        url = f"{base}/api/v1/high-level?recording_ids={LOW_TIDE}"
        with urlopen(url) as response:  # noqa: S310
            response_body = json.load(response)
        background.run(fake_services.stop())
        with pytest.raises(OSError, match="refused"):
            urlopen(url)  # noqa: S310

    assert LOW_TIDE in response_body
    assert [request.status for request in fake_services.requests] == [200]


def test_services_from_the_command_line() -> None:
    """The command prints URLs and a configuration, and ends at Ctrl-C."""
    command = [
        sys.executable,
        "-u",
        "-m",
        "tests.fake_services",
        "--answers",
        str(ANSWERS),
    ]
    with subprocess.Popen(
        [*command, "--speed", "10"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        output = ""
        while "Ctrl-C" not in output:
            line = process.stdout.readline()
            assert line, output
            output += line
        snippet = output[output.index("[services]") :]
        urls = dict(re.findall(r'^(\w+_url) = "(.*)"$', snippet, re.MULTILINE))
        url = f"{urls['acousticbrainz_url']}/api/v1/high-level"
        with urlopen(f"{url}?recording_ids={LOW_TIDE}") as response:  # noqa: S310
            response_body = json.load(response)
        process.send_signal(signal.SIGINT)
        summary = process.stdout.read()

    assert set(urls) == {"acoustid_url", "musicbrainz_url", "acousticbrainz_url"}
    assert LOW_TIDE in response_body
    assert summary == "\n1 requests, 0 of them refused for their rate\n"
    assert process.returncode == 0
