"""A failing service gets no requests except for probes."""

from segued.clients.circuit_breaker import FAILURES_MAX, CircuitBreaker, Permit
from tests.clients.conftest import FakeClock


def open_circuit(fake_clock: FakeClock) -> CircuitBreaker:
    """Return a breaker that has just opened."""
    breaker = CircuitBreaker(lambda: fake_clock.now)
    for _ in range(FAILURES_MAX):
        breaker.record_failure(breaker.acquire())
    return breaker


def test_consecutive_failures_open_the_circuit(fake_clock: FakeClock) -> None:
    """A success in between resets the count."""
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
    """The first probe is after 5 s; the interval doubles up to 5 minutes."""
    breaker = open_circuit(fake_clock)
    waits = []
    for _ in range(8):
        waits.append(breaker.wait_seconds)
        fake_clock.now += breaker.wait_seconds
        breaker.record_failure(breaker.acquire())

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]


def test_only_one_probe_at_a_time(fake_clock: FakeClock) -> None:
    """Other requests wait meanwhile; a success permits all."""
    breaker = open_circuit(fake_clock)
    fake_clock.now += 5
    probe, other = breaker.acquire(), breaker.acquire()
    assert probe.probe
    assert other.wait_seconds > 0

    breaker.record_success()
    assert breaker.acquire() == Permit()


def test_cancelled_probe_is_released(fake_clock: FakeClock) -> None:
    """A cancelled probe counts neither as a success nor as a failure."""
    breaker = open_circuit(fake_clock)
    fake_clock.now += 5
    breaker.release(breaker.acquire())

    assert breaker.acquire().probe


def test_late_failures_do_not_postpone_the_probe(fake_clock: FakeClock) -> None:
    """Requests permitted before the breaker opened do not postpone the probe."""
    breaker = CircuitBreaker(lambda: fake_clock.now)
    permits = [breaker.acquire() for _ in range(9)]
    for permit in permits:
        breaker.record_failure(permit)

    assert breaker.wait_seconds == 5
