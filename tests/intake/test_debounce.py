"""When a file that is being written is whole: `segued.intake.debounce`."""

from segued.intake.debounce import WriteDebouncer
from segued.model import FileEntry, Signature
from segued.units import Seconds


def file_entry(path: str, size: int = 1) -> FileEntry:
    """Return a file as a look at it shows it."""
    return FileEntry(path.encode(), Signature(size, 0, 1))


def make_debouncer() -> WriteDebouncer:
    """Return files that are whole after 5 s, or 65 s if others are not."""
    return WriteDebouncer(quiet=Seconds(5), patience=Seconds(60))


def test_file_is_complete_after_a_quiet_period() -> None:
    """Neither in its looks, nor by any event."""
    files = make_debouncer()
    files.update({b"/m"}, [file_entry("/m/a", 1)], now=0)
    files.update({b"/m"}, [file_entry("/m/a", 2)], now=3)
    files.touch(b"/m/a", now=4)

    assert files.due() == {b"/m": 9}
    assert not files.is_complete(file_entry("/m/a", 2), now=8.9)
    assert files.is_complete(file_entry("/m/a", 2), now=9)
    assert not files.is_complete(file_entry("/m/a", 3), now=9)


def test_files_of_a_folder_are_released_together() -> None:
    """But one that never rests does not hold the others up for ever."""
    files = make_debouncer()
    files.update({b"/m"}, [file_entry("/m/a"), file_entry("/m/b")], now=0)
    files.update({b"/n"}, [file_entry("/n/c")], now=0)
    for second in range(1, 70):
        files.touch(b"/m/b", now=second)

    def whole(now: float) -> list[str]:
        names = ("/m/a", "/m/b", "/n/c")
        return [name for name in names if files.is_complete(file_entry(name), now)]

    assert whole(now=6) == ["/n/c"]
    assert files.due()[b"/m"] == 65
    assert whole(now=64.9) == ["/n/c"]
    assert whole(now=65) == ["/m/a", "/n/c"]


def test_released_and_vanished_files_are_dropped() -> None:
    """Where it was looked; elsewhere all stays as it is."""
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
    """So that a person can see why it is not imported."""
    files = make_debouncer()
    files.update({b"/m"}, [file_entry("/m/a"), file_entry("/m/b")], now=0)
    files.update({b"/m"}, [file_entry("/m/a", 2)], now=599)

    assert files.stuck(now=599, limit=Seconds(600)) == []
    assert files.stuck(now=600, limit=Seconds(600)) == [b"/m/a"]
