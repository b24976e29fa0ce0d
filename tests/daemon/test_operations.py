"""The operations of the daemon: `segued.daemon.operations`."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from segued.config.config import Config, PinnedSettings, Settings
from segued.config.sections import FlavoringSection, LibrarySection
from segued.daemon.daemon import Daemon
from segued.daemon.import_loop import RunConfig
from segued.daemon.operations import Operations
from segued.errors import ConfigError, DaemonError, NotAudioError, NotFoundError
from segued.model import Confidence, FileStatus, PhaseNumber, SessionState, Span
from segued.store import files, overrides, passages
from segued.store.deciders import Decider
from segued.store.overrides import PassageOverride
from segued.store.passages import PassageRecord
from segued.units import Ticks
from segued.web.daemon_api import DaemonApi, Override
from segued.web.status import PastSession
from tests.store.scanned_folder import ROOT, ScannedFolder

SONG = ROOT + b"/song"
MBID = "0a0b0c0d-0000-4000-8000-000000000001"
BY = Decider("alice", "tests", "1")


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Config:
    """Return a configuration that fixes one setting and analyzes nothing."""
    return Config(
        library=LibrarySection(database=str(tmp_path / "library.db")),
        flavoring=FlavoringSection(sources=(), loudness=False),
        settings=PinnedSettings(lead_in_threshold_dB=33.0),
    )


@pytest_asyncio.fixture(name="daemon")
async def _daemon(config: Config) -> AsyncIterator[Daemon]:
    """Return a daemon with an open library, which watches and imports nothing."""
    daemon = Daemon(RunConfig(config, [ROOT], offline=True))
    await daemon.store.open()
    yield daemon
    daemon.compute.close()
    await daemon.store.close()


@pytest.fixture(name="operations")
def _operations(daemon: Daemon) -> DaemonApi:
    """Return the operations of the daemon, as the routes see them."""
    return Operations(daemon)


@pytest_asyncio.fixture(name="folder")
async def _folder(daemon: Daemon) -> ScannedFolder:
    """Return a folder with an imported song of one passage and a failed file."""
    folder = ScannedFolder(daemon.store)
    await folder.scan("song", "broken")
    await folder.hash_file("song", "content")
    song, broken = await folder.get_file("song"), await folder.get_file("broken")
    passage = PassageRecord(
        span=Span(Ticks(0), Ticks(9)),
        fingerprint=None,
        title="Song",
        artist="Artist",
        album="Album",
        confidence=Confidence.LOW,
        score=0.6,
        reason="",
        evidence={},
        rejected=(),
    )
    error = NotAudioError(broken.path, "no audio")
    await daemon.store.do(passages.replace, song.id, [passage])
    await folder.finish("song")
    await daemon.store.do(files.mark_failed, broken.id, PhaseNumber.SEGMENT, error)
    return folder


async def stored_overrides(folder: ScannedFolder) -> list[PassageOverride]:
    """Return the overrides of the song."""
    song = await folder.get_file("song")
    return await folder.store.do(overrides.overrides_for, song.id)


def test_status_names_the_library_and_the_page(
    operations: Operations, config: Config
) -> None:
    """The address of the page is read at each call."""
    before = operations.status()
    operations.page_status = lambda: "http://127.0.0.1:5730/"
    after = operations.status()

    assert (before.library, before.page) == (str(config.database), "")
    assert after.page == "http://127.0.0.1:5730/"
    assert "Page: http://127.0.0.1:5730/" in after.text
    assert (operations.database, operations.roots()) == (config.database, (ROOT,))


def test_readings_count_the_subscribers(operations: Operations) -> None:
    """The number of subscribers is read at each call."""
    operations.subscriber_count = lambda: 3

    assert operations.readings().subscribers == 3


async def test_pause_resume_and_cancel_change_the_session(
    operations: DaemonApi, daemon: Daemon
) -> None:
    """Each returns the new status; a cancelled session is stored as cancelled."""
    paused = await operations.pause()
    session = paused.session
    assert session is not None
    resumed = await operations.resume(session)
    cancelled = await operations.cancel(session)

    assert paused.state == SessionState.PAUSED
    assert resumed.state == SessionState.PROCESSING
    assert (cancelled.state, cancelled.session) == (SessionState.CANCELLED, None)
    assert daemon.recorder.session_id is None
    stored = await operations.session(session)
    assert isinstance(stored, PastSession)
    assert (stored.id, stored.state) == (session, SessionState.CANCELLED)
    assert stored.ended_at is not None


async def test_the_current_session_has_a_full_status(operations: DaemonApi) -> None:
    """Its stored row is not needed."""
    paused = await operations.pause()
    assert paused.session is not None

    assert await operations.session(paused.session) == operations.status()


async def test_an_unknown_session_is_refused(operations: DaemonApi) -> None:
    """Nothing changes."""
    with pytest.raises(NotFoundError, match="other: there is no such session"):
        await operations.session("other")
    for operation in (operations.pause, operations.resume, operations.cancel):
        with pytest.raises(NotFoundError, match="other: is not the current session"):
            await operation("other")

    assert operations.status().session is None


async def test_a_scan_resumes_a_cancelled_daemon(operations: DaemonApi) -> None:
    """A paused one stays paused."""
    await operations.cancel()
    assert (await operations.scan()).state == SessionState.PROCESSING
    await operations.pause()
    assert (await operations.scan()).state == SessionState.PAUSED


async def test_scan_accepts_only_folders_below_the_music(
    config: Config, tmp_path: Path
) -> None:
    """An unknown path and an excluded folder are refused."""
    music = tmp_path / "music"
    (music / ".hidden").mkdir(parents=True)
    daemon = Daemon(RunConfig(config, [bytes(music)], offline=True))
    operations = Operations(daemon)
    is_ready = asyncio.Event()

    async def on_ready() -> None:
        is_ready.set()

    running = asyncio.ensure_future(daemon.run(on_ready))
    await is_ready.wait()
    while not daemon.watchers:  # noqa: ASYNC110  (the daemon signals no event for it)
        await asyncio.sleep(0)
    await operations.scan(bytes(music))
    with pytest.raises(NotFoundError, match="because of its name"):
        await operations.scan(bytes(music / ".hidden"))
    with pytest.raises(NotFoundError, match="in none of the music folders"):
        await operations.scan(bytes(tmp_path / "elsewhere"))
    daemon.stop()
    await running


@pytest.mark.parametrize(
    ("code", "path"),
    [
        pytest.param(None, None, id="all"),
        pytest.param("not-audio", None, id="code"),
        pytest.param(None, ROOT + b"/broken", id="file"),
        pytest.param(None, ROOT, id="folder"),
    ],
)
async def test_retry_requeues_failed_files(
    operations: DaemonApi, folder: ScannedFolder, code: str | None, path: bytes | None
) -> None:
    """Other files stay as they are."""
    assert await operations.retry(code=code, path=path) == 1

    assert await folder.statuses() == {
        "broken": FileStatus.PENDING,
        "song": FileStatus.COMPLETE,
    }


async def test_retry_refuses_what_no_failed_file_has(
    operations: DaemonApi, folder: ScannedFolder
) -> None:
    """Without a code or a path, no failed file is no error."""
    with pytest.raises(NotFoundError, match="other: no failed file"):
        await operations.retry(code="other")
    with pytest.raises(NotFoundError, match="/music/song: no failed file"):
        await operations.retry(path=SONG)
    await operations.retry()

    assert await operations.retry() == 0
    assert (await folder.statuses())["broken"] == FileStatus.PENDING


async def test_an_override_is_stored_and_cleared(
    operations: DaemonApi, folder: ScannedFolder
) -> None:
    """Each requeues the file; a second override replaces the first."""
    await operations.set_override(SONG, 1, Override(), BY)
    await operations.set_override(SONG, 1, Override(MBID, "Title", "Artist"), BY)
    stored, status = await stored_overrides(folder), (await folder.statuses())["song"]
    await folder.finish("song")
    await operations.set_override(SONG, 1, None, BY)

    assert stored == [PassageOverride(Ticks(0), MBID, "Title", "Artist")]
    assert status == FileStatus.PENDING
    assert await stored_overrides(folder) == []
    assert (await folder.statuses())["song"] == FileStatus.PENDING


@pytest.mark.parametrize("clear", [False, True])
async def test_an_override_counts_for_an_import_that_is_under_way(
    operations: DaemonApi, folder: ScannedFolder, *, clear: bool
) -> None:
    """It may be past the match: its next phase is refused, so it starts again."""
    file = await folder.get_file("song")
    await folder.store.do(files.mark_processing, file)

    if clear:
        await operations.set_override(SONG, 1, None, BY)
    else:
        await operations.set_override(SONG, 1, Override(MBID), BY)

    assert not await folder.store.do(files.is_unchanged, file.id, file.signature)
    assert (await folder.statuses())["song"] == FileStatus.PENDING


@pytest.mark.parametrize(("path", "passage"), [(SONG, 2), (ROOT + b"/other", 1)])
async def test_an_override_needs_a_passage(
    operations: DaemonApi, folder: ScannedFolder, path: bytes, passage: int
) -> None:
    """An unknown file and an unknown passage are refused."""
    with pytest.raises(NotFoundError, match=f"the library has no passage {passage}"):
        await operations.set_override(path, passage, Override(MBID), BY)
    with pytest.raises(NotFoundError, match=f"the library has no passage {passage}"):
        await operations.set_override(path, passage, None, BY)

    assert await stored_overrides(folder) == []
    assert (await folder.statuses())["song"] == FileStatus.COMPLETE


async def test_settings_are_stored_and_masked(operations: DaemonApi) -> None:
    """A fixed setting has its value from the configuration file."""
    changed = await operations.put_setting("silence_threshold_dB", 55)
    masked = await operations.put_setting("acoustid_api_key", "abcdefgh")

    assert changed.silence_threshold_dB == 55
    assert masked.acoustid_api_key == "...gh"
    assert masked.lead_in_threshold_dB == 33
    assert await operations.settings() == masked
    assert msgspec.convert(msgspec.to_builtins(masked), Settings) == masked


@pytest.mark.parametrize(
    ("name", "value", "kind", "reason"),
    [
        pytest.param("volume", 11, ConfigError, "no such setting", id="unknown"),
        pytest.param(
            "silence_threshold_dB", 500, ConfigError, "= 500", id="out of range"
        ),
        pytest.param(
            "silence_threshold_dB", "x", ConfigError, '= "x"', id="wrong type"
        ),
        pytest.param(
            "lead_in_threshold_dB",
            44,
            DaemonError,
            "fixed in the configuration file",
            id="pinned",
        ),
    ],
)
async def test_an_invalid_setting_is_refused(
    operations: DaemonApi,
    name: str,
    value: object,
    kind: type[Exception],
    reason: str,
) -> None:
    """The stored settings do not change."""
    before = await operations.settings()

    with pytest.raises(kind, match=reason):
        await operations.put_setting(name, value)

    assert await operations.settings() == before
