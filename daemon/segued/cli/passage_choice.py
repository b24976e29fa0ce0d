"""A passage that a command line names by its file and its number in it."""

import os

from segued.cli.daemon_client import DaemonClient
from segued.cli.library_choice import LibraryChoice
from segued.errors import NotFoundError
from segued.paths import shown
from segued.store.reading.similar import passage_at

__all__ = ["flavored_passage"]


def flavored_passage(
    choice: LibraryChoice, client: DaemonClient | None, file: str, ordinal: int
) -> str:
    """Return the id of a passage, from the library or from the daemon that keeps it.

    Raises:
        DaemonError: The daemon gives no answer.
        NotFoundError: The library has no such passage.
        StoreError: There is no library, or it cannot be read.
    """
    path = os.path.abspath(os.fsencode(file))
    found = (
        passage_at(choice.database, path, ordinal)
        if client is None
        else _from_daemon(client, path, ordinal)
    )
    if found is None:
        raise NotFoundError(
            f"{shown(path)}: the library has no flavor of its passage {ordinal}"
        )
    return found


def _from_daemon(client: DaemonClient, path: bytes, ordinal: int) -> str | None:
    for row in client.explanation(path)["passages"]:
        if row["ordinal"] == ordinal:
            return str(row["passage_id"])
    return None
