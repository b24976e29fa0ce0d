"""List what scans passed over, page by page."""

from pathlib import Path
from typing import Final

from segued.model import PassedOver
from segued.store.reading.reports import TOPICS, open_read_only, passed_over_counts
from segued.store.reading.rows import PageRequest, PassedOverPage, PassedOverRow

__all__ = ["list_passed_over"]

LISTED: Final = f"FROM ({TOPICS['passed-over']}) WHERE ? IN ('', reason)"


def list_passed_over(
    library: Path, reason: PassedOver | None, request: PageRequest
) -> PassedOverPage:
    """Return a page of what scans passed over, and the counts by reason.

    Args:
        library: Path of the library.
        reason: Only what was passed over for this reason; None for everything.
        request: The page.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        ((total,),) = database.execute(f"SELECT count(*) {LISTED}", [reason or ""])
        page = request.with_total(total)
        rows = database.execute(
            f"SELECT reason, path, more {LISTED} LIMIT ? OFFSET ?",
            [reason or "", page.limit, page.offset],
        )
        return PassedOverPage(
            counts=passed_over_counts(database),
            passed_over=[PassedOverRow(*row) for row in rows],
            page=page.page,
            per=page.page_size,
            pages=page.pages,
            total=total,
        )
