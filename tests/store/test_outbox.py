"""Events that wait in the library for their receivers: `store.outbox`."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from segued.model import FileId, FileStatus, SessionState
from segued.store import files, sessions
from segued.store.database import Store
from segued.store.schema.files import File, Passage, PassageDecision, Session
from segued.store.schema.music import Album, PassageAlbum
from segued.store.schema.outgoing import OutgoingEvent, ToldSubject

ALL = (
    "file.imported",
    "album.completed",
    "file.failed",
    "review.needed",
    "session.completed",
    "folder.offline",
    "library.trouble",
    "folder.imported",
)


def add_file(name: str, album: str | None = None) -> str:
    """Store a PENDING file with one passage, which may be of an album."""
    path = f"/m/tide/{name}".encode()
    file = File.create(
        path=path,
        folder=b"/m/tide",
        root=b"/m",
        path_text=path.decode(),
        size_bytes=1,
        mtime_ns=1,
        inode=1,
    )
    passage = Passage.create(
        file=file, ordinal=1, start_ticks=0, end_ticks=28_224_000, title=name
    )
    if album is not None:
        PassageAlbum.create(passage=passage, album=album)
    return str(file.id)


def add_album() -> str:
    """Store an album."""
    return str(Album.create(name_key="tide", title="Tide").id)


def finish(file: str, status: FileStatus = FileStatus.COMPLETE) -> None:
    """End the import of a file."""
    files.mark_finished(FileId(file), status)


def end_session() -> None:
    """Begin a session, and end it."""
    sessions.set_state(sessions.start(["/m"]), SessionState.COMPLETED)


def told(receiver: str = "url") -> list[tuple[str, dict[str, Any]]]:
    """Return the events that wait for a receiver, and delete them."""
    rows = list(OutgoingEvent.select().where(OutgoingEvent.receiver == receiver))
    OutgoingEvent.delete().where(OutgoingEvent.receiver == receiver).execute()
    return [(row.event, json.loads(row.payload)) for row in rows]


async def subscribe(
    store: Store, keep: int = 100, **receivers: tuple[str, ...]
) -> None:
    """Subscribe receivers as the daemon does."""
    await store.subscribe(receivers, keep, forgets_others=True)


async def test_each_event_is_told_once_with_its_facts(store: Store) -> None:
    """Files, their album when its last file ends, the folder, and the session."""
    await subscribe(store, url=ALL)
    album = await store.do(add_album)
    one = await store.do(add_file, "1.mp3", album)
    two = await store.do(add_file, "2.mp3", album)
    await store.do(finish, one)

    first = await store.do(told)
    assert [event for event, _ in first] == ["file.imported"]
    facts = first[0][1]
    assert facts["path"] == "/m/tide/1.mp3"
    assert (facts["file_id"], facts["folder"], facts["root"]) == (one, "/m/tide", "/m")
    assert facts["passages"][0]["title"] == "1.mp3"
    assert facts["passages"][0]["end_seconds"] == 1.0

    await store.do(finish, two)
    second = dict(await store.do(told))
    assert list(second) == ["file.imported", "album.completed", "folder.imported"]
    completed = second["album.completed"]
    assert (completed["title"], completed["tracks"]) == ("Tide", 2)
    assert completed["folder"] == second["folder.imported"]["folder"] == "/m/tide"
    ids = {facts["id"], *(each["id"] for each in second.values())}
    assert len(ids) == 4

    await store.do(end_session)
    ((event, facts),) = await store.do(told)
    assert (event, facts["state"], facts["roots"]) == (
        "session.completed",
        "COMPLETED",
        ["/m"],
    )


async def test_what_is_done_again_is_no_news(store: Store) -> None:
    """A complete file that is matched again; an album with the tracks that it had."""
    await subscribe(store, url=ALL)
    album = await store.do(add_album)
    file = await store.do(add_file, "1.mp3", album)
    await store.do(finish, file)
    await store.do(told)

    await store.do(File.update(status=FileStatus.PENDING).execute)
    await store.do(finish, file)
    assert [event for event, _ in await store.do(told)] == ["folder.imported"]

    await store.do(finish, await store.do(add_file, "2.mp3", album))
    names = [event for event, _ in await store.do(told)]
    assert names == ["file.imported", "album.completed", "folder.imported"]
    await store.do(File.update(status=FileStatus.MISSING).execute)
    await store.do(File.update(status=FileStatus.COMPLETE).execute)
    assert await store.do(told) == []


async def test_a_rolled_back_change_is_not_told(store: Store) -> None:
    """An event is in the library if and only if its change is."""
    await subscribe(store, url=ALL)
    file = await store.do(add_file, "1.mp3")

    def fail() -> None:
        finish(file)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.do(fail)
    assert await store.do(told) == []
    await store.do(finish, file)
    assert [event for event, _ in await store.do(told)] == [
        "file.imported",
        "folder.imported",
    ]


async def test_new_questions_are_told_at_the_end_of_a_session(store: Store) -> None:
    """Once, and again only after they were settled; those from before are no news."""
    old = await store.do(add_file, "old.mp3")
    await store.do(finish, old)

    def ask(file: str, urgency: int | None) -> None:
        passage = Passage.get(Passage.file == file)
        PassageDecision.delete().where(PassageDecision.passage == passage).execute()
        PassageDecision.create(
            passage=passage,
            reason="r",
            evidence="{}",
            rejected="[]",
            question="which",
            question_text="Which?",
            urgency=urgency,
        )

    async def cards() -> list[tuple[int, int, str]]:
        await store.do(end_session)
        return [
            (facts["open"], facts["new"], facts["cards"][0]["card_id"])
            for event, facts in await store.do(told)
            if event == "review.needed"
        ]

    await store.do(ask, old, 1)
    await subscribe(store, url=ALL)
    assert await cards() == []
    new = await store.do(add_file, "new.mp3")
    await store.do(finish, new)
    await store.do(ask, new, 2)
    # As after a restart between the question and the end of the session.
    await subscribe(store, url=ALL)
    assert await cards() == [(2, 1, new)]
    assert await cards() == []
    await store.do(ask, new, None)
    assert await cards() == []
    await store.do(ask, new, 3)
    assert await cards() == [(2, 1, new)]


async def test_receivers_get_what_they_take(store: Store) -> None:
    """The oldest events of a full outbox are dropped, for that receiver only."""
    await subscribe(store, 10, url=("file.imported",), command=("file.failed",))
    names = [f"{number:02}" for number in range(15)]
    for name in names:
        await store.do(finish, await store.do(add_file, name))
    await store.tell("library.trouble", "x", {})

    kept = [facts["path"][-2:] for _, facts in await store.do(told)]
    assert kept == names[-10:]
    assert await store.do(told, "command") == []


async def test_a_folder_waits_once(store: Store) -> None:
    """A program that scans it again needs the last event only."""
    await subscribe(store, mpd=("folder.imported",))
    for name in ("1", "2"):
        await store.do(finish, await store.do(add_file, name))
    assert len(await store.do(told, "mpd")) == 1


async def test_without_receivers_nothing_is_written(
    store: Store, tmp_path: Path
) -> None:
    """Not by a change, and what waited for earlier receivers is deleted."""
    await subscribe(store, url=ALL)
    await store.do(finish, await store.do(add_file, "1.mp3"))
    assert await store.do(OutgoingEvent.select().count) > 0
    assert await store.do(ToldSubject.select().count) > 0
    await subscribe(store)
    assert await store.do(OutgoingEvent.select().count) == 0
    assert await store.do(ToldSubject.select().count) == 0

    await store.do(finish, await store.do(add_file, "2.mp3"))
    await store.do(end_session)
    await store.tell("folder.offline", "/m", {})
    assert await store.do(Session.select().count) == 1
    with closing(sqlite3.connect(tmp_path / "library.db")) as library:
        assert library.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
