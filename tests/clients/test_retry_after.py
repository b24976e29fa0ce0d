"""Headers with the time of the next request are parsed, and invalid ones ignored."""

import time
from email.utils import formatdate

import pytest

from segued.clients.retry_after import reset_after_seconds, retry_after_seconds

DATE = "Sat, 01 Aug 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5),
        ({"Retry-After": " 2.5 "}, 2.5),
        ({"Retry-After": "9" * 400}, float("inf")),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-7"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "\u0663"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "Sat, 01 Aug 2026 12:00:42 GMT", "Date": DATE}, 42),
        ({"Retry-After": "Sat, 01 Aug 2026 12:00:42 -0000", "Date": DATE}, 42),
        ({"Retry-After": "Sat, 01 Aug 2020 12:00:42 GMT", "Date": DATE}, None),
        ({"Retry-After": "Sat, 99 Aug 2026 12:00:42 GMT", "Date": DATE}, None),
        ({"X-RateLimit-Reset-In": "7", "X-RateLimit-Reset": "1"}, 7),
        ({"Retry-After": "0", "X-RateLimit-Reset-In": "7"}, 7),
        ({"X-RateLimit-Reset": "1785585610", "Date": DATE}, 10),
        ({"X-RateLimit-Reset": "17", "Date": DATE}, None),
    ],
)
def test_retry_after_formats(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, a date, or the time at which the quota is renewed."""
    assert retry_after_seconds(headers) == seconds


def test_retry_date_without_a_server_date() -> None:
    """This machine's clock is used if the answer has no date."""
    later = formatdate(time.time() + 60, usegmt=True)

    assert retry_after_seconds({"Retry-After": later}) == pytest.approx(60, abs=3)


@pytest.mark.parametrize(
    ("left", "seconds"), [("0", 3), ("1", None), ("", None), ("none", None)]
)
def test_exhausted_quota_is_a_pause(left: str, seconds: float | None) -> None:
    """Only when the header reports that nothing is left."""
    headers = {"X-RateLimit-Remaining": left, "X-RateLimit-Reset-In": "3"}

    assert reset_after_seconds(headers) == seconds
