"""How long a test waits for something that must happen."""

from typing import Final

__all__ = ["WAIT_SECONDS"]

WAIT_SECONDS: Final = 480.0
"""It only tells a hang from a slow machine. Shorter than pytest's `timeout`, so that
the wait that failed reports what it waited for."""
