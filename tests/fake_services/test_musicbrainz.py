"""The fake MusicBrainz answers like the real one."""

import json
import uuid

import pytest

from tests.fake_services import AnswersInMemory, FakeServices
from tests.fake_services.answers import Document, musicbrainz_path
from tests.fake_services.client import (
    ANSWERS,
    CD,
    EVERYTHING,
    GROUP,
    LANTERNS,
    LOW_TIDE,
    NOT_THERE,
    RELEASE_PATH,
    VINYL,
    Client,
    ClientResponse,
    ManualClock,
    session,
)


def many_releases(count: int, tracks: int) -> AnswersInMemory:
    """Return a release group of `count` releases with `tracks` tracks each."""
    ids = [str(uuid.UUID(int=number + 1)) for number in range(count)]
    group = musicbrainz_path("release-group", GROUP)
    files: dict[str, Document] = {group: {"releases": ids}}
    for mbid in ids:
        media = [{"track-count": tracks, "tracks": [{"title": "x"}] * tracks}]
        files[musicbrainz_path("release", mbid)] = {"id": mbid, "media": media}
    return AnswersInMemory(
        {path: json.dumps(each).encode() for path, each in files.items()}
    )


async def test_a_release_is_looked_up(
    client: Client, fake_services: FakeServices
) -> None:
    """The response is the document in the tree."""
    got = await client.release()

    expected = json.loads((ANSWERS / musicbrainz_path("release", CD)).read_bytes())
    assert got.json == expected
    assert [
        (each.service, each.status, each.at) for each in fake_services.requests
    ] == [("musicbrainz", 200, 1_000.0)]


async def test_inc_selects_the_fields(client: Client) -> None:
    """Fields that `inc` does not request are absent, as in the real service."""
    got = await client.musicbrainz(f"release/{CD}", inc="recordings+isrcs")

    medium = got.json["media"][0]
    assert "artist-credit" not in got.json
    assert "relations" not in medium["tracks"][0]["recording"]
    assert medium["tracks"][0]["recording"]["isrcs"] == ["ZZX002600001"]


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        (f"release/{NOT_THERE}", 404, "Not Found"),
        (f"recording/{NOT_THERE}", 404, "Not Found"),
        ("release/..%2F..%2Fsecret", 404, "Not Found"),
        ("recording/12345", 400, "Invalid mbid."),
        ("release", 400, "The given parameters do not match any available"),
        ("planet/mars", 404, "Not Found"),
    ],
)
async def test_what_is_not_there(
    client: Client, path: str, status: int, error: str
) -> None:
    """An error has a message and a help text."""
    got = await client.get(
        f"{client.fake_services.musicbrainz_url}/ws/2/{path}?fmt=json"
    )

    assert got.status == status
    assert got.json["error"].startswith(error)
    assert "help" in got.json


@pytest.mark.parametrize(
    ("user_agent", "status"),
    [
        ("segued/0.3 (https://example.org/segued)", 200),
        ("segued/0.3 ( me@example.org )", 200),
        ("segued/0.3", 403),
        ("segued (me@example.org)", 403),
        ("Python/3.11 aiohttp/3.14", 403),
        ("segued/0.3 (no way to reach me)", 403),
    ],
)
async def test_user_agent_is_required(
    client: Client, user_agent: str, status: int
) -> None:
    """A name, a version and a contact in parentheses."""
    url = client.fake_services.musicbrainz_url + RELEASE_PATH

    assert (await client.get(url, **{"User-Agent": user_agent})).status == status
    assert client.fake_services.requests[0].user_agent == user_agent


async def test_json_must_be_asked_for(client: Client, clock: ManualClock) -> None:
    """By `fmt` or by `Accept`; other formats are refused."""
    url = f"{client.fake_services.musicbrainz_url}/ws/2/release/{CD}"

    assert (await client.get(url)).status == 406
    assert (await client.get(url, Accept="application/json")).status == 200
    clock.now += 1
    assert (await client.get(f"{url}?fmt=xml")).status == 406


async def test_recordings_are_found_by_their_ids(
    client: Client, fake_services: FakeServices, clock: ManualClock
) -> None:
    """In the order of the request; unknown ids are left out."""
    query = f"rid:({LANTERNS} OR {NOT_THERE} OR {LOW_TIDE} OR ../../x)"
    several = (await client.musicbrainz("recording", query=query, limit="100")).json
    one = (await client.musicbrainz("recording", query=f"rid:{LOW_TIDE}")).json
    clock.now += 1
    page = (
        await client.musicbrainz("recording", query=query, limit="1", offset="1")
    ).json

    assert [each["id"] for each in several["recordings"]] == [LANTERNS, LOW_TIDE]
    assert [each["title"] for each in one["recordings"]] == ["Low Tide"]
    assert [each["id"] for each in page["recordings"]] == [LOW_TIDE]
    assert (page["count"], page["offset"]) == (2, 1)
    assert [request.item_count for request in fake_services.requests] == [4, 1, 4]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ('release:"harbour lights" AND artist:"eva marle"', 2),
        ('release:"Lights"', 2),
        ("release:harbour", 2),
        ('release:"Harbour Lights" AND artist:"Eva"', 2),
        ('release:"Harbour Lights" AND artist:"Somebody Else"', 0),
        ('release:"arbour"', 0),
        ("nonsense", 0),
    ],
)
async def test_releases_are_found_by_their_words(
    client: Client, query: str, count: int
) -> None:
    """Case, accents and punctuation are ignored; whole words must match."""
    response = (await client.musicbrainz("release", query=query, limit="5")).json

    assert response["count"] == len(response["releases"]) == count


async def test_search_result_fields(client: Client) -> None:
    """Score, names and track count."""
    query = 'release:"Harbour Lights" AND artist:"Eva Marle"'
    response = (await client.musicbrainz("release", query=query, limit="1")).json

    release = response["releases"][0]
    assert (response["count"], response["offset"], len(response["releases"])) == (
        2,
        0,
        1,
    )
    assert (release["id"], release["score"], release["track-count"]) == (CD, 100, 3)
    assert release["title"] == "Harbour Lights"
    assert release["artist-credit"][0]["name"] == "Éva Marle"
    assert [medium["track-count"] for medium in release["media"]] == [3]
    assert release["release-group"]["id"] == GROUP


async def test_a_release_group_is_browsed(client: Client) -> None:
    """All its releases, with the fields of a lookup."""
    query = {"release-group": GROUP, "inc": EVERYTHING}
    response = (await client.musicbrainz("release", **query)).json
    none = await client.musicbrainz("release", **{"release-group": NOT_THERE})
    expected = json.loads((ANSWERS / musicbrainz_path("release", CD)).read_bytes())

    assert [each["id"] for each in response["releases"]] == [CD, VINYL]
    assert (response["release-count"], response["release-offset"]) == (2, 0)
    assert response["releases"][0] == expected
    assert none.status == 404


@pytest.mark.parametrize(
    ("tracks", "query", "counts"),
    [
        (1, {}, [25, 25, 25, 25, 20]),
        (1, {"limit": "100"}, [100, 20]),
        (1, {"limit": "1000"}, [100, 20]),
        (12, {"limit": "100"}, [100, 20]),
        (12, {"limit": "100", "inc": "recordings"}, [41, 41, 38]),
        (501, {"limit": "100", "inc": "recordings", "offset": "118"}, [1, 1]),
    ],
)
async def test_a_browse_has_pages(
    tracks: int, query: dict[str, str], counts: list[int]
) -> None:
    """At most `limit` releases and 500 tracks, and at least one release."""
    pages = []
    offset = int(query.get("offset", "0"))
    answers = many_releases(120, tracks)
    async with (
        FakeServices(answers, limits=False) as fake_services,
        session() as opened,
    ):
        client = Client(fake_services, opened)
        while True:
            parameters = {"release-group": GROUP, **query, "offset": str(offset)}
            page = (await client.musicbrainz("release", **parameters)).json
            if not page["releases"]:
                break
            pages.append(len(page["releases"]))
            offset += len(page["releases"])

    assert pages == counts
    assert page["release-count"] == offset == 120


async def test_musicbrainz_takes_one_a_second(
    client: Client, fake_services: FakeServices, clock: ManualClock
) -> None:
    """On average, with a burst of two; a refused request gets a Retry-After."""
    statuses = [(await client.release()).status for _ in range(2)]
    refused = await client.release()
    for _ in range(5):
        clock.now += 1
        statuses.append((await client.release()).status)

    assert statuses == [200] * 7
    assert refused.status == 503
    assert refused.headers["Retry-After"] == "1"
    assert refused.json["error"].startswith("Your requests are exceeding the allowable")
    assert [request.status for request in fake_services.rate_limited_requests] == [503]


async def test_musicbrainz_takes_eighty_in_twenty_seconds(
    fake_services: FakeServices, clock: ManualClock
) -> None:
    """From all clients together; each response has the remaining quota."""
    got: list[ClientResponse] = []
    for number in range(41):
        async with session(f"127.0.0.{number + 2}") as opened:
            got += [await Client(fake_services, opened).release() for _ in range(2)]
    clock.now += 20
    async with session() as opened:
        got.append(await Client(fake_services, opened).release())

    assert [each.status for each in got] == [200] * 80 + [503] * 2 + [200]
    assert {each.headers["X-RateLimit-Limit"] for each in got} == {"80"}
    remaining = [int(each.headers["X-RateLimit-Remaining"]) for each in got]
    assert remaining == [*range(79, -1, -1), 0, 0, 79]
    assert all(each.headers["X-RateLimit-Reset"].isdigit() for each in got)
    assert got[80].headers["Retry-After"] == "20"


async def test_jitter_is_tolerated(client: Client, clock: ManualClock) -> None:
    """A request may come too early by the jitter of the network."""
    statuses = []
    for step in (0.0, 0.0, 0.97, 0.9):
        clock.now += step
        statuses.append((await client.release()).status)

    assert statuses == [200, 200, 200, 503]
