"""The names by which the release of a folder is searched for."""

from collections.abc import Sequence
from statistics import mode
from typing import Final

from segued.matching.evidence import PassageEvidence
from segued.matching.normalize import normalize_name
from segued.store.lookup_keys import LookupKey

__all__ = ["search_keys"]

TEXT_MAX: Final = 200


def search_keys(passages: Sequence[PassageEvidence]) -> list[str]:
    """Return the search for the most common album name; none if few songs have one."""
    album_names = [
        (
            (passage.album_artist or passage.artist or "").strip(),
            (passage.album or "").strip(),
        )
        for passage in passages
        if passage.tagged
    ]
    # A search needs words; tags can hold any text, of any length.
    names = [
        (artist[:TEXT_MAX], title[:TEXT_MAX])
        for artist, title in album_names
        if normalize_name(artist) and normalize_name(title)
    ]
    if len(names) < max(1, len(passages) / 2):
        return []
    return [str(LookupKey.for_search(*mode(names)))]
