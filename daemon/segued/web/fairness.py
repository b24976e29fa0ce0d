"""Limits for each peer: how fast it may send requests, and how many it holds.

All functions take the time as an argument, in seconds of a monotonic clock.
"""

import asyncio
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

__all__ = ["FairSlots", "PeerLimits", "PeerPace", "SlotHolder"]


@dataclass(frozen=True, slots=True)
class PeerLimits:
    """The limits of one peer.

    A page load takes about 60 requests, so that `burst` is several tabs at once. The
    page itself sends some requests per second at most.

    Attributes:
        burst: Requests that are served without a delay, after a pause.
        per_second: Requests per second after that; others are delayed.
        work_factor: What a second of work on a request costs, in requests. It limits
            the work for all requests of one peer to `per_second / work_factor`
            processors.
        work_cost_max: The highest cost of one request: a slow disk is not its fault.
        at_once: Requests that are handled at the same time.
        debt_max: A peer this many requests behind keeps its connections, and gets a new
            one only below its limit.
    """

    burst: float = 500.0
    per_second: float = 100.0
    work_factor: float = 200.0
    work_cost_max: float = 40.0
    at_once: int = 4
    debt_max: float = 300.0


@dataclass
class PeerPace:
    """A token bucket of one peer; each request costs at least one token.

    The bucket may go below zero. A request then waits until it is back at zero, so
    that requests are served in their order.
    """

    limits: PeerLimits
    tokens: float = field(init=False)
    turns: asyncio.Semaphore = field(init=False)
    _updated: float = -math.inf

    def __post_init__(self) -> None:
        self.tokens = self.limits.burst
        self.turns = asyncio.Semaphore(self.limits.at_once)

    def charge(self, cost: float, now: float) -> float:
        """Take tokens, and return for how many seconds the peer has to wait."""
        if now > self._updated:
            refilled = self.tokens + (now - self._updated) * self.limits.per_second
            self.tokens = min(self.limits.burst, refilled)
            self._updated = now
        self.tokens -= cost
        return max(0.0, -self.tokens / self.limits.per_second)

    def work_cost(self, seconds: float) -> float:
        """Return the cost of a request that took so long, besides its one token."""
        cost = seconds * self.limits.work_factor - 1
        return min(max(0.0, cost), self.limits.work_cost_max)

    def is_exhausted(self, now: float) -> bool:
        """Return whether the peer is far behind."""
        self.charge(0, now)
        return self.tokens < -self.limits.debt_max

    def is_full(self, now: float) -> bool:
        """Return whether nothing is left to be remembered about the peer."""
        self.charge(0, now)
        return self.tokens >= self.limits.burst


class SlotHolder(Protocol):
    """What holds a slot: a connection, or a stream on it."""

    @property
    def peer(self) -> str:
        """The name of the peer."""

    @property
    def is_busy(self) -> bool:
        """Whether it is in use, and not idle."""

    @property
    def active_at(self) -> float:
        """When it was last used."""

    def evict(self) -> None:
        """Close it, for another peer."""


HolderT = TypeVar("HolderT", bound=SlotHolder)


class FairSlots(Generic[HolderT]):
    """A limited number of slots that peers share fairly.

    If all are taken, a peer with few slots gets one of the peer with the most: the one
    idle for the longest time, or if none is idle, the oldest. A peer at its own limit
    gets the slot that it has itself left idle for the longest time.
    """

    def __init__(self, total: int, per_peer: int, protected: str = "") -> None:
        """Create slots that are all free.

        Args:
            total: The number of slots.
            per_peer: The highest number of slots of one peer.
            protected: A peer that never loses a slot.
        """
        self._total: Final = total
        self._per_peer: Final = per_peer
        self._protected: Final = protected
        self._holders: Final[dict[HolderT, None]] = {}
        self._counts: Final[Counter[str]] = Counter()

    def __len__(self) -> int:
        return len(self._holders)

    def holders(self) -> tuple[HolderT, ...]:
        """Return all holders, the oldest first."""
        return tuple(self._holders)

    def has(self, peer: str) -> bool:
        """Return whether the peer holds any slot."""
        return self._counts[peer] > 0

    def take(self, holder: HolderT, *, may_replace_own: bool = True) -> bool:
        """Take a slot, if necessary from another holder; return whether it worked."""
        victim = None
        if self._counts[holder.peer] >= self._per_peer:
            if may_replace_own:
                victim = self._find_victim(holder.peer, only_idle=True)
            if victim is None:
                return False
        elif len(self._holders) >= self._total:
            victim = self._find_victim_for(holder.peer)
            if victim is None:
                return False
        if victim is not None:
            self.release(victim)
            victim.evict()
        self._holders[holder] = None
        self._counts[holder.peer] += 1
        return True

    def release(self, holder: HolderT) -> None:
        """Give a slot back; has no effect the second time."""
        if holder in self._holders:
            del self._holders[holder]
            self._counts[holder.peer] -= 1
            if not self._counts[holder.peer]:
                del self._counts[holder.peer]

    def _find_victim_for(self, newcomer: str) -> HolderT | None:
        """Return the holder that loses its slot to a newcomer; None if none does."""
        counts = [
            (count, peer)
            for peer, count in self._counts.items()
            if peer != self._protected
        ]
        count, largest = max(counts, default=(0, ""))
        if count > self._counts[newcomer] + 1:
            return self._find_victim(largest, only_idle=False)
        # All have about the same number: an idle one is less useful than a new one.
        return self._find_victim(None, only_idle=True)

    def _find_victim(self, peer: str | None, *, only_idle: bool) -> HolderT | None:
        """Return the least used holder of a peer; None stands for all peers."""
        candidates = (
            each
            for each in self._holders
            if (each.peer == peer if peer is not None else each.peer != self._protected)
            and not (only_idle and each.is_busy)
        )
        return min(
            candidates, key=lambda each: (each.is_busy, each.active_at), default=None
        )
