"""When a file that is being written is whole: `segued.intake.debounce`."""

from segued.intake.debounce import Settling
from segued.model import Found, Signature
from segued.units import Seconds


def found(path: str, size: int = 1) -> Found:
    """Return a file as a look at it shows it."""
    return Found(path.encode(), Signature(size, 0, 1))


def settling() -> Settling:
    """Return files that are whole after 5 s, or 65 s if others are not."""
    return Settling(quiet=Seconds(5), patience=Seconds(60))


def test_a_file_is_whole_when_nothing_happened_for_a_while() -> None:
    """Neither in its looks, nor by any event."""
    files = settling()
    files.looked({b"/m"}, [found("/m/a", 1)], now=0)
    files.looked({b"/m"}, [found("/m/a", 2)], now=3)
    files.stirred(b"/m/a", now=4)

    assert files.due() == {b"/m": 9}
    assert not files.is_whole(found("/m/a", 2), now=8.9)
    assert files.is_whole(found("/m/a", 2), now=9)
    assert not files.is_whole(found("/m/a", 3), now=9)


def test_the_files_of_a_folder_go_together() -> None:
    """But one that never rests does not hold the others up for ever."""
    files = settling()
    files.looked({b"/m"}, [found("/m/a"), found("/m/b")], now=0)
    files.looked({b"/n"}, [found("/n/c")], now=0)
    for second in range(1, 70):
        files.stirred(b"/m/b", now=second)

    def whole(now: float) -> list[str]:
        names = ("/m/a", "/m/b", "/n/c")
        return [name for name in names if files.is_whole(found(name), now)]

    assert whole(now=6) == ["/n/c"]
    assert files.due()[b"/m"] == 65
    assert whole(now=64.9) == ["/n/c"]
    assert whole(now=65) == ["/m/a", "/n/c"]


def test_what_was_taken_or_is_gone_is_forgotten() -> None:
    """Where it was looked; elsewhere all stays as it is."""
    files = settling()
    files.looked({b"/m", b"/n"}, [found("/m/a"), found("/m/b"), found("/n/c")], now=0)
    files.looked({b"/m"}, [found("/m/b")], now=1)

    assert len(files) == 2
    assert [files.stirred(name, now=2) for name in (b"/m/a", b"/m/b", b"/n/c")] == [
        False,
        True,
        True,
    ]
    files.looked({b"/m", b"/n"}, [], now=3)
    assert (len(files), files.due()) == (0, {})


def test_what_never_rests_is_named() -> None:
    """So that a person can see why it is not imported."""
    files = settling()
    files.looked({b"/m"}, [found("/m/a"), found("/m/b")], now=0)
    files.looked({b"/m"}, [found("/m/a", 2)], now=599)

    assert files.restless(now=599, limit=Seconds(600)) == []
    assert files.restless(now=600, limit=Seconds(600)) == [b"/m/a"]
