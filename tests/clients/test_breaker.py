"""A service that fails is left alone, and tried again now and then."""

from segued.clients.circuit_breaker import FAILURES_MAX, Breaker, Permit
from tests.clients.conftest import Hours


def opened(hours: Hours) -> Breaker:
    """Return a breaker that has just opened."""
    breaker = Breaker(lambda: hours.now)
    for _ in range(FAILURES_MAX):
        breaker.failed(breaker.ask())
    return breaker


def test_failures_in_a_row_open_it(hours: Hours) -> None:
    """A success in between begins the count again."""
    breaker = Breaker(lambda: hours.now)
    for succeeds in (False, False, True, False, False):
        permit = breaker.ask()
        assert permit == Permit()
        if succeeds:
            breaker.succeeded()
        else:
            breaker.failed(permit)
    assert breaker.ask() == Permit()

    breaker.failed(breaker.ask())
    assert breaker.is_open
    assert breaker.ask() == Permit(wait_seconds=5.0)


def test_probes_come_ever_later(hours: Hours) -> None:
    """After 5 s, and twice as long each time, up to 5 minutes."""
    breaker = opened(hours)
    waits = []
    for _ in range(8):
        waits.append(breaker.wait_seconds)
        hours.now += breaker.wait_seconds
        breaker.failed(breaker.ask())

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]


def test_one_tries_for_all(hours: Hours) -> None:
    """Others wait meanwhile; a success lets everybody through."""
    breaker = opened(hours)
    hours.now += 5
    probe, other = breaker.ask(), breaker.ask()
    assert probe.probe
    assert other.wait_seconds > 0

    breaker.succeeded()
    assert breaker.ask() == Permit()


def test_a_probe_without_an_outcome_is_left_to_the_next(hours: Hours) -> None:
    """Who is cancelled has learnt nothing."""
    breaker = opened(hours)
    hours.now += 5
    breaker.withdrawn(breaker.ask())

    assert breaker.ask().probe


def test_late_failures_change_nothing(hours: Hours) -> None:
    """Those who were let through before do not postpone the probe."""
    breaker = Breaker(lambda: hours.now)
    permits = [breaker.ask() for _ in range(9)]
    for permit in permits:
        breaker.failed(permit)

    assert breaker.wait_seconds == 5
