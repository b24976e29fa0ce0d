"""Asks Prometheus each query of the dashboard; exits with 1 if one finds nothing.

query_dashboard.py ADDRESS. It waits until a scrape has found imported files.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
WAIT_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.5
IMPORTED: Final = 'sum(segued_files{status="INGEST COMPLETE"}) > 10'
RATED: Final = 'sum(rate(segued_phase_seconds_count{job="segued"}[5m])) > 0'
MAY_BE_EMPTY: Final = (
    "Requests a minute to outside services",
    "Outside services",
    "Not imported, by reason",
)
"""Panels that show nothing without requests, and where all files are music."""


def results(address: str, query: str) -> list[Any]:
    """Return what a query finds; raises an error if it is not valid."""
    form = urllib.parse.urlencode({"query": query.replace("$job", "segued")})
    url = f"{address}/api/v1/query?{form}"
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
        answer = json.load(response)
    found: list[Any] = answer["data"]["result"]
    return found


def is_true(address: str, query: str) -> bool:
    """Return whether a query finds something by now."""
    try:
        return bool(results(address, query))
    except urllib.error.URLError:
        return False  # Prometheus is not up yet


def queries() -> Iterator[tuple[str, str]]:
    """Yield title and query of each panel."""
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def main() -> None:
    """Ask all queries, and print how many things each finds."""
    address = sys.argv[1]
    deadline = time.monotonic() + WAIT_SECONDS
    while not (is_true(address, IMPORTED) and is_true(address, RATED)):
        if time.monotonic() > deadline:
            sys.exit(f"no scrape found imported files within {WAIT_SECONDS:g} s")
        time.sleep(POLL_SECONDS)
    failed = 0
    for title, query in queries():
        found = len(results(address, query))
        print(f"{found:3} {title}")
        failed += not found and title not in MAY_BE_EMPTY
    sys.exit(f"{failed} queries find nothing" if failed else 0)


if __name__ == "__main__":
    main()
