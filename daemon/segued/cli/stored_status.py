"""The status without a daemon: that of the last session in the library."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from segued import __version__
from segued.errors import StoreError
from segued.paths import shown
from segued.store.reading import reports
from segued.views import wording
from segued.web.status import Status

__all__ = ["stored_status"]

NO_SESSION: Final = "NONE"


def stored_status(database: Path, session: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the status with the keys that a daemon's has; its process is None.

    Args:
        database: The library.
        session: The last session, as `segued.store.reading.reports.session` returns it;
            None if there is none.
    """
    row = session or {}
    cards = 0
    text = ["no session yet; segued import FOLDER starts one"]
    if session is not None:
        text = [
            wording.session_line(session),
            "No daemon runs; segued serve starts one",
        ]
        with suppress(StoreError):  # an older library has no questions yet
            cards = reports.count_cards(database)
        text += [wording.cards_line(cards)] if cards else []
    total, done = row.get("files_total", 0), row.get("files_done", 0)
    status = Status(
        state=row.get("state", NO_SESSION),
        session=row.get("id"),
        files_total=total,
        files_done=done,
        files_failed=row.get("files_failed", 0),
        files_deferred=0,
        files_analysed=0,
        analysis="",
        analysis_per_hour=None,
        analysis_seconds_left=None,
        percent=round(100 * done / total, 1) if total else 0.0,
        elapsed_seconds=0.0,
        files_per_second=None,
        seconds_left=None,
        lookups=0,
        files_again=0,
        cards=cards,
        workers=[],
        counters={},
        work={},
        repeated={},
        phases=[],
        folders=[],
        nodes=[],
        cluster="",
        services={},
        trouble=None,
        version=__version__,
        process=0,
        library=shown(bytes(database.absolute())),
        page="",
        loop_stall_ms=0.0,
        text=text,
    )
    return {**msgspec.to_builtins(status), "process": None}
