"""Covers of the Cover Art Archive, for albums without a picture of their own."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sample_library import encode, song, tag

from tests.end_to_end.review_music import services_config
from tests.end_to_end.running_daemon import RunningDaemon, running_daemon
from tests.end_to_end.segued_runner import QUICK_CONFIG, SeguedRunner
from tests.end_to_end.service_catalog import ServiceCatalog
from tests.fake_services import FakeServices, services_in_background
from tests.fake_services.cover_archive import (
    CoverArchiveService,
    cover_archive_in_background,
)
from tests.limits import WAIT_SECONDS
from tests.media.test_cover_pictures import bomb, picture
from tests.web.chromium import open_window
from tests.web.web_client import Reply, WebClient

DAY_SECONDS = 86_400
ALBUM = "Harbour"
SONGS = ("Ebb", "Flow", "Slack")


@dataclass(frozen=True)
class Library:
    """A library with an album of a known release, and the archive that it may ask."""

    archive: CoverArchiveService
    daemon: RunningDaemon
    client: WebClient

    @property
    def release(self) -> str:
        """The release of the album."""
        (album,) = self.client.get_json("/api/albums", query=ALBUM)["albums"]
        return str(album["release_mbid"])

    @property
    def path(self) -> str:
        """The path of the cover of the album."""
        (album,) = self.client.get_json("/api/albums", query=ALBUM)["albums"]
        return f"/api/albums/{album['album_id']}/cover"

    def use_archive(self, *, use: bool = True) -> None:
        """Turn the use of the archive on or off, as a person does."""
        reply = self.client.send_json("PUT", "/api/settings/cover_art_archive", use)
        assert reply.status == 200

    def cover_once_asked(self, requests: int) -> Reply:
        """Return the cover when the archive got that many requests and they ended."""
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            reply = self.client.request("GET", self.path)
            if len(self.archive.paths) >= requests and (
                reply.status == 200 or self.kept_files()
            ):
                return reply
            time.sleep(0.02)
        raise TimeoutError(f"{self.archive.paths}")

    def kept_files(self) -> list[Path]:
        """Return the files of kept covers."""
        database = self.daemon.segued.database
        return sorted(database.with_name(f"{database.name}.covers").glob("*/*.jpg"))


@pytest.fixture(name="imported", scope="module")
def _imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with music and a library, of which each test gets a copy."""
    folder = tmp_path_factory.mktemp("imported")
    for number, name in enumerate(SONGS):
        path = folder / "music" / ALBUM / f"{number + 1} {name}.mp3"
        path.parent.mkdir(parents=True, exist_ok=True)
        encode(path, song(number, 14.0), 44_100, "mp3")
        tag(path, {"title": name, "artist": "Marram", "album": ALBUM})
    first = SeguedRunner(folder / "first")
    assert first.import_folders(folder / "music").code == 0
    catalog = ServiceCatalog(first.database)
    catalog.add_album(ALBUM, "Marram", ALBUM, *SONGS)
    segued = SeguedRunner(folder / "state")
    with services_in_background(
        lambda: FakeServices(catalog.in_memory_answers, limits=False)
    ) as background:
        config = segued.write_config(
            QUICK_CONFIG + services_config(background.services)
        )
        ran = segued.import_folders(folder / "music", options=("--config", config))
    assert ran.code == 0, ran.err
    return folder


@pytest.fixture(name="library")
def _library(tmp_path: Path, imported: Path) -> Iterator[Library]:
    """A library for each test, with the archive off, as it is by default."""
    shutil.copytree(imported / "state", tmp_path / "state")
    segued = SeguedRunner(tmp_path / "state")
    with cover_archive_in_background() as archive:
        config = (
            f'[services]\ncoverartarchive_url = "{archive.url}"\n'
            "coverartarchive_rate = 100.0\n"
            'acoustid_url = "http://127.0.0.1:9"\n'
            'musicbrainz_url = "http://127.0.0.1:9"\n'
            'contact = "tests@example.org"\n'
        )
        with running_daemon(
            segued, imported / "music", page=True, online=True, extra_config=config
        ) as daemon:
            daemon.wait_until_done(len(SONGS))
            yield Library(archive, daemon, WebClient.for_daemon(daemon))


def front(folder: Path) -> bytes:
    """Return a red picture."""
    return picture(folder / "front.jpg", "red", "900x900")


def test_the_archive_is_not_asked_by_default(library: Library) -> None:
    """It is a service, and gets to know what is listened to."""
    assert library.client.request("GET", library.path).status == 204

    assert library.archive.paths == []


def test_a_front_of_the_archive_is_shown_and_kept(
    library: Library, imported: Path, chromium: Browser, tmp_path: Path
) -> None:
    """Also on a page that was open before it came; it is fetched once."""
    release = library.release
    library.archive.fronts[release] = front(tmp_path)
    with open_window(chromium, f"{library.client.url}/#/settings") as window:
        page = window.page
        page.get_by_role("checkbox", name="Covers of the Cover Art Archive").check()
        page.get_by_test_id("save").click()
        expect(page.get_by_test_id("messages")).to_contain_text("1 setting saved")
        page.locator('[data-nav="albums"]').click()
        cover = page.locator("[data-album]").filter(has_text=ALBUM).locator("img")
        expect(cover).to_have_js_property("naturalWidth", 256)
        assert window.console == []
    library.daemon.stop()

    segued = library.daemon.segued
    with running_daemon(segued, imported / "music", page=True) as daemon:
        client = WebClient.for_daemon(daemon)
        # Without a network, what was fetched before is shown.
        assert client.request("GET", library_path(client)).status == 200
    assert library.archive.paths == [
        f"/release/{release}/front-1200",
        f"/download/{release}",
    ]
    assert library.archive.agents == {"segued/0.1.0 ( tests@example.org )"}


def library_path(client: WebClient) -> str:
    """Return the path of the cover of the album."""
    (album,) = client.get_json("/api/albums", query=ALBUM)["albums"]
    return f"/api/albums/{album['album_id']}/cover"


def test_none_is_kept_for_a_week(library: Library, tmp_path: Path) -> None:
    """Then the archive is asked again."""
    library.use_archive()
    assert library.cover_once_asked(1).status == 204
    assert library.cover_once_asked(1).status == 204
    assert len(library.archive.paths) == 1

    library.archive.fronts[library.release] = front(tmp_path)
    for file in library.kept_files():
        old = time.time() - 8 * DAY_SECONDS
        os.utime(file, (old, old))
    until = time.monotonic() + WAIT_SECONDS
    while library.client.request("GET", library.path).status != 200:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert len(library.archive.paths) == 3


def test_a_picture_bomb_counts_as_none(library: Library) -> None:
    """It is decoded in a child process, and kept as none."""
    library.archive.fronts[library.release] = bomb()
    library.use_archive()

    assert library.cover_once_asked(2).status == 204
    assert {file.stat().st_size for file in library.kept_files()} == {0}
    library.daemon.wait_for(lambda status: status["state"] == "COMPLETED")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://archive.org/front.jpg", "redirects to another origin"),
        ("https://archive.org.example.org/front.jpg", "redirects to another origin"),
        ("https://archive.org:8443/front.jpg", "redirects to another origin"),
    ],
)
def test_redirects_lead_to_archive_org_only(
    library: Library, target: str, reason: str
) -> None:
    """By HTTPS; what leads elsewhere is reported, and asked for again later."""
    library.archive.redirects[library.release] = target
    library.use_archive()
    library.client.request("GET", library.path)

    library.daemon.wait_for_log('"cover.failed"', reason)
    assert library.kept_files() == []


def test_a_large_picture_is_not_read_to_its_end(library: Library) -> None:
    """More than 8 MiB counts as none."""
    library.archive.fronts[library.release] = b"\xff\xd8\xff" + bytes(9 << 20)
    library.use_archive()
    assert library.cover_once_asked(2).status == 204

    library.daemon.wait_for_log('"cover.failed"', "larger than 8,388,608 bytes")


def test_without_the_archive_nothing_waits(library: Library) -> None:
    """The cover is missing at once, and is asked for again after some minutes."""
    library.archive.redirects[library.release] = f"{library.archive.url}/release/x"
    library.archive.redirects["x"] = f"{library.archive.url}/release/{library.release}"
    library.use_archive()
    library.client.request("GET", library.path)
    library.daemon.wait_for_log('"cover.failed"', "unexpected status: HTTP 307")
    asked = len(library.archive.paths)

    assert library.client.request("GET", library.path).status == 204
    assert len(library.archive.paths) == asked == 5
