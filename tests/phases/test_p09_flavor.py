"""The choice of a passage's flavor: `segued.phases.p09_flavor`.

What AcousticBrainz and the analyzers would return is stored in the library
beforehand, so that no test needs a network, a decoder or an analyzer.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest

from segued.compute.pools import ProcessPools
from segued.config.config import Config, Settings
from segued.config.sections import FlavoringSection, FlavorSource
from segued.matching import essentia_flavor, musicnn_flavor
from segued.model import AudioFile, Confidence, FileId, Need, Service, Signature, Span
from segued.phases import p01_filename, p02_hash, p06_match, p09_flavor
from segued.phases.base import Deferred, FileResults, PhaseContext
from segued.phases.flavor import local
from segued.phases.flavor.results import QUICK_SUFFIX, AnalysisResults
from segued.phases.p09_flavor import Flavored, FlavorOutcome, FlavorResult
from segued.store import analysis_cache, due_lookups, flavors, lookups, passages, songs
from segued.store.analysis_cache import StoredOutput
from segued.store.database import Store
from segued.store.flavors import Flavor
from segued.store.lookups import LookupAnswer, LookupQuestion
from segued.store.passages import PassageRecord
from segued.store.schema.files import File, Passage
from segued.store.schema.music import PassageSong, Song
from segued.store.songs import EntityRef, SongRecord
from segued.units import TICKS_PER_SECOND, Seconds, Ticks

MBID: Final = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
AUDIO_HASH: Final = "audio"

REMOTE_FIRST: Final[tuple[FlavorSource, ...]] = (
    "acousticbrainz",
    "essentia",
    "musicnn",
)
LOCAL_FIRST: Final[tuple[FlavorSource, ...]] = ("essentia", "musicnn", "acousticbrainz")

ESSENTIA: Final = {"essentia": "2.1"}
BOTH: Final = {"essentia": "2.1", "musicnn": "1"}
ESSENTIA_VERSION: Final = f"2.1/{essentia_flavor.VERSION}"
BOTH_VERSION: Final = f"{ESSENTIA_VERSION}, 1/{musicnn_flavor.VERSION}"

QUICK: Final = {name: f"{version}{QUICK_SUFFIX}" for name, version in BOTH.items()}
"""The same analyzers, for the quick analysis."""
QUICK_VERSION: Final = (
    f"{QUICK['essentia']}/{essentia_flavor.VERSION}, "
    f"{QUICK['musicnn']}/{musicnn_flavor.VERSION}"
)

DESCRIPTORS: Final = {"lowlevel.spectral_centroid.mean": 1000.0, "rhythm.bpm": 120.0}
SILENCE: Final[dict[str, float]] = {}
WORDS: Final = musicnn_flavor.BASELINE_SCORE

DOCUMENT: Final = {
    "highlevel": {"timbre": {"all": {"bright": 0.9, "dark": 0.1}}},
    "metadata": {"version": {"highlevel": {"essentia": "beta5"}}},
}


def timbre(bright: float, source: str, version: str = "1") -> Flavor:
    """Return a flavor of one characteristic."""
    shares = {"bright": bright, "dark": 1 - bright}
    return Flavor(json.dumps({"characteristics": {"timbre": shares}}), source, version)


REMOTE: Final = Flavor(
    '{"characteristics":{"timbre":{"bright":0.9,"dark":0.1}}}',
    "acousticbrainz",
    "beta5",
)

BY_ESSENTIA: Final = AnalysisResults(
    {"essentia": StoredOutput("essentia", "2.1", json.dumps(DESCRIPTORS).encode())}
).flavor


@dataclass(frozen=True)
class Evidence:
    """All that the choice of one passage's flavor depends on.

    Attributes:
        sources: The configured sources, in order of preference.
        analyzers: The installed analyzers, each with its version.
        outputs: Their stored output for the passage.
        output_versions: The versions of analyzers that stored it; by default, those
            that are installed.
        document: What AcousticBrainz answered: JSON, {} for an unknown
            recording, None while it has not answered.
        available: The services that can be queried.
        is_matched: Whether AcoustID has answered; without, no MBID is known.
        song_flavors: The stored flavors of the passage's songs, one for each.
        analyzed_seconds: The length of the passage, of another file, that the stored
            flavor of the song is of; None if it is not known.
        passage_flavor: The stored flavor of the passage itself.
        seconds: The length of the passage.
        idle: Whether there is idle time for an analysis.
        failures: The analyzers that fail if they run, each with the reason.
    """

    sources: tuple[FlavorSource, ...] = REMOTE_FIRST
    analyzers: Mapping[str, str] = field(default_factory=lambda: ESSENTIA)
    outputs: Mapping[str, object] = field(default_factory=dict)
    output_versions: Mapping[str, str] = field(default_factory=dict)
    document: object = field(default_factory=dict)
    available: Sequence[Service] = ()
    is_matched: bool = True
    song_flavors: tuple[Flavor | None, ...] = (None,)
    analyzed_seconds: int | None = None
    passage_flavor: Flavor | None = None
    seconds: int = 60
    idle: bool = False
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def span(self) -> Span:
        """The passage's span."""
        return Span(Ticks(0), Ticks(self.seconds * TICKS_PER_SECOND))


UNANSWERED: Final = Evidence(document=None)


def add_file(file: FileId, path: bytes) -> None:
    """Store a file, as a scan does."""
    File.create(
        id=file,
        path=path,
        folder=b"/m",
        root=b"/m",
        path_text=path.decode(),
        size_bytes=1,
        mtime_ns=1,
        inode=1,
    )


class OnePassage:
    """A library with a file of one passage, as phases 1 to 8 leave it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self._folder = folder
        self._file = AudioFile(FileId("file"), b"/m/f", b"/m", Signature(1, 1, 1))

    async def run(self, evidence: Evidence) -> Flavored | Deferred[Flavored]:
        """Store the evidence, run phase 9 and save its result."""
        match = self._match(evidence)
        await self.store.do(self._fill, evidence, match)
        results = (
            FileResults(self._file, "2026-01-01" if evidence.idle else None)
            .with_result(
                p01_filename.PHASE, p01_filename.FileChecked(self._file.signature)
            )
            .with_result(p02_hash.PHASE, p02_hash.Hashed("content", AUDIO_HASH))
            .with_result(p06_match.PHASE, p06_match.Matched((match,)))
        )
        compute = ProcessPools(processes=1, memory_mib=512, file_limit=Seconds(1))
        context = PhaseContext(
            Config(flavoring=FlavoringSection(sources=evidence.sources)),
            Settings(),
            self.store,
            compute,
            self._folder,
            capabilities=frozenset({Need.IDLE} if evidence.idle else ()),
            analyzers=evidence.analyzers,
            service_available=lambda service: service in evidence.available,
        )
        outcome = await p09_flavor.run(context, results)
        flavored = outcome.result if isinstance(outcome, Deferred) else outcome
        await self.store.do(p09_flavor.save, results, flavored)
        return outcome

    @staticmethod
    def _add_analyzed_passage(record: PassageRecord, seconds: int | None) -> str | None:
        """Store a passage of another file, and return its id."""
        if seconds is None:
            return None
        file = FileId("another file")
        add_file(file, b"/m/another")
        span = Span(Ticks(0), Ticks(seconds * TICKS_PER_SECOND))
        return passages.replace(file, [replace(record, span=span)])[0]

    @staticmethod
    def _match(evidence: Evidence) -> p06_match.Match:
        record = PassageRecord(
            span=evidence.span,
            fingerprint=None,
            title="Song",
            artist="Artist",
            album=None,
            confidence=Confidence.LOW,
            score=0.6,
            reason="",
            evidence={},
            rejected=(),
        )
        heard = (MBID,) if evidence.is_matched else None
        return p06_match.Match(record, None, None, heard)

    def _fill(self, evidence: Evidence, match: p06_match.Match) -> None:
        add_file(self._file.id, self._file.path)
        (passage,) = passages.replace(self._file.id, [match.passage])
        if evidence.passage_flavor is not None:
            flavors.set_passage_flavor(passage, evidence.passage_flavor)
        for number, flavor in enumerate(evidence.song_flavors):
            song = SongRecord(EntityRef("Song", None, f"song {number}"))
            if number == 0:
                songs.link_passage(passage, song, None)
                row = Song.get()
            else:
                row = Song.create(name_key=f"song {number}")
                PassageSong.create(passage=passage, song=row)
            if flavor is not None:
                analyzed = self._add_analyzed_passage(
                    match.passage, evidence.analyzed_seconds
                )
                flavors.set_song_flavor(row.id, flavor, analyzed)
        for analyzer, output in evidence.outputs.items():
            versions = {**evidence.analyzers, **evidence.output_versions}
            version = versions[analyzer]
            stored = StoredOutput(analyzer, version, json.dumps(output).encode())
            analysis_cache.save(AUDIO_HASH, evidence.span, stored)
        if evidence.document is not None:
            raw = json.dumps(evidence.document).encode() if evidence.document else b""
            answer = LookupAnswer(LookupQuestion(MBID, MBID), raw)
            lookups.save_answers(Service.ACOUSTICBRAINZ, [answer])


@pytest.fixture(name="store")
async def _store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path / "library.db")
    await store.open()
    yield store
    await store.close()


@pytest.fixture(name="one_passage")
def _one_passage(store: Store, tmp_path: Path) -> OnePassage:
    return OnePassage(store, tmp_path)


@pytest.fixture(autouse=True)
def _no_analysis(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let an analysis only add the failures of the evidence, and only in idle time."""
    callspec = getattr(request.node, "callspec", None)
    evidence = callspec.params.get("evidence", Evidence()) if callspec else Evidence()

    class Analysis:
        async def analyze(self, _span: Span, results: AnalysisResults) -> object:
            assert evidence.idle
            return replace(results, failures=evidence.failures)

    @asynccontextmanager
    async def open_file_analysis(*_arguments: object) -> AsyncIterator[Analysis]:
        yield Analysis()

    monkeypatch.setattr(local, "open_file_analysis", open_file_analysis)


def only_result(outcome: Flavored | Deferred[Flavored]) -> FlavorResult:
    """Return the result of the only passage."""
    flavored = outcome.result if isinstance(outcome, Deferred) else outcome
    (result,) = flavored.sounded
    return result


def needs(outcome: Flavored | Deferred[Flavored]) -> str | None:
    """Return what the phase waits for; None if it is done."""
    return outcome.needs if isinstance(outcome, Deferred) else None


def evidence_of(**changes: object) -> Evidence:
    """Return a passage's evidence; by default AcousticBrainz does not know it."""
    return replace(Evidence(), **changes)  # type: ignore[arg-type]


ESSENTIA_RAN: Final = {"outputs": {"essentia": DESCRIPTORS}}
BOTH_RAN: Final = {
    "analyzers": BOTH,
    "outputs": {"essentia": DESCRIPTORS, "musicnn": WORDS},
}


@pytest.mark.parametrize(
    ("evidence", "source"),
    [
        pytest.param(
            evidence_of(document=DOCUMENT, **ESSENTIA_RAN),
            "acousticbrainz",
            id="both known, AcousticBrainz first",
        ),
        pytest.param(
            evidence_of(sources=LOCAL_FIRST, document=DOCUMENT, **ESSENTIA_RAN),
            "essentia",
            id="both known, local first",
        ),
        pytest.param(
            evidence_of(sources=("essentia",), document=DOCUMENT, **ESSENTIA_RAN),
            "essentia",
            id="AcousticBrainz not configured",
        ),
        pytest.param(
            evidence_of(sources=LOCAL_FIRST, analyzers={}, document=DOCUMENT),
            "acousticbrainz",
            id="local first, but no analyzer installed",
        ),
        pytest.param(
            evidence_of(
                sources=LOCAL_FIRST, document=DOCUMENT, outputs={"essentia": SILENCE}
            ),
            "acousticbrainz",
            id="local first, but the analysis found nothing",
        ),
        pytest.param(
            evidence_of(
                sources=LOCAL_FIRST,
                document=DOCUMENT,
                idle=True,
                failures={"essentia": "broken"},
            ),
            "acousticbrainz",
            id="local first, but the analysis failed",
        ),
        pytest.param(
            evidence_of(**ESSENTIA_RAN),
            "essentia",
            id="unknown to AcousticBrainz",
        ),
        pytest.param(
            replace(UNANSWERED, outputs={"essentia": DESCRIPTORS}),
            "essentia",
            id="AcousticBrainz unavailable",
        ),
        pytest.param(
            evidence_of(**BOTH_RAN),
            "essentia+musicnn",
            id="two analyzers together",
        ),
        pytest.param(
            evidence_of(
                analyzers={**ESSENTIA, "essentia-svm": "1"},
                outputs={
                    "essentia": DESCRIPTORS,
                    "essentia-svm": {"timbre": {"bright": 0.2, "dark": 0.8}},
                },
            ),
            "essentia-svm",
            id="the person's own classifiers",
        ),
    ],
)
async def test_new_flavor_comes_from_the_preferred_source(
    one_passage: OnePassage, evidence: Evidence, source: str
) -> None:
    """A passage without a flavor gets that of the first source that has one."""
    outcome = await one_passage.run(evidence)

    result = only_result(outcome)
    assert (result.outcome, needs(outcome)) == (source, None)
    assert result.flavor is not None
    assert result.flavor.source == source
    assert p09_flavor.PHASE.counts(Flavored((result,))) == {source: 1}
    if source == "acousticbrainz":
        assert result.flavor == REMOTE


@pytest.mark.parametrize(
    ("evidence", "source"),
    [
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia", ESSENTIA_VERSION),),
                document=DOCUMENT,
                **ESSENTIA_RAN,
            ),
            "acousticbrainz",
            id="local, then known to AcousticBrainz, which comes first",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia", "2.0/1"),), **ESSENTIA_RAN
            ),
            "essentia",
            id="by an older version",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia", ESSENTIA_VERSION),), **BOTH_RAN
            ),
            "essentia+musicnn",
            id="by fewer analyzers",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia", ESSENTIA_VERSION),),
                analyzed_seconds=59,
                **ESSENTIA_RAN,
            ),
            "essentia",
            id="of a shorter passage",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia+musicnn", QUICK_VERSION),),
                **BOTH_RAN,
            ),
            "essentia+musicnn",
            id="by the quick analysis, now in full",
        ),
    ],
)
async def test_better_flavor_replaces_the_stored_one(
    one_passage: OnePassage, evidence: Evidence, source: str
) -> None:
    """By a preferred source, newer or more analyzers, or of more of the song."""
    result = only_result(await one_passage.run(evidence))

    assert result.outcome == source
    assert result.flavor is not None
    assert result.flavor.source == source


@pytest.mark.parametrize(
    ("installed", "stored", "is_enough"),
    [
        pytest.param(QUICK, BOTH, True, id="quick, and stored in full"),
        pytest.param(QUICK, QUICK, True, id="quick, and stored so"),
        pytest.param(BOTH, QUICK, False, id="full, and stored quickly"),
        pytest.param(QUICK, {"essentia": "2.0"}, False, id="quick, and stored before"),
    ],
)
async def test_what_was_analyzed_in_full_is_not_analyzed_quickly(
    one_passage: OnePassage,
    installed: Mapping[str, str],
    stored: Mapping[str, str],
    *,
    is_enough: bool,
) -> None:
    """A flavor has the versions of the analyzers that made its output."""
    evidence = evidence_of(
        analyzers=installed, outputs=BOTH_RAN["outputs"], output_versions=stored
    )

    outcome = await one_passage.run(evidence)

    flavor = only_result(outcome).flavor
    if is_enough:
        assert needs(outcome) is None
        assert flavor is not None
        assert flavor.version == (BOTH_VERSION if stored == BOTH else QUICK_VERSION)
    else:
        assert needs(outcome) == Need.IDLE


REMOTE_STORED: Final = {"song_flavors": (timbre(0.2, "acousticbrainz"),)}


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(
            evidence_of(sources=LOCAL_FIRST, **REMOTE_STORED, **ESSENTIA_RAN),
            "pre-existing",
            id="by AcousticBrainz",
        ),
        pytest.param(
            evidence_of(
                sources=LOCAL_FIRST, idle=True, **REMOTE_STORED, **ESSENTIA_RAN
            ),
            "measured",
            id="by AcousticBrainz, analyzed in idle time",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia", ESSENTIA_VERSION),),
                **ESSENTIA_RAN,
            ),
            "pre-existing",
            id="by the same version",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia", ESSENTIA_VERSION),),
                analyzed_seconds=61,
                **ESSENTIA_RAN,
            ),
            "pre-existing",
            id="of a longer passage",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia", ESSENTIA_VERSION),),
                analyzed_seconds=60,
                **ESSENTIA_RAN,
            ),
            "pre-existing",
            id="of an equally long passage of an earlier path",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia+musicnn", BOTH_VERSION),),
                analyzers=QUICK,
                outputs=BOTH_RAN["outputs"],
            ),
            "pre-existing",
            id="in full, now by the quick analysis",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia+musicnn", QUICK_VERSION),),
                analyzers=QUICK,
                outputs=BOTH_RAN["outputs"],
            ),
            "pre-existing",
            id="by the same quick analysis",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia+musicnn", BOTH_VERSION),),
                **ESSENTIA_RAN,
            ),
            "pre-existing",
            id="by more analyzers",
        ),
        pytest.param(
            evidence_of(
                sources=LOCAL_FIRST,
                song_flavors=(timbre(0.2, "essentia", ESSENTIA_VERSION),),
                document=DOCUMENT,
                **ESSENTIA_RAN,
            ),
            "pre-existing",
            id="local first, then known to AcousticBrainz",
        ),
        pytest.param(
            replace(
                UNANSWERED,
                song_flavors=(timbre(0.2, "essentia", ESSENTIA_VERSION),),
                outputs={"essentia": DESCRIPTORS},
                available=(Service.ACOUSTICBRAINZ, Service.ACOUSTID),
            ),
            "pre-existing",
            id="no answer from AcousticBrainz yet",
        ),
        pytest.param(
            replace(
                UNANSWERED,
                is_matched=False,
                song_flavors=(timbre(0.2, "essentia", ESSENTIA_VERSION),),
                outputs={"essentia": DESCRIPTORS},
                available=(Service.ACOUSTICBRAINZ, Service.ACOUSTID),
            ),
            "pre-existing",
            id="no answer from AcoustID yet",
        ),
        pytest.param(
            evidence_of(song_flavors=(REMOTE,), document=DOCUMENT),
            "later",
            id="by AcousticBrainz, not yet measured",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(BY_ESSENTIA,),
                analyzers=BOTH,
                outputs={"essentia": DESCRIPTORS},
            ),
            "later",
            id="one more analyzer has yet to run",
        ),
        pytest.param(
            evidence_of(
                song_flavors=(timbre(0.2, "essentia", "2.0/1"),),
                idle=True,
                failures={"essentia": "broken"},
            ),
            "pre-existing",
            id="the new version fails",
        ),
    ],
)
async def test_stored_flavor_is_kept(
    one_passage: OnePassage, evidence: Evidence, expected: str
) -> None:
    """It is not replaced by a lesser one, and no question is sent for it."""
    outcome = await one_passage.run(evidence)

    result = only_result(outcome)
    assert (result.outcome, result.flavor) == (expected, None)
    assert needs(outcome) == (Need.IDLE if expected == "later" else None)
    flavored = outcome.result if isinstance(outcome, Deferred) else outcome
    assert flavored.asks == ()

    def stored() -> Flavor | None:
        row = Song.get()
        return flavors.flavor_of(row.flavor, row.flavor_source, row.flavor_version)

    assert await one_passage.store.do(stored) == evidence.song_flavors[0]


@pytest.mark.parametrize(
    ("evidence", "expected", "waits_for"),
    [
        pytest.param(
            replace(UNANSWERED, available=(Service.ACOUSTICBRAINZ,)),
            "deferred",
            "acousticbrainz",
            id="no answer from AcousticBrainz yet",
        ),
        pytest.param(
            replace(
                UNANSWERED,
                is_matched=False,
                available=(Service.ACOUSTICBRAINZ, Service.ACOUSTID),
            ),
            "deferred",
            "acoustid",
            id="no recording to look up until AcoustID answers",
        ),
        pytest.param(
            replace(UNANSWERED, is_matched=False, available=(Service.ACOUSTICBRAINZ,)),
            "later",
            Need.IDLE,
            id="no recording to look up, and AcoustID unavailable",
        ),
        pytest.param(
            replace(
                UNANSWERED,
                analyzers={"loudness": "1"},
                available=(Service.ACOUSTICBRAINZ,),
            ),
            "later",
            Need.IDLE,
            id="no answer yet, but loudness has to be measured in any case",
        ),
        pytest.param(
            replace(UNANSWERED, analyzers={}),
            "deferred",
            "essentia",
            id="AcousticBrainz unavailable and no analyzer installed",
        ),
        pytest.param(
            evidence_of(analyzers={}),
            "deferred",
            "essentia",
            id="unknown to AcousticBrainz and no analyzer installed",
        ),
        pytest.param(
            evidence_of(
                analyzers={"loudness": "1"},
                outputs={"loudness": {}},
                sources=LOCAL_FIRST,
            ),
            "deferred",
            "essentia",
            id="loudness alone is no flavor",
        ),
        pytest.param(evidence_of(), "later", Need.IDLE, id="not analyzed yet"),
        pytest.param(
            evidence_of(sources=LOCAL_FIRST, document=DOCUMENT),
            "later",
            Need.IDLE,
            id="local first and not analyzed yet",
        ),
        pytest.param(
            evidence_of(idle=True), "later", Need.IDLE, id="the analysis did not run"
        ),
        pytest.param(
            evidence_of(idle=True, failures={"essentia": "broken"}),
            "failed",
            None,
            id="the analysis failed",
        ),
        pytest.param(
            evidence_of(analyzers=BOTH, idle=True, failures={"essentia": "broken"}),
            "later",
            Need.IDLE,
            id="one of two analyzers failed, the other has yet to run",
        ),
        pytest.param(evidence_of(seconds=2), "too short", None, id="shorter than 3 s"),
        pytest.param(
            evidence_of(outputs={"essentia": SILENCE}), "none", None, id="silence"
        ),
        pytest.param(
            evidence_of(
                sources=("essentia",), document=DOCUMENT, outputs={"essentia": SILENCE}
            ),
            "none",
            None,
            id="silence, and AcousticBrainz not configured",
        ),
        pytest.param(
            evidence_of(sources=(), analyzers={}), "none", None, id="switched off"
        ),
    ],
)
async def test_passage_without_flavor_has_a_reason(
    one_passage: OnePassage, evidence: Evidence, expected: str, waits_for: str | None
) -> None:
    """It waits for a service, for idle time or for a source; or nothing is to come."""
    outcome = await one_passage.run(evidence)

    result = only_result(outcome)
    assert (result.outcome, result.flavor) == (expected, None)
    assert needs(outcome) == waits_for
    assert result.is_final == (waits_for is None)
    assert result.later == (expected == "later")


TWO_SONGS: Final = (timbre(1.0, "musicnn"), timbre(0.0, "musicnn"))


@pytest.mark.parametrize("sources", [REMOTE_FIRST, LOCAL_FIRST])
async def test_several_songs_are_blended(
    one_passage: OnePassage, sources: tuple[FlavorSource, ...]
) -> None:
    """Their stored flavors count more than AcousticBrainz and the analyzers."""
    evidence = evidence_of(
        sources=sources, song_flavors=TWO_SONGS, document=DOCUMENT, **ESSENTIA_RAN
    )

    result = only_result(await one_passage.run(evidence))

    assert (result.song, result.outcome) == (None, "musicnn")
    assert result.flavor is not None
    characteristics = json.loads(result.flavor.text)["characteristics"]
    assert characteristics == {"timbre": {"bright": 0.5, "dark": 0.5}}


@pytest.mark.parametrize(
    "song_flavors",
    [
        pytest.param((TWO_SONGS[0], None), id="one has none"),
        pytest.param((TWO_SONGS[0], timbre(0.0, "essentia")), id="different sources"),
    ],
)
async def test_songs_that_cannot_be_blended(
    one_passage: OnePassage, song_flavors: tuple[Flavor | None, ...]
) -> None:
    """The passage is analyzed as a whole; one recording's document says nothing."""
    evidence = evidence_of(song_flavors=song_flavors, document=DOCUMENT, **ESSENTIA_RAN)

    assert only_result(await one_passage.run(evidence)).outcome == "essentia"


async def test_unanswered_recordings_are_queued(one_passage: OnePassage) -> None:
    """The question is stored until AcousticBrainz is queried."""
    await one_passage.run(replace(UNANSWERED, available=(Service.ACOUSTICBRAINZ,)))

    queued = await one_passage.store.do(
        due_lookups.next_questions, Service.ACOUSTICBRAINZ, 10
    )
    assert [question.key for question in queued] == [MBID]


async def test_flavor_is_stored_with_its_song(one_passage: OnePassage) -> None:
    """With the passage that it was measured in, and its measures."""
    await one_passage.run(evidence_of(**ESSENTIA_RAN))

    def read() -> tuple[object, ...]:
        song, passage = Song.get(), Passage.get()
        return (
            song.flavor_source,
            song.flavor_version,
            song.flavor_passage == passage.id,
            passage.flavor,
            passage.bpm,
        )

    assert await one_passage.store.do(read) == (
        "essentia",
        ESSENTIA_VERSION,
        True,
        None,
        120.0,
    )


async def test_passage_of_a_song_has_no_flavor_of_its_own(
    one_passage: OnePassage,
) -> None:
    """One that was stored before the song was known is cleared."""
    await one_passage.run(
        evidence_of(passage_flavor=timbre(0.2, "essentia"), **ESSENTIA_RAN)
    )

    flavor = await one_passage.store.do(lambda: Passage.get().flavor)
    assert flavor is None


async def test_remote_flavor_names_no_passage(one_passage: OnePassage) -> None:
    """It does not depend on any file of the library."""
    await one_passage.run(evidence_of(document=DOCUMENT, **ESSENTIA_RAN))

    def read() -> tuple[object, ...]:
        song = Song.get()
        return song.flavor_source, song.flavor_passage

    assert await one_passage.store.do(read) == ("acousticbrainz", None)


async def test_flavor_is_stored_with_a_passage_of_no_song(
    one_passage: OnePassage,
) -> None:
    """There is no song to store it with."""
    await one_passage.run(evidence_of(song_flavors=(), **ESSENTIA_RAN))

    source = await one_passage.store.do(lambda: Passage.get().flavor_source)
    assert source == "essentia"


@pytest.mark.parametrize(
    "evidence", [evidence_of(idle=True, failures={"essentia": "broken"})]
)
async def test_failure_is_stored(one_passage: OnePassage, evidence: Evidence) -> None:
    """With the passage, by analyzer; the song's state shows it as well."""
    await one_passage.run(evidence)

    def read() -> tuple[str | None, str]:
        return Passage.get().flavor_failure, Song.get().status

    assert await one_passage.store.do(read) == (
        "essentia: broken",
        "FLAVORING FAILED",
    )


def test_outcomes_that_are_counted() -> None:
    """A passage that waits, or was only measured, is counted elsewhere."""
    results = tuple(FlavorResult("", None, outcome) for outcome in FlavorOutcome)

    counted = p09_flavor.PHASE.counts(Flavored(results))

    assert counted.keys() == set(FlavorOutcome) - {"later", "measured"}


async def test_loudness_does_not_wait_for_a_flavor(one_passage: OnePassage) -> None:
    """It is stored at once, while AcousticBrainz has not answered."""
    evidence = replace(
        UNANSWERED,
        analyzers={"loudness": "1"},
        outputs={"loudness": {"loudness_lufs": -14.0}},
        available=(Service.ACOUSTICBRAINZ,),
    )

    result = only_result(await one_passage.run(evidence))

    assert result.outcome == "deferred"
    assert result.measured is not None
    assert result.measured.loudness_lufs == -14.0
