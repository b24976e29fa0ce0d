"""A short soak; `contrib/soak` is the long one."""

from pathlib import Path

from tests.stories.soaking import soaked

SECONDS = 30.0


def test_whatever_happens_the_library_is_that_of_a_fresh_import(
    tmp_path: Path,
) -> None:
    """Half a minute of moves, changes and kills, then quiet."""
    soak = soaked(tmp_path, seconds=SECONDS, seed=7, files_max=80)

    assert soak.there()
    assert sum(soak.done.values()) > 50
