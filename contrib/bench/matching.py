"""Measure how many of 4,927 synthetic passages are matched right.

    contrib/bench/matching [--golden]

The passages are always the same, and labeled with their true recording: albums, live
albums, compilations and loose songs, with right and wrong tags, and fingerprints that
belong to several songs. With --golden, the table is also written to
tests/golden/matching.txt, with which a test compares it.
"""

import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from bench.commandline import parser, run_measurement
from bench.labeled_folders import LabeledFolder, LabeledPassage, labeled_folders
from bench.synthetic_catalog import SyntheticCatalog, make_catalog
from bench.tables import Target, print_table, print_targets

from segued.matching.album import AlbumMatch, match_album, vote_for_releases
from segued.matching.confidence import Decision, decide
from segued.matching.evidence import PassageEvidence, Release
from segued.matching.normalize import normalize_name
from segued.model import Confidence

__all__ = [
    "GOLDEN",
    "MatchOutcome",
    "outcome_table",
    "outcomes",
    "review_targets",
    "targets",
]

SEEDS: Final = (1, 2, 3, 4)
"""One catalog for each, so that the result does not depend on one seed."""

RELEASES_MAX, GROUPS_MAX, FOUND_MAX = 3, 2, 2

GOLDEN: Final = Path(__file__).parents[2] / "tests" / "golden" / "matching.txt"

HIGH_RIGHT_MIN: Final = 0.99
CLEAR_HIGH_MIN: Final = 0.80
DESERVED_MIN: Final = 0.70
SINGLE_HIGH_MIN: Final = 0.85
"""The target for passages without another recording of equal sound and names."""


@dataclass(frozen=True, slots=True)
class MatchOutcome:
    """The decision on a passage in a folder of one kind.

    Attributes:
        card: What a question about it is shown with: its album, or it alone.
    """

    kind: str
    passage: LabeledPassage
    decision: Decision
    card: str

    @property
    def band(self) -> Confidence:
        """Return the confidence of the decision."""
        return self.decision.confidence

    @property
    def verdict(self) -> str:
        """Return "right", "wrong", or "none" where no recording is named."""
        recording = self.decision.recording
        if recording is None:
            return "none"
        return "right" if recording.mbid == self.passage.recording_mbid else "wrong"


def main() -> int:
    """Match all passages, and print the results."""
    options = parser("matching", __doc__)
    options.add_argument(
        "--golden", action="store_true", help="also write the golden file"
    )
    golden: bool = options.parse_args().golden

    def measure() -> None:
        text = outcome_table(list(outcomes()))
        print(text, end="")
        if golden:
            GOLDEN.parent.mkdir(exist_ok=True)
            GOLDEN.write_text(text)

    return run_measurement("matching", measure)


def outcomes(seeds: Iterable[int] = SEEDS) -> Iterator[MatchOutcome]:
    """Match every passage of every folder, as an import does."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        catalog = make_catalog(rng)
        for nth, folder in enumerate(labeled_folders(rng, catalog)):
            yield from _match_folder(catalog, folder, f"{seed}/{nth}")


def _match_folder(
    catalog: SyntheticCatalog, folder: LabeledFolder, name: str
) -> Iterator[MatchOutcome]:
    choice = _match_album(catalog, folder)
    for passage in folder.passages:
        evidence = passage.evidence
        track = choice.tracks.get(evidence.key) if choice else None
        mbids = {each.recording_mbid for each in evidence.candidates}
        mbids |= {evidence.recording_mbid} if evidence.recording_mbid else set()
        # Single recordings are only looked up if the album does not identify the song.
        is_on_album = track is not None and track.recording.mbid in mbids
        decision = decide(
            evidence,
            track=track,
            release=choice.release if choice else None,
            recordings={}
            if is_on_album
            else {each: catalog.recordings[each] for each in mbids},
        )
        album = choice.release.mbid if choice and track else evidence.album
        card = f"{name}/{album or evidence.key}"
        yield MatchOutcome(folder.kind, passage, decision, card)


def _match_album(catalog: SyntheticCatalog, folder: LabeledFolder) -> AlbumMatch | None:
    """Match by releases in tags, else by fingerprints, else by the album's name."""
    passages = [each.evidence for each in folder.passages]
    named, groups = vote_for_releases(passages)
    stages = (
        [catalog.releases[each] for each in named[:RELEASES_MAX]],
        [each for group in groups[:GROUPS_MAX] for each in catalog.groups[group]],
        _releases_by_album_name(catalog, passages),
    )
    releases: list[Release] = []
    for stage in stages if folder.in_musicbrainz else ():
        releases += stage
        if choice := match_album(passages, releases):
            return choice
    return None


def _releases_by_album_name(
    catalog: SyntheticCatalog, passages: Sequence[PassageEvidence]
) -> list[Release]:
    """Return the releases with the name of the album of most passages."""
    albums = Counter(
        (passage.album_artist or passage.artist, passage.album)
        for passage in passages
        if passage.album
    )
    for (artist, album), many in albums.most_common(1):
        if many >= len(passages) / 2:
            return [
                each
                for each in catalog.releases.values()
                if normalize_name(each.title) == normalize_name(album or "")
                and normalize_name(each.artist) == normalize_name(artist or "")
            ][:FOUND_MAX]
    return []


def outcome_table(found: Sequence[MatchOutcome]) -> str:
    """Return the table of outcomes as printed text."""
    heads = ["", "passages"]
    columns = [
        (band, verdict)
        for band in Confidence
        for verdict in ("right", "wrong", "none")
        if band in (Confidence.LOW, Confidence.NONE) or verdict != "none"
    ]
    heads += [f"{band} {verdict}" for band, verdict in columns]
    kinds = dict.fromkeys(each.kind for each in found)
    rows = []
    for kind in (*kinds, "all"):
        of_kind = [each for each in found if kind in (each.kind, "all")]
        counts = Counter((each.band, each.verdict) for each in of_kind)
        cells = [str(counts[column] or "") for column in columns]
        rows.append((kind, str(len(of_kind)), *cells))
    with redirect_stdout(io.StringIO()) as text:
        print_table(heads, rows)
        print_targets(targets(found))
        print_targets(review_targets(found))
    return text.getvalue()


def targets(found: Sequence[MatchOutcome]) -> list[Target]:
    """Return the targets, and whether they are reached."""
    high = [each for each in found if each.band is Confidence.HIGH]
    right = sum(each.verdict == "right" for each in high) / max(1, len(high))
    struck = sum(
        each.verdict == "wrong"
        and each.passage.collision
        and not each.kind.startswith("loose")
        for each in high
    )
    clear = [each for each in found if each.passage.has_right_tags]
    single = [each for each in clear if not each.passage.has_equal_rival]
    return [
        Target(
            "High matches that are right",
            f">= {HIGH_RIGHT_MIN:.0%}",
            f"{right:.1%}",
            right >= HIGH_RIGHT_MIN,
        ),
        Target("wrong High by a collision in an album", "0", str(struck), not struck),
        _high_share_target(
            "High among passages with right tags", clear, CLEAR_HIGH_MIN
        ),
        _high_share_target(
            "the same without an equal recording", single, SINGLE_HIGH_MIN
        ),
    ]


def review_targets(found: Sequence[MatchOutcome]) -> list[Target]:
    """Return how well the questions about matches find what is wrong.

    A card is right to be shown if a match on it is wrong or names no recording, or if
    nothing in the evidence tells its recording from an equal one.
    """
    uncertain = [
        each for each in found if each.band in (Confidence.MEDIUM, Confidence.LOW)
    ]
    wrong = [each for each in uncertain if each.verdict == "wrong"]
    asked = [each for each in wrong if each.decision.question is not None]
    cards: dict[str, list[MatchOutcome]] = {}
    for each in found:
        if each.decision.question is not None:
            cards.setdefault(each.card, []).append(each)
    strict = [
        any(each.verdict != "right" for each in outcomes) for outcomes in cards.values()
    ]
    deserved = [
        any(
            each.verdict != "right" or each.passage.has_equal_rival for each in outcomes
        )
        for outcomes in cards.values()
    ]
    share = sum(deserved) / max(1, len(cards))
    return [
        Target(
            "wrong Medium and Low matches with a card",
            f"{len(wrong)}",
            f"{len(asked)}",
            len(asked) == len(wrong),
        ),
        Target(
            f"cards that deserve one, of {len(cards)}",
            f">= {DESERVED_MIN:.0%}",
            f"{share:.1%}",
            share >= DESERVED_MIN,
        ),
        Target(
            "cards with a match that is wrong or names nothing",
            "-",
            f"{sum(strict) / max(1, len(cards)):.1%}",
            is_reached=True,
        ),
    ]


def _high_share_target(what: str, of: Sequence[MatchOutcome], least: float) -> Target:
    share = sum(each.band is Confidence.HIGH for each in of) / max(1, len(of))
    return Target(what, f">= {least:.0%}", f"{share:.1%}", share >= least)


if __name__ == "__main__":
    sys.exit(main())
