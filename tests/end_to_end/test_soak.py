"""A short soak test; `contrib/soak` runs a long one."""

from pathlib import Path

from tests.end_to_end.soak import run_soak

SECONDS = 30.0


def test_library_after_soak_equals_a_fresh_import(
    tmp_path: Path,
) -> None:
    """After half a minute of moves, changes and kills."""
    soak = run_soak(tmp_path, seconds=SECONDS, seed=7, files_max=80)

    assert soak.music_files()
    assert sum(soak.counts.values()) > 50
