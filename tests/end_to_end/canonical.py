"""What a library stores of the files on disk; its history does not count."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.end_to_end.library_queries import query
from tests.end_to_end.segued_runner import SeguedRunner

__all__ = ["LOUDNESS_ONLY", "assert_equals_a_fresh_import", "canonical_library"]

LOUDNESS_ONLY = "sources = []\nloudness = true"
"""Loudness is part of the comparison."""


def assert_equals_a_fresh_import(segued: SeguedRunner, music: Path) -> None:
    """Import the folder into a new library, and compare the other one with it."""
    fresh = SeguedRunner(segued.home.with_name(f"{segued.home.name}-fresh"))
    fresh.import_folders(
        music,
        options=["--config", fresh.write_config(f"[flavoring]\n{LOUDNESS_ONLY}")],
    )
    actual, expected = canonical_library(segued), canonical_library(fresh)
    differences = {
        content: (actual.get(content), expected.get(content))
        for content in actual.keys() | expected.keys()
        if actual.get(content) != expected.get(content)
    }
    assert not differences, "\n".join(map(str, differences.items()))


def canonical_library(segued: SeguedRunner) -> dict[str, Any]:
    """Return what the library stores of the files on disk, by content hash.

    Which of several copies is the imported one depends on which came first, so
    copies are compared as a group.
    """
    rows = query(
        segued.database, "SELECT * FROM library_files WHERE status <> 'MISSING'"
    )
    library: dict[str, Any] = {}
    groups = defaultdict(list)
    for row in rows:
        groups[row["content_hash"]].append(row)
    passages_by_path = dict(_passages(segued))
    for content, group in groups.items():
        paths = sorted(row["path"] for row in group)
        passages = [row for path in paths for row in passages_by_path.get(path, ())]
        paths_by_id = {row["file_id"]: row["path"] for row in group}
        library[content] = {
            "paths": paths,
            "matching": {
                row["path"]: sorted(
                    paths_by_id.get(each, each)
                    for each in json.loads(row["matching_hashes"])
                )
                for row in group
            },
            "statuses": sorted(row["status"] for row in group),
            "facts": {
                (row["duration_ticks"], row["sample_rate"], row["channels"])
                for row in group
                if row["status"] == "INGEST COMPLETE"
            },
            "passages": passages if len(paths) == 1 else len(passages),
        }
    return library


def _passages(segued: SeguedRunner) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    columns = (
        "ordinal",
        "start_ticks",
        "end_ticks",
        "lead_in_ticks",
        "lead_out_ticks",
        "fingerprint",
        "title",
        "artist",
        "album",
        "confidence",
        "status",
        "loudness_lufs",
        "loudness_range_lu",
        "true_peak_dbtp",
        "flavor_failure",
    )
    passages: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    rows = query(
        segued.database, "SELECT * FROM library_passages ORDER BY path, ordinal"
    )
    for row in rows:
        passages[row["path"]].append(tuple(row[name] for name in columns))
    yield from passages.items()
