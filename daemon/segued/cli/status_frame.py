"""The status of a daemon as a frame of the live view."""

from segued.views.daemon_view import Frame
from segued.web.status import Status, to_snapshot

__all__ = ["to_frame"]


def to_frame(status: Status) -> Frame:
    """Return the frame that shows a status."""
    # The snapshot already shows the session and its workers; the page has its own line.
    shown_elsewhere = ("  ", "Page: ")
    notices = [each for each in status.text[1:] if not each.startswith(shown_elsewhere)]
    return Frame(to_snapshot(status), status.phases, notices, status.page)
