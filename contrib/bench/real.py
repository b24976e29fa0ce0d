"""Measure how many passages of real releases are matched right.

    contrib/bench/real FOLDER [--seed N] [--kind TEXT] [--show]

FOLDER holds facts that others recorded: `releases.json.gz`, releases of MusicBrainz,
and optionally `acoustid.json.gz`, answers of AcoustID. Of each release, a folder is
made in each way that people keep music; the answers of AcoustID for it are drawn. A
match is right, or another id of the same sound and names, or wrong.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median_low
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from bench.commandline import parser, run_measurement
from bench.real_answers import draw_answer
from bench.real_facts import Json, MusicBrainzFacts, new_id, read_facts, read_json
from bench.real_folders import KINDS, FolderKind, RealFile
from bench.synthetic_names import Rng
from bench.tables import Target, print_table, print_targets

from segued.clients.acoustid import parse_candidates
from segued.matching.album import FITTING_MIN
from segued.matching.confidence import Decision, decide
from segued.matching.evidence import PassageEvidence
from segued.matching.normalize import normalize_name, split_asides
from segued.matching.scores import NAMES_AGREE_FROM, title_similarity
from segued.media.tags import filename
from segued.model import Confidence, Span
from segued.phases import p03_tags
from segued.phases.album.folder_releases import look_up_folder
from segued.phases.album.siblings import evidence_of_tags
from segued.units import Seconds, Ticks, seconds_to_ticks

if TYPE_CHECKING:
    from segued.phases.base import PhaseContext

MEDIUM_WRONG_MAX: Final = 0.003
ANSWERS_FILE: Final = "acoustid.json.gz"
NOT_HEARD_SHARE: Final = 0.06
JITTER_S: Final = 0.6
FINGERPRINT_FROM: Final = 0.50
UNKNOWN_LENGTH_S: Final = 200.0

RECORDED_NAME: Final = re.compile(r"(?:(?:disc_\d+_|\d+-)?(\d+)_(?:-_)?)?(.*)")
"""Number and title in the name of a recorded answer."""


@dataclass(frozen=True, slots=True)
class RealOutcome:
    """The decision on a file.

    Attributes:
        is_heard: Whether AcoustID lists the true recording.
        card: What a question about it is shown with: its album, or it alone.
    """

    kind: FolderKind
    file: RealFile
    passage: PassageEvidence
    decision: Decision
    is_heard: bool
    verdict: str
    card: str

    @property
    def band(self) -> Confidence:
        """Return the confidence of the decision."""
        return self.decision.confidence


def main() -> int:
    """Match all files, and print the results."""
    options = parser("real", __doc__)
    options.add_argument("folder", type=Path, help="the folder of recorded facts")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kind", default="", help="only kinds with this in the name")
    options.add_argument("--show", action="store_true", help="print wrong matches")
    arguments = options.parse_args()

    def measure() -> None:
        rng = np.random.default_rng(arguments.seed)
        facts = read_facts(arguments.folder)
        kinds = [each for each in KINDS if arguments.kind in each.name]
        found = asyncio.run(_match_all(rng, facts, kinds))
        if arguments.show:
            _print_wrong(found, facts)
        _print_outcomes(found)
        print_targets(_targets(found))
        if (answers := arguments.folder / ANSWERS_FILE).exists():
            _print_answers(read_json(answers), show=arguments.show)

    return run_measurement("real", measure)


async def _match_all(
    rng: Rng, facts: MusicBrainzFacts, kinds: Sequence[FolderKind]
) -> list[RealOutcome]:
    found: list[RealOutcome] = []
    for kind in kinds:
        for nth, files in enumerate(kind.folders(rng, facts)):
            for each in await _match_folder(rng, facts, kind, files):
                card = f"{kind.name}/{nth}/{each.card}"
                found.append(replace(each, card=card))
    return found


async def _match_folder(
    rng: Rng, facts: MusicBrainzFacts, kind: FolderKind, files: Sequence[RealFile]
) -> list[RealOutcome]:
    """Match the files of a folder, as phase 6 does."""
    context = cast("PhaseContext", SimpleNamespace(store=facts))
    passages: list[PassageEvidence] = []
    for nth, file in enumerate(files):
        heard = kind.is_heard and rng.random() >= NOT_HEARD_SHARE
        answer = draw_answer(rng, facts, file.place[1], file.truth) if heard else []
        passages.append(_evidence(rng, nth, file, answer))
    folder = await look_up_folder(context, passages)
    outcomes = []
    for file, passage in zip(files, passages, strict=True):
        mbids = [each.recording_mbid for each in passage.candidates]
        mbids += [passage.recording_mbid] if passage.recording_mbid else []
        recordings = {each.mbid: each for each in facts.described(mbids)}
        match = folder.lookup_of([passage]).album_match
        decision = decide(
            passage,
            track=match.tracks.get(passage.key) if match else None,
            release=match.release if match else None,
            recordings=recordings,
            is_album=match is not None and len(match.tracks) >= FITTING_MIN,
        )
        heard = any(
            each.recording_mbid == file.truth and each.score >= FINGERPRINT_FROM
            for each in passage.candidates
        )
        verdict = _verdict(facts, file, decision)
        is_track = match is not None and passage.key in match.tracks
        card = match.release.mbid if match and is_track else passage.album
        outcomes.append(
            RealOutcome(
                kind, file, passage, decision, heard, verdict, card or passage.key
            )
        )
    return outcomes


def _evidence(
    rng: Rng, nth: int, file: RealFile, answer: list[Json]
) -> PassageEvidence:
    raw = file.place[1].seconds or file.place[1].recording.seconds or UNKNOWN_LENGTH_S
    length = max(1.0, raw + float(rng.normal(0, JITTER_S)))
    span = Span(Ticks(0), seconds_to_ticks(Seconds(length)))
    path = f"/music/{file.path}".encode()
    tags_read = p03_tags.TagsRead(
        tags=file.tags,
        guessed=filename.tags_from_name(path),
        marks=(),
        leading_number=filename.leading_number(path),
        warnings=(),
    )
    evidence = evidence_of_tags(tags_read, span, alone=True)
    return replace(
        evidence,
        key=f"{nth}:0",
        order=nth,
        acoustid_answered=True,
        candidates=parse_candidates(json.dumps(answer).encode()),
    )


def _verdict(facts: MusicBrainzFacts, file: RealFile, decision: Decision) -> str:
    if decision.recording is None:
        return "none"
    mbid = decision.recording.mbid
    if mbid == file.truth:
        return "right"
    alike = facts.same_sound.get(file.truth, ())
    is_merged = mbid == new_id(file.truth, "merged")
    return "other id" if mbid in alike or is_merged else "wrong"


def _print_outcomes(found: Sequence[RealOutcome]) -> None:
    columns = [
        (band, verdict)
        for band in (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)
        for verdict in ("right", "other id", "wrong")
    ] + [(Confidence.LOW, "none"), (Confidence.NONE, "none")]
    heads = ["", "files", *(f"{band} {verdict}" for band, verdict in columns)]
    rows = []
    for kind in (*dict.fromkeys(each.kind.name for each in found), "all"):
        of_kind = [each for each in found if kind in (each.kind.name, "all")]
        counts = Counter((each.band, each.verdict) for each in of_kind)
        cells = [str(counts[column] or "") for column in columns]
        rows.append((kind, str(len(of_kind)), *cells))
    print_table(heads, rows)


def _targets(found: Sequence[RealOutcome]) -> Iterator[Target]:
    high = [each for each in found if each.band is Confidence.HIGH]
    medium = [each for each in found if each.band is Confidence.MEDIUM]
    right = [each for each in high if each.verdict != "wrong"]
    yield _share("High right", len(right), len(high), 0.9995)
    wrong = sum(each.verdict == "wrong" for each in medium)
    share = wrong / max(1, len(medium))
    text = f"{share:.2%}"
    yield Target("wrong at Medium", "<= 0.3%", text, share <= MEDIUM_WRONG_MAX)
    yield from _card_targets(found)
    asked = sum(each.kind.is_heard for each in found)
    yield _share("High of all that AcoustID is asked about", len(high), asked, 0.75)
    clear = [each for each in found if each.kind.has_right_tags and each.is_heard]
    yield _share(
        "High, right tags, known to AcoustID",
        sum(each.band is Confidence.HIGH for each in clear),
        len(clear),
        0.95,
    )
    named = [each for each in found if each.kind.names_only]
    unheard = [each for each in named if not each.kind.is_heard]
    good = (Confidence.HIGH, Confidence.MEDIUM)
    yield _share(
        "Medium or better, names of files only, unknown to AcoustID",
        sum(each.band in good for each in unheard),
        len(unheard),
        0.80,
    )
    heard = [each for each in named if each.is_heard]
    yield _share(
        "High, names of files only, known to AcoustID",
        sum(each.band is Confidence.HIGH for each in heard),
        len(heard),
        0.70,
    )


def _card_targets(found: Sequence[RealOutcome]) -> Iterator[Target]:
    """Yield how well the questions about matches find what is not right."""
    below_high = [each for each in found if each.band is not Confidence.HIGH]
    wrong = [each for each in below_high if each.verdict == "wrong"]
    asked = sum(each.decision.question is not None for each in wrong)
    yield _share("wrong below High with a question", asked, len(wrong), 1.0)
    cards: dict[str, bool] = {}
    for each in found:
        if each.decision.question is not None:
            cards[each.card] = cards.get(each.card, False) or each.verdict != "right"
    yield _share(
        f"cards with a match that is not right, of {len(cards)}",
        sum(cards.values()),
        len(cards),
        0.70,
    )


def _share(what: str, part: int, whole: int, least: float) -> Target:
    share = part / max(1, whole)
    return Target(what, f">= {least:.4g}", f"{share:.4f}", share >= least)


def _print_answers(answers: Sequence[Json], *, show: bool) -> None:
    """Match files by AcoustID's recorded answers alone, by the names of their paths."""
    counts: Counter[str] = Counter()
    for each in answers:
        passage = _answered_passage(each)
        decision = decide(passage, track=None, release=None, recordings={})
        recording = decision.recording
        verdict = "" if recording is None else _name_verdict(passage, recording.title)
        counts[f"{decision.confidence}{verdict}"] += 1
        if show and (decision.confidence is not Confidence.HIGH or verdict):
            print(each["path"], passage.seconds, decision.confidence, decision.reason)
            if verdict:
                print("   ", recording)
    rows = [(what, str(count)) for what, count in sorted(counts.items())]
    print_table(("recorded answers of AcoustID", str(len(answers))), rows)


def _name_verdict(passage: PassageEvidence, title: str) -> str:
    """Say whether a recording has the title of its file, which may be cut short."""
    of_file = passage.title or ""
    if _letters(title) in _letters(of_file):
        return ""
    if title_similarity(of_file, title) >= NAMES_AGREE_FROM:
        return ", spelled otherwise"
    return " by another name"


def _letters(title: str) -> str:
    return normalize_name(split_asides(title)[0]).replace(" ", "")


def _answered_passage(answer: Json) -> PassageEvidence:
    artist, album, file = answer["path"].split("/")[-3:]
    stem = re.sub(r"(_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?\.json$", "", file)
    number, title = RECORDED_NAME.fullmatch(stem).groups()  # type: ignore[union-attr]
    candidates = parse_candidates(json.dumps(answer["results"]).encode())
    lengths = [each.seconds for each in candidates if each.seconds is not None]
    return PassageEvidence(
        key="0:0",
        order=0,
        # The file's length is not recorded; those of most recordings are near it.
        seconds=Seconds(median_low(lengths) if lengths else UNKNOWN_LENGTH_S),
        title=title.replace("_", " "),
        artist=artist.replace("_", " "),
        tagged=True,
        album=album.replace("_", " "),
        track=int(number) if number else None,
        acoustid_answered=True,
        candidates=candidates,
    )


def _print_wrong(found: Sequence[RealOutcome], facts: MusicBrainzFacts) -> None:
    for each in found:
        if each.verdict == "wrong" and each.band in (
            Confidence.HIGH,
            Confidence.MEDIUM,
        ):
            named: Any = each.decision.recording
            true = facts.recordings[each.file.truth]
            print(
                f"{each.band} {each.kind.name}: {each.file.path}"
                f" [{each.file.place[0].mbid[:4]}]\n"
                f"    {named.title!r} ({named.note}) {named.mbid[:8]} for"
                f" {true['title']!r} ({true['disambiguation']}) {each.file.truth[:8]}\n"
                f"    {each.decision.reason}; {each.decision.evidence}"
            )


if __name__ == "__main__":
    sys.exit(main())
