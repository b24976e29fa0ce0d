"""A service that fails is left alone, and tried again now and then."""

from segued.clients.circuit_breaker import FAILURES_MAX, CircuitBreaker, Permit
from tests.clients.conftest import FakeClock


def open_circuit(hours: FakeClock) -> CircuitBreaker:
    """Return a breaker that has just opened."""
    breaker = CircuitBreaker(lambda: hours.now)
    for _ in range(FAILURES_MAX):
        breaker.record_failure(breaker.acquire())
    return breaker


def test_consecutive_failures_open_the_circuit(fake_clock: FakeClock) -> None:
    """A success in between begins the count again."""
    breaker = CircuitBreaker(lambda: fake_clock.now)
    for succeeds in (False, False, True, False, False):
        permit = breaker.acquire()
        assert permit == Permit()
        if succeeds:
            breaker.record_success()
        else:
            breaker.record_failure(permit)
    assert breaker.acquire() == Permit()

    breaker.record_failure(breaker.acquire())
    assert breaker.is_open
    assert breaker.acquire() == Permit(wait_seconds=5.0)


def test_probe_interval_doubles(fake_clock: FakeClock) -> None:
    """After 5 s, and twice as long each time, up to 5 minutes."""
    breaker = open_circuit(fake_clock)
    waits = []
    for _ in range(8):
        waits.append(breaker.wait_seconds)
        fake_clock.now += breaker.wait_seconds
        breaker.record_failure(breaker.acquire())

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]


def test_only_one_probe_at_a_time(fake_clock: FakeClock) -> None:
    """Others wait meanwhile; a success lets everybody through."""
    breaker = open_circuit(fake_clock)
    fake_clock.now += 5
    probe, other = breaker.acquire(), breaker.acquire()
    assert probe.probe
    assert other.wait_seconds > 0

    breaker.record_success()
    assert breaker.acquire() == Permit()


def test_cancelled_probe_is_released(fake_clock: FakeClock) -> None:
    """Who is cancelled has learnt nothing."""
    breaker = open_circuit(fake_clock)
    fake_clock.now += 5
    breaker.release(breaker.acquire())

    assert breaker.acquire().probe


def test_late_failures_do_not_postpone_the_probe(fake_clock: FakeClock) -> None:
    """Those who were let through before do not postpone the probe."""
    breaker = CircuitBreaker(lambda: fake_clock.now)
    permits = [breaker.acquire() for _ in range(9)]
    for permit in permits:
        breaker.record_failure(permit)

    assert breaker.wait_seconds == 5
