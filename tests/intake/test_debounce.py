"""When a file that is being written is complete: `segued.intake.debounce`."""

from segued.intake.debounce import WriteDebouncer
from segued.model import FileEntry, Signature
from segued.units import Seconds


def file_entry(path: str, size: int = 1) -> FileEntry:
    """Return a directory entry of this size."""
    return FileEntry(path.encode(), Signature(size, 0, 1))


def make_debouncer() -> WriteDebouncer:
    """Return a debouncer: 5 s without changes, or 65 s if other files change."""
    return WriteDebouncer(quiet=Seconds(5), patience=Seconds(60))


def test_file_is_complete_after_a_quiet_period() -> None:
    """Quiet: neither its signature changes nor does an event touch it."""
    files = make_debouncer()
    files.update({b"/m"}, [file_entry("/m/a", 1)], now=0)
    files.update({b"/m"}, [file_entry("/m/a", 2)], now=3)
    files.touch(b"/m/a", now=4)

    assert files.due() == {b"/m": 9}
    assert not files.is_complete(file_entry("/m/a", 2), now=8.9)
    assert files.is_complete(file_entry("/m/a", 2), now=9)
    assert not files.is_complete(file_entry("/m/a", 3), now=9)


def test_files_of_a_folder_are_released_together() -> None:
    """But a file that never stops changing delays the others for 60 s at most."""
    files = make_debouncer()
    files.update({b"/m"}, [file_entry("/m/a"), file_entry("/m/b")], now=0)
    files.update({b"/n"}, [file_entry("/n/c")], now=0)
    for second in range(1, 70):
        files.touch(b"/m/b", now=second)

    def complete(now: float) -> list[str]:
        names = ("/m/a", "/m/b", "/n/c")
        return [name for name in names if files.is_complete(file_entry(name), now)]

    assert complete(now=6) == ["/n/c"]
    assert files.due()[b"/m"] == 65
    assert complete(now=64.9) == ["/n/c"]
    assert complete(now=65) == ["/m/a", "/n/c"]


def test_released_and_vanished_files_are_dropped() -> None:
    """In the scanned folders; files of other folders stay."""
    files = make_debouncer()
    files.update(
        {b"/m", b"/n"},
        [file_entry("/m/a"), file_entry("/m/b"), file_entry("/n/c")],
        now=0,
    )
    files.update({b"/m"}, [file_entry("/m/b")], now=1)

    assert len(files) == 2
    assert [files.touch(name, now=2) for name in (b"/m/a", b"/m/b", b"/n/c")] == [
        False,
        True,
        True,
    ]
    files.update({b"/m", b"/n"}, [], now=3)
    assert (len(files), files.due()) == (0, {})


def test_file_that_keeps_changing_is_reported() -> None:
    """So that the status shows why it is not imported."""
    files = make_debouncer()
    files.update({b"/m"}, [file_entry("/m/a"), file_entry("/m/b")], now=0)
    files.update({b"/m"}, [file_entry("/m/a", 2)], now=599)

    assert files.stuck(now=599, limit=Seconds(600)) == []
    assert files.stuck(now=600, limit=Seconds(600)) == [b"/m/a"]
