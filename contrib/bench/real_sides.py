"""Results of finding the tracks of sides made from real releases, as tables.

Used by `contrib/bench/sides --real FOLDER`. A wrong release is a run of tracks of
another real album that is about as long as the side, as phase 6 would try it, or random
lengths of two or three tracks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from bench.real_facts import read_facts
from bench.recorded_sides import (
    GAPS_S,
    NO_GAP,
    NOISES_DBFS,
    DrawnSide,
    GapKind,
    draw_sides,
    sides_of,
)
from bench.side_confirmation import is_confirmed
from bench.tables import Target, print_table, print_targets

from segued.dsp.side_tracks import Fit, SideSearch
from segued.phases.album.side_split import track_runs
from segued.units import Ticks, frames_to_ticks, seconds_to_ticks

__all__ = ["measure_real_sides"]

WRONG_RUNS: Final = 8
"""At most so many wrong runs of tracks are tried for a drawing."""

RIGHT_MIN: Final = 0.85
NO_GAP_MIN: Final = 0.75
SPARSE_ACCEPTED_MIN: Final = 0.80
WRONG_MAX: Final = 0.01


@dataclass(slots=True)
class _Outcome:
    """What became of one drawing.

    Attributes:
        is_right: Whether all boundaries are within a second.
        is_right_by_level: The same without the spectrum curve.
        is_accepted: Whether the right release is accepted by its lengths alone.
        is_confirmed: Whether it is accepted when AcoustID is asked about its pieces.
        joins: For each true boundary its gap, the kind of place that was taken for it,
            and whether that is right.
        wrong: For each wrong run of tracks their number, and whether it is accepted.
    """

    drawn: DrawnSide
    is_right: bool
    is_right_by_level: bool
    is_accepted: bool
    is_confirmed: bool
    joins: list[tuple[GapKind, str, bool]] = field(default_factory=list)
    wrong: list[tuple[int, bool]] = field(default_factory=list)


def measure_real_sides(folder: Path, count: int | None, seed: int) -> None:
    """Draw sides of the releases in a folder, and print how many are cut right.

    Raises:
        MeasureError: The folder has no releases.
    """
    releases = read_facts(folder).recorded
    sides = sides_of(releases)
    runs_of = {
        release.group_mbid or release.mbid: release
        for release in sorted(releases, key=lambda each: each.mbid)
    }
    found = []
    for drawn in draw_sides(sides, seed, count):
        search = SideSearch(drawn.curve, drawn.spectrum)
        outcome = _measure(drawn, search)
        total = frames_to_ticks(drawn.curve.frames, drawn.curve.rate)
        others = (
            [_listed(track.seconds) for track in run]
            for group, release in runs_of.items()
            if group != drawn.side.group
            for run in track_runs(release, total)
        )
        tried = [*_random_lengths(drawn), *islice(others, WRONG_RUNS)]
        for lengths in tried:
            accepted = _is_accepted(search.fit(lengths))
            outcome.wrong.append((len(lengths), accepted))
        found.append(outcome)
    print(f"{len(sides)} sides of {len(releases)} releases in {len(found)} drawings.\n")
    print_table(("sides", "all", "right", "share"), _side_rows(found))
    print_table(("boundaries", "all", "right", "share"), _join_rows(found))
    print_table(("right release", "all", "accepted", "share"), _accepted_rows(found))
    print_table(("wrong release", "all", "accepted", "share"), _wrong_rows(found))
    print_targets(_targets(found))


def _listed(seconds: float | None) -> Ticks | None:
    return None if seconds is None else seconds_to_ticks(seconds)


def _random_lengths(drawn: DrawnSide) -> Iterator[list[Ticks | None]]:
    """Yield random lengths of two and of three tracks that are as long as the side."""
    rng = np.random.default_rng(drawn.curve.frames)
    total = sum(drawn.lengths)
    for tracks in (2, 3):
        shares = rng.uniform(1, 3, tracks)
        yield [Ticks(round(each * total)) for each in (shares / shares.sum()).tolist()]


def _measure(drawn: DrawnSide, search: SideSearch) -> _Outcome:
    fit = search.fit(drawn.lengths)
    without = SideSearch(drawn.curve, None).fit(drawn.lengths)
    if fit is None or without is None:
        return _Outcome(
            drawn,
            is_right=False,
            is_right_by_level=False,
            is_accepted=False,
            is_confirmed=False,
        )
    by_level = all(
        join.is_at(boundary.gap)
        for (join, _), boundary in zip(drawn.joins, without.boundaries, strict=True)
    )
    joins = [
        (gap, boundary.kind.name.lower(), join.is_at(boundary.gap))
        for (join, gap), boundary in zip(drawn.joins, fit.boundaries, strict=True)
    ]
    right = [is_right for _, _, is_right in joins]
    confirmed = is_confirmed(fit, right, drawn.curve.frames)
    return _Outcome(drawn, all(right), by_level, fit.is_accepted, confirmed, joins)


def _is_accepted(fit: Fit | None) -> bool:
    return fit is not None and fit.is_accepted


Rows = Iterator[tuple[str, ...]]


def _side_rows(found: Sequence[_Outcome]) -> Rows:
    yield _row("all, without the spectrum", [each.is_right_by_level for each in found])
    yield _row("all", [each.is_right for each in found])
    yield from _rows_by_kind(found, lambda each: each.is_right)


def _accepted_rows(found: Sequence[_Outcome]) -> Rows:
    yield _row("all", [each.is_accepted for each in found])
    yield from _rows_by_kind(found, lambda each: each.is_accepted)
    yield _row(
        "all, or by fingerprints of its pieces", [each.is_confirmed for each in found]
    )


def _rows_by_kind(found: Sequence[_Outcome], value: Callable[[_Outcome], bool]) -> Rows:
    for name, sparse in (("dense", False), ("sparse", True)):
        for low, high in NOISES_DBFS:
            of_kind = [
                value(each)
                for each in found
                if each.drawn.is_sparse is sparse
                and low <= each.drawn.noise_dbfs < high
            ]
            yield _row(f"  {name}, noise {low} to {high} dBFS", of_kind)


def _join_rows(found: Sequence[_Outcome]) -> Rows:
    joins = [join for each in found for join in each.joins]
    for gap in GAPS_S:
        yield _row(gap, [right for each, _, right in joins if each == gap])
    for kind in sorted({kind for _, kind, _ in joins}):
        yield _row(f"  a {kind}", [right for _, each, right in joins if each == kind])


def _wrong_rows(found: Sequence[_Outcome]) -> Rows:
    wrong = [run for each in found for run in each.wrong]
    for name, least, most in (("2 tracks", 2, 2), ("3", 3, 3), ("4 and more", 4, 99)):
        yield _row(name, [ok for count, ok in wrong if least <= count <= most])


def _row(title: str, values: Sequence[bool]) -> tuple[str, ...]:
    share = f"{sum(values) / len(values):.1%}" if values else "-"
    return title, str(len(values)), str(sum(values)), share


def _targets(found: Sequence[_Outcome]) -> Iterator[Target]:
    yield _least("sides right", [each.is_right for each in found], RIGHT_MIN)
    no_gap = [right for each in found for gap, _, right in each.joins if gap == NO_GAP]
    yield _least("boundaries without a gap", no_gap, NO_GAP_MIN)
    above = NOISES_DBFS[1][0]
    sparse = [
        each.is_accepted
        for each in found
        if each.drawn.is_sparse and each.drawn.noise_dbfs >= above
    ]
    what = f"right release accepted, sparse music, noise above {above} dBFS"
    yield _least(what, sparse, SPARSE_ACCEPTED_MIN)
    share = float(np.mean([ok for each in found for _, ok in each.wrong]))
    yield Target(
        "wrong release accepted",
        f"<= {WRONG_MAX:.1%}",
        f"{share:.1%}",
        share <= WRONG_MAX,
    )


def _least(what: str, values: Sequence[bool], limit: float) -> Target:
    share = float(np.mean(values))
    return Target(what, f">= {limit:.1%}", f"{share:.1%}", share >= limit)
