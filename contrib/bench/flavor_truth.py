"""Compare the quick analysis of real pieces with the full one.

The full analysis of a piece takes minutes, and is stored in the cache folder.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, TypeAlias

from bench.measure import MeasureError
from bench.pieces import all_pieces
from bench.sample_music import cache_folder
from bench.tables import Target, print_table, print_targets

from segued.errors import SeguedError
from segued.matching import essentia_flavor, musicnn_flavor
from segued.matching.flavor import FlavorShares
from segued.matching.flavor_distance import distances
from segued.media.analyzers import essentia, musicnn, passage_analysis, quick_analysis
from segued.media.analyzers.passage_analysis import AnalyzerSelection, PassageRequest
from segued.media.decoding.decode import open_source
from segued.media.safe_open import signature_of
from segued.model import Span
from segued.units import Ticks, frames_to_ticks

__all__ = ["compare_depths"]

PIECES_MIN: Final = 60
SURE_STRENGTH: Final = 0.6
TEMPO_TOLERANCE: Final = 0.02
SHARE_TOLERANCE: Final = 0.05
SHARE_MIN: Final = 0.95
NEIGHBOR_SHARE_MIN: Final = 0.9
OCTAVES: Final = (0.5, 1.0, 2.0)

Depth: TypeAlias = Callable[[Path, Path], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one depth of analysis found in a piece.

    Attributes:
        measures: Tempo, key and more, by name; see `segued.matching.essentia_flavor`.
        flavor: The shares of all characteristics.
    """

    measures: Mapping[str, float | str]
    flavor: FlavorShares


def compare_depths(models: Path) -> None:
    """Analyze all pieces quickly, and print how they compare with the full analysis.

    Raises:
        MeasureError: There are too few pieces, or one cannot be analyzed.
    """
    pieces = all_pieces()
    try:
        with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as processes:
            full = [*processes.map(partial(_stored_full, models=models), pieces)]
            quick = [*processes.map(partial(_quick, models=models), pieces)]
    except SeguedError as error:
        raise MeasureError(str(error)) from error
    both = [
        (_analysis(one), _analysis(other))
        for one, other in zip(full, quick, strict=True)
    ]
    if len(both) < PIECES_MIN:
        raise MeasureError(f"{len(both)} pieces; {PIECES_MIN} are required")
    print(f"quick analysis of {len(both)} real pieces, compared with the full one:\n")
    print_table(("piece", "measure", "full", "quick"), _differences(pieces, both))
    print_targets(_targets(both))


def _stored_full(path: Path, models: Path) -> dict[str, Any]:
    """Return the full analysis of a piece; from the cache if it is there."""
    content = blake2b(path.read_bytes(), digest_size=16).hexdigest()
    version = f"{essentia.installed_version()} {musicnn.VERSION}"
    stored = cache_folder() / "full-analysis" / version / f"{content}.json"
    if not stored.exists():
        print(f"full analysis of {path.name} ...", file=sys.stderr)
        stored.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=stored.parent, delete=False) as file:
            json.dump(_full(path, models), file)
        Path(file.name).replace(stored)
    found: dict[str, Any] = json.loads(stored.read_text())
    return found


def _full(path: Path, models: Path) -> dict[str, Any]:
    name = os.fsencode(path)
    with tempfile.TemporaryDirectory() as place:
        wav = f"{place}/piece.wav"
        request = PassageRequest(_whole(path), AnalyzerSelection(str(models), wav))
        (found,) = passage_analysis.analyze_passages(
            name, signature_of(path.stat()), [request]
        )
        low_level = json.loads(essentia.extract_low_level(name, wav))
    wanted = essentia_flavor.MEASURES.values()
    descriptors = {key: value for key, value in low_level.items() if key in wanted}
    return {"essentia": descriptors, "musicnn": json.loads(found.outputs["musicnn"])}


def _quick(path: Path, models: Path) -> dict[str, Any]:
    request = PassageRequest(
        _whole(path), AnalyzerSelection(str(models), descriptors=True)
    )
    (found,) = quick_analysis.analyze_quickly(
        os.fsencode(path), signature_of(path.stat()), [request]
    )
    return {name: json.loads(output) for name, output in found.outputs.items()}


def _whole(path: Path) -> Span:
    with open_source(os.fsencode(path)) as source:
        frames = source.estimated_frames
        if frames is None:
            raise MeasureError(f"{path}: its length is unknown")
        return Span(Ticks(0), frames_to_ticks(frames, source.rate))


def _analysis(outputs: Mapping[str, Any]) -> Analysis:
    descriptors = outputs.get("essentia", {})
    tags = outputs.get("musicnn", {})
    flavor = essentia_flavor.characteristics(descriptors)
    return Analysis(
        essentia_flavor.measures(descriptors),
        {**flavor, **musicnn_flavor.characteristics(tags)},
    )


def _differences(
    pieces: Sequence[Path], both: Sequence[tuple[Analysis, Analysis]]
) -> Iterator[tuple[str, ...]]:
    """Yield a row for each tempo, sure key and characteristic that differs."""
    for path, (full, quick) in zip(pieces, both, strict=True):
        name = f"{path.parent.name}/{path.stem}"[-36:]
        if not _same_tempo(full, quick):
            tempos = (f"{each.measures.get('bpm', 0):.1f}" for each in (full, quick))
            yield name, "tempo", *tempos
        if _is_sure(full) and not _same_key(full, quick):
            yield name, "key", *(" ".join(_key(each)) for each in (full, quick))
        for characteristic in full.flavor:
            if not _same_shares(characteristic, full, quick):
                first = next(iter(full.flavor[characteristic]))
                shares = (
                    f"{each.flavor.get(characteristic, {}).get(first, 0):.2f}"
                    for each in (full, quick)
                )
                yield name, f"{characteristic}: {first}", *shares


def _targets(both: Sequence[tuple[Analysis, Analysis]]) -> Iterator[Target]:
    yield _share_target(
        "tempo within 2 %, or an octave", [_same_tempo(*each) for each in both]
    )
    sure = [each for each in both if _is_sure(each[0])]
    yield _share_target(
        f"key, where its strength is at least {SURE_STRENGTH}",
        [_same_key(*each) for each in sure],
    )
    names = sorted({name for full, _ in both for name in full.flavor})
    for name in names:
        yield _share_target(
            f"{name} within {SHARE_TOLERANCE}",
            [
                _same_shares(name, full, quick)
                for full, quick in both
                if name in full.flavor
            ],
        )
    full_flavors, quick_flavors = (
        [each.flavor for each in one] for one in zip(*both, strict=True)
    )
    yield _share_target(
        "nearest neighbor of a piece",
        [
            _nearest(place, full_flavors) == _nearest(place, quick_flavors)
            for place in range(len(both))
        ],
        NEIGHBOR_SHARE_MIN,
    )


def _share_target(
    what: str, same: Sequence[bool], share_min: float = SHARE_MIN
) -> Target:
    share = sum(same) / max(1, len(same))
    found = f"{share:.1%} ({sum(same)} of {len(same)})"
    return Target(what, f"at least {share_min:.0%}", found, share >= share_min)


def _same_tempo(full: Analysis, quick: Analysis) -> bool:
    one, other = (float(each.measures.get("bpm", 0)) for each in (full, quick))
    return any(abs(other * n - one) <= TEMPO_TOLERANCE * one for n in OCTAVES)


def _is_sure(full: Analysis) -> bool:
    return float(full.measures.get("key_strength", 0)) >= SURE_STRENGTH


def _key(analysis: Analysis) -> tuple[str, str]:
    key, scale = (analysis.measures.get(name, "") for name in ("key", "scale"))
    return str(key), str(scale)


def _same_key(full: Analysis, quick: Analysis) -> bool:
    return _key(full) == _key(quick)


def _same_shares(name: str, full: Analysis, quick: Analysis) -> bool:
    known = quick.flavor.get(name)
    return known is not None and all(
        abs(known[each] - share) <= SHARE_TOLERANCE
        for each, share in full.flavor[name].items()
    )


def _nearest(place: int, flavors: Sequence[FlavorShares]) -> int:
    """Return the place of the flavor that is most similar to the one at `place`."""
    found = distances(flavors[place], flavors, "squares").tolist()
    found[place] = float("inf")
    return int(found.index(min(found)))
