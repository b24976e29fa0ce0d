"""The ids that MusicBrainz has merged into others.

Tags, AcoustID and a person's decisions keep the old id of a merged recording or
release; MusicBrainz redirects it to the new one.
"""

from collections.abc import Collection
from typing import Final

from segued.store.prepared import Query, prepared
from segued.store.schema.files import iter_rows
from segued.store.schema.lookups import MergedId

__all__ = ["current_ids", "record"]

KEYS_AT_ONCE: Final = 500
"""Ids in the IN list of one statement."""

MERGES_MAX: Final = 8
"""Merges that are followed from one id: each may have been merged again."""


def record(old_mbid: str, new_mbid: str) -> None:
    """Store that `old_mbid` is merged into `new_mbid`."""
    MergedId.insert(
        old_mbid=old_mbid, new_mbid=new_mbid
    ).on_conflict_replace().execute()


def current_ids(mbids: Collection[str]) -> dict[str, str]:
    """Return the new ids of those of some ids that are merged, by old id."""
    if not list(_first_merge()):
        return {}
    current = {mbid: mbid for mbid in mbids}
    for _ in range(MERGES_MAX):
        merged = _merged(set(current.values()))
        if not merged:
            break
        current = {old: merged.get(mbid, mbid) for old, mbid in current.items()}
    return {old: mbid for old, mbid in current.items() if mbid != old}


@prepared
def _first_merge() -> Query:
    return MergedId.select(MergedId.old_mbid).limit(1)


def _merged(mbids: Collection[str]) -> dict[str, str]:
    every = list(mbids)
    found: dict[str, str] = {}
    for start in range(0, len(every), KEYS_AT_ONCE):
        batch = MergedId.old_mbid.in_(every[start : start + KEYS_AT_ONCE])
        rows = MergedId.select(MergedId.old_mbid, MergedId.new_mbid).where(batch)
        found |= dict(iter_rows(rows))
    return found
