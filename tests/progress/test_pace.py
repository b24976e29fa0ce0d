"""How fast work goes on: `segued.progress.pace`."""

import pytest

from segued.progress.pace import PARTS, PAUSE_SECONDS, Pace


def pace_of(*ends: float) -> Pace:
    """Return the pace of parts that ended at these times."""
    pace = Pace()
    for end in ends:
        pace.add(end)
    return pace


def test_pace_is_that_of_the_last_parts() -> None:
    """Parts before the last ones do not count."""
    slow = [10.0 * nth for nth in range(PARTS)]
    quick = [slow[-1] + 2.0 * nth for nth in range(1, PARTS + 1)]

    assert pace_of(*slow).per_second(slow[-1]) == pytest.approx(0.1)
    assert pace_of(*slow, *quick).per_second(quick[-1]) == pytest.approx(0.5)


def test_few_parts_give_no_pace() -> None:
    """Two ends are one part of known length, which may be an exception."""
    assert pace_of(0.0, 10.0).per_second(10.0) is None
    assert pace_of(0.0, 10.0, 20.0).per_second(20.0) == pytest.approx(0.1)


def test_pace_falls_while_a_part_takes_long() -> None:
    """The expected time must not stand still while nothing ends."""
    pace = pace_of(0.0, 10.0, 20.0)

    assert pace.per_second(30.0) == pytest.approx(0.1)
    assert pace.per_second(50.0) == pytest.approx(2 / 40)


def test_a_pause_is_not_counted() -> None:
    """After the active hours of a day, the pace of yesterday says nothing."""
    later = 20.0 + 2 * PAUSE_SECONDS
    pace = pace_of(0.0, 10.0, 20.0)

    assert pace.per_second(later) is None
    pace.add(later)
    assert pace.per_second(later) is None
    pace.add(later + 5.0)
    pace.add(later + 10.0)
    assert pace.per_second(later + 10.0) == pytest.approx(0.2)
