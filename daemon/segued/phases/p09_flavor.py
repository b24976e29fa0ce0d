"""Phase 9, flavoring: how each passage sounds.

What services know is asked at once. What has to be worked out here waits for
leisure: the file is imported without it, and taken up again when nobody else
wants the time. Where no source can tell, the phase waits for one; where one
fails, that is put on record, and may be tried again. Completion never depends
on any of it.
"""

from dataclasses import dataclass
from typing import Final

from segued.phases.base import WHEN_IDLE, Deferred, FileResults, Phase, PhaseContext
from segued.phases.flavor import local
from segued.phases.flavor.remote import (
    ACOUSTICBRAINZ,
    FlavorSubject,
    RemoteAnswers,
    answer_pending,
    load_remote_answers,
    load_subjects,
    prefers_remote,
    remote_flavor,
)
from segued.phases.flavor.results import ESSENTIA, AnalysisResults, local_flavor_source
from segued.store import flavors, lookups
from segued.store.flavors import Flavor, Measures
from segued.store.lookups import LookupQuestion

__all__ = ["PHASE", "FlavorResult", "Flavored"]

UNCOUNTED_OUTCOMES: Final = ("later", "measured")


@dataclass(frozen=True, slots=True)
class FlavorResult:
    """What became of one passage: its flavor, or the reason it has none.

    Attributes:
        song: The song it is, if it is one.
        outcome: For the counters: "pre-existing", "too short", "failed", "none",
            "measured", the name of the source, or, while it is not known,
            "deferred" or "later".
        flavor: How it sounds, if that was found out now.
        measured: What was measured of it, if it was.
        failure: Why something could not be found out.
        later: Whether more is to be known when there is time.
    """

    passage: str
    song: str | None
    outcome: str
    flavor: Flavor | None = None
    measured: Measures | None = None
    failure: str | None = None
    later: bool = False

    @property
    def is_final(self) -> bool:
        """Whether that is the last word."""
        return not self.later and self.outcome != "deferred"


@dataclass(frozen=True, slots=True)
class Flavored:
    """The passages in order.

    Attributes:
        asks: What AcousticBrainz has not answered yet.
        empty: Keys of what it knows nothing of.
    """

    sounded: tuple[FlavorResult, ...] = ()
    asks: tuple[LookupQuestion, ...] = ()
    empty: tuple[str, ...] = ()


async def run(
    context: PhaseContext, file_results: FileResults
) -> Flavored | Deferred[Flavored]:
    """Find out how the passages sound whose songs are not known to.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileVanishedError: It is gone.
    """
    subjects = await load_subjects(context, file_results)
    answers = await load_remote_answers(context, subjects)
    flavor_results = []
    spans = [piece.span for piece in subjects]
    async with local.open_file_analysis(context, file_results, spans) as analysis:
        for number, piece in enumerate(subjects, start=1):
            context.on_passage(number, len(subjects))
            flavor_results.append(
                await _flavor_passage(context, file_results, piece, answers, analysis)
            )
    result = Flavored(tuple(flavor_results), answers.questions, answers.not_found)
    for piece, each in zip(subjects, flavor_results, strict=True):
        if each.outcome == "deferred" and answer_pending(context, piece, answers):
            return Deferred(result, ACOUSTICBRAINZ, "AcousticBrainz has not answered")
    if any(each.later for each in flavor_results):
        return Deferred(result, WHEN_IDLE, "others come first")
    if any(each.outcome == "deferred" for each in flavor_results):
        return Deferred(result, ESSENTIA, "no source of flavor can be asked")
    return result


async def _flavor_passage(
    context: PhaseContext,
    file_results: FileResults,
    subject: FlavorSubject,
    answers: RemoteAnswers,
    analysis: local.FileAnalysis,
) -> FlavorResult:
    """Return how a passage sounds: by those before us, by a service, or by us."""
    remote = remote_flavor(subject, answers)
    if (
        remote is None
        and subject.flavor is None
        and answer_pending(context, subject, answers)
    ):
        return FlavorResult(subject.stored.passage, subject.song, "deferred")
    analysis_results = await local.stored_results(context, file_results, subject.span)
    later = False
    if local.pending_analyzers(context, subject.span, analysis_results):
        if WHEN_IDLE in context.capabilities:
            analysis_results = await analysis.analyze(subject.span, analysis_results)
        pending = local.pending_analyzers(context, subject.span, analysis_results)
        later = any(each not in analysis_results.failures for each in pending)
    return _build_result(context, subject, remote, analysis_results, later=later)


def _build_result(
    context: PhaseContext,
    subject: FlavorSubject,
    remote: Flavor | None,
    analysis_results: AnalysisResults,
    *,
    later: bool,
) -> FlavorResult:
    """Return what all of it amounts to.

    Args:
        context: What there is.
        subject: The passage.
        remote: What others say.
        analysis_results: What was heard of it here.
        later: Whether more is to be heard when there is time.
    """
    flavor = remote
    if remote is None or not (prefers_remote(context) or len(subject.stored.songs) > 1):
        local_flavor = _better_local_flavor(context, subject, analysis_results)
        flavor = local_flavor or (None if later or subject.flavor else remote)
    failure = "; ".join(
        f"{who}: {why}" for who, why in analysis_results.failures.items()
    )
    return FlavorResult(
        subject.stored.passage,
        subject.song,
        _outcome(context, subject, flavor, failure, later=later),
        None if flavor == subject.flavor else flavor,
        analysis_results.measures
        if analysis_results.current or analysis_results.outdated
        else None,
        failure or None,
        later,
    )


def _outcome(
    context: PhaseContext,
    subject: FlavorSubject,
    flavor: Flavor | None,
    failure: str,
    *,
    later: bool,
) -> str:
    if flavor is not None and flavor != subject.flavor:
        return flavor.source
    if later:
        return "later"
    if subject.flavor is not None:
        # Of what was told there is only the measuring now.
        already_imported = WHEN_IDLE in context.capabilities
        return (
            "measured"
            if already_imported and subject.has_remote_flavor
            else "pre-existing"
        )
    if failure:
        return "failed"
    if local.is_too_short(subject.span):
        return "too short"
    # Who hears and says nothing heard nothing: silence.
    has_local_source = (
        local_flavor_source(context) is not None or not context.config.flavoring.sources
    )
    return "none" if has_local_source else "deferred"


def _better_local_flavor(
    context: PhaseContext, subject: FlavorSubject, analysis_results: AnalysisResults
) -> Flavor | None:
    """Return how a passage sounds as we hear it, unless somebody said it better."""
    if subject.flavor is not None:
        stored_source = subject.flavor.source, subject.flavor.version
        if subject.has_remote_flavor or stored_source == local_flavor_source(context):
            return None
    found = analysis_results.flavor(context.analyzers)
    if found is None or subject.flavor is None:
        return found
    before, now = (set(each.source.split("+")) for each in (subject.flavor, found))
    return None if now < before else found


def save(file_results: FileResults, result: Flavored) -> None:
    """Put the flavor on the song, or on the passage where it is not one."""
    lookups.set_pending(file_results.file.id, ACOUSTICBRAINZ, result.asks, result.empty)
    for each in result.sounded:
        if each.measured is not None:
            flavors.set_measures(each.passage, each.measured)
        if each.song is None:
            if each.flavor is not None:
                flavors.set_passage_flavor(each.passage, each.flavor)
        else:
            flavors.set_passage_flavor(each.passage, None)
            if each.flavor is not None or each.outcome == "failed":
                flavors.set_song_flavor(each.song, each.flavor, _analyzed_passage(each))
        if each.is_final:
            flavors.set_failure(each.passage, each.failure)


def _analyzed_passage(flavor_result: FlavorResult) -> str | None:
    is_remote = (
        flavor_result.flavor is not None
        and flavor_result.flavor.source == ACOUSTICBRAINZ
    )
    return None if is_remote else flavor_result.passage


def _counts(found: Flavored) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in found.sounded:
        if each.outcome not in UNCOUNTED_OUTCOMES:
            counts[each.outcome] = counts.get(each.outcome, 0) + 1
    return counts


def _settings(context: PhaseContext) -> tuple[object, ...]:
    """Return what, changed, may make passages sound otherwise."""
    local_source = local_flavor_source(context)
    return (
        context.config.flavoring.sources,
        sorted(context.analyzers.items()),
        local_source,
    )


PHASE: Final = Phase(
    number=9,
    name="flavor",
    title="Flavoring",
    version=2,
    result_type=Flavored,
    run=run,
    save=save,
    settings=_settings,
    # The rest has tables of its own.
    checkpointed=lambda found: Flavored(
        tuple(
            FlavorResult("", None, each.outcome, failure=each.failure)
            for each in found.sounded
            if each.is_final
        )
    ),
    counts=_counts,
    optional=True,
)
