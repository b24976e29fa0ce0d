"""How many of some thousand passages are held to be what they are.

    contrib/bench/matching [--golden]

The passages are made up, always the same, and labelled with what they are:
albums, live albums, compilations and loose songs, with right and wrong tags,
and fingerprints that belong to several songs. With --golden the table is
written to tests/golden/matching.txt as well, which a test compares it with.
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
from bench.labeled_folders import LabelledFolder, LabelledPassage, labelled_folders
from bench.synthetic_catalog import SyntheticCatalog, make_catalog
from bench.tables import Target, print_table, print_targets

from segued.matching.album import AlbumMatch, match_album, vote_for_releases
from segued.matching.confidence import Decision, decide
from segued.matching.evidence import PassageEvidence, Release
from segued.matching.normalize import normalize_name
from segued.model import Confidence

__all__ = ["GOLDEN", "MatchOutcome", "outcome_table", "outcomes", "targets"]

SEEDS: Final = (1, 2, 3, 4)
"""Of as many catalogues, so that none is a lucky one."""

RELEASES_ASKED, GROUPS_ASKED, FOUND_ASKED = 3, 2, 2

GOLDEN: Final = Path(__file__).parents[2] / "tests" / "golden" / "matching.txt"

HIGH_RIGHT_MIN: Final = 0.99
CLEAR_HIGH_MIN: Final = 0.80
SINGLE_HIGH_MIN: Final = 0.85
"""Where no other recording has the same sound and the same names."""


@dataclass(frozen=True, slots=True)
class MatchOutcome:
    """What became of a passage in a folder of a kind."""

    kind: str
    passage: LabelledPassage
    decision: Decision

    @property
    def band(self) -> Confidence:
        """Return how sure the decision is."""
        return self.decision.confidence

    @property
    def verdict(self) -> str:
        """Return "right", "wrong", or "none" where no recording is named."""
        recording = self.decision.recording
        if recording is None:
            return "none"
        return "right" if recording.mbid == self.passage.recording_mbid else "wrong"


def main() -> int:
    """Match all of them, and print what came of it."""
    words = parser("matching", __doc__)
    words.add_argument("--golden", action="store_true", help="write the table down")
    golden: bool = words.parse_args().golden

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
        dice = np.random.default_rng(seed)
        catalogue = make_catalog(dice)
        for folder in labelled_folders(dice, catalogue):
            yield from _match_folder(catalogue, folder)


def _match_folder(
    catalogue: SyntheticCatalog, folder: LabelledFolder
) -> Iterator[MatchOutcome]:
    choice = _match_album(catalogue, folder)
    for passage in folder.passages:
        piece = passage.evidence
        track = choice.tracks.get(piece.key) if choice else None
        asked = {each.recording_mbid for each in piece.candidates}
        asked |= {piece.recording_mbid} if piece.recording_mbid else set()
        # What is on the folder's album is known; single recordings are asked
        # for where that does not settle it.
        settled = track is not None and track.recording.mbid in asked
        decision = decide(
            piece,
            track=track,
            release=choice.release if choice else None,
            recordings={}
            if settled
            else {each: catalogue.recordings[each] for each in asked},
        )
        yield MatchOutcome(folder.kind, passage, decision)


def _match_album(
    catalogue: SyntheticCatalog, folder: LabelledFolder
) -> AlbumMatch | None:
    """Ask for what tags name, else what is heard, else what the album is called."""
    pieces = [each.evidence for each in folder.passages]
    named, groups = vote_for_releases(pieces)
    stages = (
        [catalogue.releases[each] for each in named[:RELEASES_ASKED]],
        [each for group in groups[:GROUPS_ASKED] for each in catalogue.groups[group]],
        _releases_by_album_name(catalogue, pieces),
    )
    releases: list[Release] = []
    for stage in stages if folder.in_musicbrainz else ():
        releases += stage
        if choice := match_album(pieces, releases):
            return choice
    return None


def _releases_by_album_name(
    catalogue: SyntheticCatalog, pieces: Sequence[PassageEvidence]
) -> list[Release]:
    """Return the releases that are called like the album of most pieces."""
    albums = Counter(
        (piece.album_artist or piece.artist, piece.album)
        for piece in pieces
        if piece.album
    )
    for (artist, album), many in albums.most_common(1):
        if many >= len(pieces) / 2:
            return [
                each
                for each in catalogue.releases.values()
                if normalize_name(each.title) == normalize_name(album or "")
                and normalize_name(each.artist) == normalize_name(artist or "")
            ][:FOUND_ASKED]
    return []


def outcome_table(found: Sequence[MatchOutcome]) -> str:
    """Return what became of them, as it is printed."""
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
    return text.getvalue()


def targets(found: Sequence[MatchOutcome]) -> list[Target]:
    """Return what is to be reached, and whether it is."""
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
            "High that is right",
            f">= {HIGH_RIGHT_MIN:.0%}",
            f"{right:.1%}",
            right >= HIGH_RIGHT_MIN,
        ),
        Target("wrong High by a collision in an album", "0", str(struck), not struck),
        _high_share_target(
            "High, of right tags and known sound", clear, CLEAR_HIGH_MIN
        ),
        _high_share_target("the same, of one recording alone", single, SINGLE_HIGH_MIN),
    ]


def _high_share_target(what: str, of: Sequence[MatchOutcome], least: float) -> Target:
    share = sum(each.band is Confidence.HIGH for each in of) / max(1, len(of))
    return Target(what, f">= {least:.0%}", f"{share:.1%}", share >= least)


if __name__ == "__main__":
    sys.exit(main())
