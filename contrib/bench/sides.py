"""Measure how many album sides are cut right, and how many songs stay whole.

    contrib/bench/sides [--sides N] [--songs N] [--seed N] [--real FOLDER]

The sides and songs are synthetic, and the same for the same seed; the ranges of their
parameters are in synthetic_sides.py and synthetic_levels.py. A side is right if each of
its boundaries is within a second of the true one, at both ends. A wrong release has as
many tracks as the right one, and the same total length.

With --real, the sides have the track lengths of the releases in FOLDER, as recorded for
`contrib/bench/real`, and N is the number of drawings; songs are not measured.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from bench.commandline import parser, run_measurement
from bench.real_sides import measure_real_sides
from bench.side_confirmation import is_confirmed
from bench.synthetic_sides import (
    MEETING_SHARE,
    PLACES,
    SyntheticSide,
    SyntheticSong,
    TrackJoin,
    make_sides,
    make_songs,
)
from bench.tables import Target, print_table, print_targets

from segued.dsp.segment import Hints, Rules, segment
from segued.dsp.side_tracks import Fit, fit_tracks
from segued.model import LevelCurve, Span
from segued.units import Dbfs, Frames, Ticks, seconds_to_ticks, ticks_to_seconds

__all__ = ["SideResults", "measure_side", "wrong_release"]

SIDES: Final = 240
SONGS: Final = 300

RULES: Final = Rules(Dbfs(-60.0), seconds_to_ticks(2.0), seconds_to_ticks(0.1))
UNNAMED: Final = Hints(leading_number=False, siblings=1, track=None, track_total=None)
NAMED: Final = replace(UNNAMED, side=True)

SIDES_MIN: Final = 0.93
SONGS_MIN: Final = 0.995
SEARCH_MS_MAX: Final = ((45, 50), (240, 300))
"""Pairs of length in minutes and limit of CPU time in milliseconds."""

NOISES_DBFS: Final = (-80, -65, -50, -35)


@dataclass(slots=True)
class SideResults:
    """The results of several sides, an item for each in each list but `joins`.

    Attributes:
        joins: For each true boundary, the kind of place that was taken for it, and
            whether that is right.
        noise_dbfs: Level of the recording's noise.
        release_known: Whether all boundaries are right with a known release.
        release_unknown: The same without a release.
        named_as_side: The same without a release, if the name identifies a side.
        accepted: Whether the right release is accepted by its lengths alone.
        confirmed: Whether it is accepted when AcoustID is asked about its pieces.
        wrong_release_accepted: Whether a wrong release is accepted.
    """

    joins: list[tuple[TrackJoin, str, bool]] = field(default_factory=list)
    noise_dbfs: list[float] = field(default_factory=list)
    release_known: list[bool] = field(default_factory=list)
    release_unknown: list[bool] = field(default_factory=list)
    named_as_side: list[bool] = field(default_factory=list)
    accepted: list[bool] = field(default_factory=list)
    confirmed: list[bool] = field(default_factory=list)
    wrong_release_accepted: list[bool] = field(default_factory=list)


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("sides", __doc__)
    options.add_argument(
        "--sides",
        type=int,
        help=f"number of sides ({SIDES}; with --real, six drawings of each side)",
    )
    options.add_argument(
        "--songs", type=int, default=SONGS, help=f"number of songs ({SONGS})"
    )
    options.add_argument(
        "--seed", type=int, default=1, help="seed of the random generator (1)"
    )
    options.add_argument(
        "--real", type=Path, metavar="FOLDER", help="folder of recorded releases"
    )
    arguments = options.parse_args()
    if arguments.real:
        return run_measurement(
            "sides",
            lambda: measure_real_sides(arguments.real, arguments.sides, arguments.seed),
        )
    return run_measurement(
        "sides",
        lambda: _measure(arguments.sides or SIDES, arguments.songs, arguments.seed),
    )


def _measure(side_count: int, song_count: int, seed: int) -> None:
    found = SideResults()
    for side in make_sides(side_count, seed):
        measure_side(side, found)
    whole: dict[str, list[bool]] = {place: [] for place in PLACES}
    for song in make_songs(song_count, seed):
        whole[song.place].append(_is_whole(song))
    tracks = len(found.joins) + side_count
    print(
        f"{side_count} sides with {tracks} tracks of 40 to 120 s; "
        f"{MEETING_SHARE:.0%} of their boundaries have no gap.\n"
        f"{song_count} songs of 2 to 6 minutes. All are drawn uniformly.\n"
    )
    print_table(("sides", "all", "right", "share"), _side_rows(found))
    print_table(("boundaries", "all", "right", "share"), _join_rows(found))
    rows = [_row(f"songs {place}", each) for place, each in whole.items() if each]
    print_table(("songs in one passage", "all", "right", "share"), rows)
    print_targets(_targets(found, [one for each in whole.values() for one in each]))


def measure_side(side: SyntheticSide, found: SideResults) -> None:
    """Cut a side with and without its release, and append the results to `found`."""
    fit = fit_tracks(side.curve, side.lengths)
    found.noise_dbfs.append(side.noise_dbfs)
    found.release_known.append(fit is not None and _is_right(side, fit.spans))
    found.release_unknown.append(_is_right(side, segment(side.curve, RULES, UNNAMED)))
    found.named_as_side.append(_is_right(side, segment(side.curve, RULES, NAMED)))
    found.accepted.append(_is_accepted(fit))
    found.wrong_release_accepted.append(
        _is_accepted(fit_tracks(side.curve, wrong_release(side)))
    )
    joins = [
        (join, boundary.kind.name.lower(), join.is_at(boundary.gap))
        for join, boundary in zip(
            side.joins, fit.boundaries if fit else (), strict=False
        )
    ]
    found.joins += joins
    right = [is_right for _, _, is_right in joins]
    found.confirmed.append(
        fit is not None and is_confirmed(fit, right, side.curve.frames)
    )


def wrong_release(side: SyntheticSide) -> tuple[Ticks, ...]:
    """Return other random track lengths with the same sum as those of the side."""
    rng = np.random.default_rng(side.curve.frames)
    drawn = rng.uniform(40, 120, len(side.lengths))
    scale = ticks_to_seconds(sum(side.lengths)) / drawn.sum()
    return tuple(seconds_to_ticks(scale * each) for each in drawn.tolist())


def _is_right(side: SyntheticSide, spans: Sequence[Span]) -> bool:
    if len(spans) != len(side.lengths):
        return False
    between = (Span(a.end, b.start) for a, b in pairwise(spans))
    return all(map(TrackJoin.is_at, side.joins, between))


def _is_accepted(fit: Fit | None) -> bool:
    return fit is not None and fit.is_accepted


def _is_whole(song: SyntheticSong) -> bool:
    return len(segment(song.curve, RULES, song.hints)) == 1


def _side_rows(found: SideResults) -> Iterator[tuple[str, ...]]:
    yield _row("release known", found.release_known)
    for low, high in pairwise(NOISES_DBFS):
        within = [
            right
            for right, noise in zip(found.release_known, found.noise_dbfs, strict=True)
            if low <= noise < high
        ]
        yield _row(f"  noise {low} to {high} dBFS", within)
    yield _row("release unknown", found.release_unknown)
    yield _row("  but named as a side", found.named_as_side)
    yield _row("right release accepted by lengths alone", found.accepted)
    yield _row("  or by fingerprints of its pieces", found.confirmed)
    yield _row(
        "wrong release rejected",
        [not each for each in found.wrong_release_accepted],
    )


def _join_rows(found: SideResults) -> Iterator[tuple[str, ...]]:
    yield _row(
        "with a gap", [right for join, _, right in found.joins if not join.meets]
    )
    yield _row("without a gap", [right for join, _, right in found.joins if join.meets])
    for kind in sorted({kind for _, kind, _ in found.joins}):
        taken = [right for _, each, right in found.joins if each == kind]
        yield _row(f"  a {kind}", taken)


def _row(title: str, right: Sequence[bool]) -> tuple[str, ...]:
    share = f"{sum(right) / len(right):.1%}" if right else "-"
    return title, str(len(right)), str(sum(right)), share


def _targets(found: SideResults, whole: Sequence[bool]) -> list[Target]:
    return [
        _share_target(
            "sides right, release known", float(np.mean(found.release_known)), SIDES_MIN
        ),
        _share_target("songs in one passage", float(np.mean(whole)), SONGS_MIN),
        *(
            _search_time_target(minutes, limit_ms)
            for minutes, limit_ms in SEARCH_MS_MAX
        ),
    ]


def _search_time_target(minutes: int, limit_ms: int) -> Target:
    """Measure the CPU time of a search in a file of `minutes` minutes.

    The file is a sequence of sides; three of their short tracks count as one of usual
    length.
    """
    levels, lengths = bytearray(), list[Ticks]()
    for side in make_sides(minutes):
        levels += side.curve.levels
        lengths += side.lengths
        if len(levels) >= 6_000 * minutes:
            break
    tracks = [Ticks(sum(lengths[nth : nth + 3])) for nth in range(0, len(lengths), 3)]
    frames = Frames(len(levels) * side.curve.hop)
    curve = LevelCurve(bytes(levels), side.curve.hop, side.curve.rate, frames)
    took_ms = []
    for _ in range(3):
        started = time.process_time()
        fit_tracks(curve, tracks)
        took_ms.append(1_000 * (time.process_time() - started))
    best = min(took_ms)
    what = f"search of {minutes} minutes, {len(tracks)} tracks, CPU ms"
    return Target(what, f"<= {limit_ms}", f"{best:.0f}", best <= limit_ms)


def _share_target(what: str, share: float, limit: float) -> Target:
    return Target(what, f">= {limit:.1%}", f"{share:.1%}", share >= limit)


if __name__ == "__main__":
    sys.exit(main())
