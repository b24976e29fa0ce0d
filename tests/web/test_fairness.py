"""The limits of each peer: `segued.web.fairness`."""

from dataclasses import dataclass, field
from itertools import count

import pytest

from segued.web.fairness import FairSlots, PeerLimits, PeerPace

NUMBERS = count()


@dataclass(eq=False)
class Holder:
    """A holder that records its eviction."""

    peer: str
    is_busy: bool = False
    active_at: float = field(default_factory=lambda: next(NUMBERS))
    is_evicted: bool = False

    def evict(self) -> None:
        """Record the eviction."""
        self.is_evicted = True


def fill(slots: FairSlots[Holder], *peers: str, is_busy: bool = False) -> list[Holder]:
    """Take a slot for each peer, and return the holders."""
    holders = [Holder(peer, is_busy) for peer in peers]
    assert all(map(slots.take, holders))
    return holders


@pytest.mark.parametrize("is_busy", [False, True])
def test_newcomer_takes_from_the_peer_with_the_most(is_busy: bool) -> None:  # noqa: FBT001
    """The longest idle slot; the oldest if none is idle."""
    slots = FairSlots[Holder](5, 5)
    holders = fill(slots, "one", "many", "many", "many", "many", is_busy=is_busy)
    holders[1].active_at = next(NUMBERS)

    assert slots.take(Holder("new"))

    assert [each.is_evicted for each in holders] == [False, False, True, False, False]
    assert len(slots) == 5


def test_peer_with_the_most_takes_nothing_from_others() -> None:
    """If all slots are in use, it is refused."""
    slots = FairSlots[Holder](4, 4)
    holders = fill(slots, "one", "many", "many", "many", is_busy=True)

    assert not slots.take(Holder("many"))
    assert not any(each.is_evicted for each in holders)


def test_equal_peers_lose_idle_slots_only() -> None:
    """With as many peers as slots, a newcomer gets the longest idle one."""
    slots = FairSlots[Holder](3, 3)
    holders = fill(slots, "a", "b", "c")
    holders[0].is_busy = True

    assert slots.take(Holder("d"))
    assert [each.is_evicted for each in holders] == [False, True, False]
    for each in holders:
        each.is_busy = True
    (last,) = (each for each in slots.holders() if each.peer == "d")
    last.is_busy = True
    assert not slots.take(Holder("e"))


def test_peer_at_its_limit_replaces_its_own_idle_slot() -> None:
    """Without touching others; it is refused if none of its own is idle."""
    slots = FairSlots[Holder](10, 2)
    holders = fill(slots, "one", "many", "many")

    assert slots.take(Holder("many", is_busy=True))
    assert [each.is_evicted for each in holders] == [False, True, False]
    assert not slots.take(Holder("many"), may_replace_own=False)
    holders[2].is_busy = True
    assert not slots.take(Holder("many"))


def test_protected_peer_loses_nothing() -> None:
    """Not even if it holds the most."""
    slots = FairSlots[Holder](3, 3, protected="mine")
    fill(slots, "mine", "mine", "mine")

    assert not slots.take(Holder("new"))


def test_released_slot_is_free() -> None:
    """Once, even if it is released twice."""
    slots = FairSlots[Holder](1, 1)
    (holder,) = fill(slots, "a")

    slots.release(holder)
    slots.release(holder)

    assert not slots.has("a")
    assert slots.take(Holder("b"))


def test_requests_beyond_the_burst_are_spread() -> None:
    """Each later one waits longer; the burst returns after a pause."""
    pace = PeerPace(PeerLimits(burst=10, per_second=5))

    assert [pace.charge(1, 100.0) for _ in range(10)] == [0.0] * 10
    assert [pace.charge(1, 100.0) for _ in range(3)] == pytest.approx([0.2, 0.4, 0.6])
    assert not pace.is_full(102.0)
    assert pace.is_full(103.0)
    assert pace.charge(1, 103.0) == 0.0


def test_work_is_charged_up_to_a_limit() -> None:
    """A peer gets `per_second / work_factor` processors, and a slow disk is free."""
    limits = PeerLimits()
    pace = PeerPace(limits)

    for milliseconds in (10, 50, 200):
        seconds = milliseconds / 1_000
        cost = 1 + pace.work_cost(seconds)
        assert seconds * limits.per_second / cost <= limits.per_second / (
            limits.work_factor
        )
    assert pace.work_cost(60.0) == limits.work_cost_max
