"""Phase 9, flavoring: how each passage sounds, as shares of musical characteristics.

What AcousticBrainz knows is looked up during the import. Local analysis is slow
and waits for idle time: the file completes without it, and is queued again when
no new file needs the processors. Where no source is available, the phase waits
for one; where one fails, the reason is stored and the analysis may be repeated.
A file completes whatever this phase finds.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from segued.model import (
    Need,
    PhaseNumber,
    Service,
)
from segued.phases import p02_hash, p06_match
from segued.phases.base import Deferred, FileResults, Phase, PhaseContext, Read
from segued.phases.flavor import local
from segued.phases.flavor.remote import (
    ACOUSTICBRAINZ,
    FlavorSubject,
    RemoteAnswers,
    load_remote_answers,
    load_subjects,
    pending_answer,
    prefers_remote,
    remote_flavor,
)
from segued.phases.flavor.results import (
    AnalysisResults,
    is_current_flavor,
    local_flavor_source,
)
from segued.phases.flavor.stored_results import read_outputs, stored_results
from segued.store import flavors, lookups
from segued.store.flavors import Flavor, Measures
from segued.store.lookups import LookupQuestion

__all__ = ["PHASE", "FlavorOutcome", "FlavorResult", "Flavored"]


class FlavorOutcome(StrEnum):
    """What phase 9 did with a passage; the name of its counter.

    A passage that gets a flavor is counted under the flavor's source.
    """

    ACOUSTICBRAINZ = "acousticbrainz"
    ESSENTIA = "essentia"
    MUSICNN = "musicnn"
    ESSENTIA_MUSICNN = "essentia+musicnn"
    CLASSIFIERS = "essentia-svm"
    PRE_EXISTING = "pre-existing"  # keeps the flavor that is stored
    MEASURED = "measured"  # keeps it too, and was measured in idle time
    TOO_SHORT = "too short"
    FAILED = "failed"
    NONE = "none"  # analyzed, but without a result: silence
    LATER = "later"  # waits for idle time
    DEFERRED = "deferred"  # waits for AcousticBrainz, or for any source at all


UNCOUNTED_OUTCOMES: Final = (FlavorOutcome.LATER, FlavorOutcome.MEASURED)


@dataclass(frozen=True, slots=True)
class FlavorResult:
    """The flavor of one passage, or the reason why it has none.

    Attributes:
        song: The id of its song; None if it is no song, or several.
        flavor: The flavor to store; None if there is no new one.
        measured: Loudness, tempo and key, if the passage was ever analyzed.
        failure: Why an analyzer failed, each with its reason.
        later: Whether an analysis waits for idle time.
    """

    passage: str
    song: str | None
    outcome: FlavorOutcome
    flavor: Flavor | None = None
    measured: Measures | None = None
    failure: str | None = None
    later: bool = False

    @property
    def is_final(self) -> bool:
        """Whether nothing is deferred that could change the result."""
        return not self.later and self.outcome is not FlavorOutcome.DEFERRED


@dataclass(frozen=True, slots=True)
class Flavored:
    """The results of a file's passages, in order.

    Attributes:
        asks: Questions that AcousticBrainz has not answered yet.
        empty: Keys of recordings that AcousticBrainz does not know.
    """

    sounded: tuple[FlavorResult, ...] = ()
    asks: tuple[LookupQuestion, ...] = ()
    empty: tuple[str, ...] = ()


async def run(
    context: PhaseContext, file_results: FileResults
) -> Flavored | Deferred[Flavored]:
    """Find a flavor for each passage that has none, or could get a better one.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileVanishedError: It is gone.
    """
    subjects = await load_subjects(context, file_results)
    answers = await load_remote_answers(context, subjects)
    results = []
    spans = [subject.span for subject in subjects]
    async with local.open_file_analysis(context, file_results, spans) as analysis:
        for number, subject in enumerate(subjects, start=1):
            context.on_passage(number, len(subjects))
            results.append(
                await _flavor_passage(context, file_results, subject, answers, analysis)
            )
    flavored = Flavored(tuple(results), answers.questions, answers.not_found)
    deferred = [
        subject
        for subject, result in zip(subjects, results, strict=True)
        if result.outcome is FlavorOutcome.DEFERRED
    ]
    # The services first: their answers may make the local analysis superfluous.
    needs = {pending_answer(context, subject, answers) for subject in deferred}
    if Need.ACOUSTICBRAINZ in needs:
        return Deferred(
            flavored, Need.ACOUSTICBRAINZ, "AcousticBrainz has not answered yet"
        )
    if Need.ACOUSTID in needs:
        return Deferred(flavored, Need.ACOUSTID, "AcoustID has not answered yet")
    if any(result.later for result in results):
        return Deferred(flavored, Need.IDLE, "the analysis waits for idle time")
    if deferred:
        return Deferred(
            flavored, Need.FLAVOR_SOURCE, "no source of flavor is available"
        )
    return flavored


async def _flavor_passage(
    context: PhaseContext,
    file_results: FileResults,
    subject: FlavorSubject,
    answers: RemoteAnswers,
    analysis: local.FileAnalysis,
) -> FlavorResult:
    """Find the flavor of one passage; analyze it only if there is idle time."""
    remote = remote_flavor(subject, answers)
    has_flavor = remote is not None or subject.flavor is not None
    results = await stored_results(context, file_results, subject.span)
    pending = local.pending_analyzers(context, subject.span, results)
    # An answer may make the analysis superfluous, unless that is of loudness only.
    may_wait = not pending or local_flavor_source(context) is not None
    if not has_flavor and may_wait and pending_answer(context, subject, answers):
        return FlavorResult(
            subject.stored.passage,
            subject.song,
            FlavorOutcome.DEFERRED,
            measured=_measured(results),
        )
    later = False
    if pending:
        if Need.IDLE in context.capabilities:
            results = await analysis.analyze(subject.span, results)
        pending = local.pending_analyzers(context, subject.span, results)
        later = any(analyzer not in results.failures for analyzer in pending)
    return _build_result(context, subject, remote, results, later=later)


def _build_result(
    context: PhaseContext,
    subject: FlavorSubject,
    remote: Flavor | None,
    results: AnalysisResults,
    *,
    later: bool,
) -> FlavorResult:
    """Choose the flavor of a passage and name the outcome.

    Args:
        context: The configuration and the installed analyzers.
        subject: The passage, with the flavor that is stored.
        remote: The flavor by AcousticBrainz, or blended from several songs'.
        results: The output of the local analyzers so far.
        later: Whether an analyzer has yet to run.
    """
    flavor = _choose_flavor(context, subject, remote, results, later=later)
    new_flavor = None if flavor == subject.flavor else flavor
    has_failed = bool(results.failures)
    if new_flavor is not None:
        outcome = FlavorOutcome(new_flavor.source)
    else:
        outcome = _outcome_without_flavor(
            context, subject, has_failed=has_failed, later=later
        )
    failure = "; ".join(
        f"{analyzer}: {reason}" for analyzer, reason in results.failures.items()
    )
    return FlavorResult(
        passage=subject.stored.passage,
        song=subject.song,
        outcome=outcome,
        flavor=new_flavor,
        measured=_measured(results),
        failure=failure if has_failed else None,
        later=later,
    )


def _measured(results: AnalysisResults) -> Measures | None:
    """Return the measures of a passage; None if it was never analyzed."""
    return results.measures if results.current or results.outdated else None


def _choose_flavor(
    context: PhaseContext,
    subject: FlavorSubject,
    remote: Flavor | None,
    results: AnalysisResults,
    *,
    later: bool,
) -> Flavor | None:
    """Return the flavor to store; None to leave what is stored as it is."""
    has_several_songs = len(subject.stored.songs) > 1
    if remote is not None and (prefers_remote(context) or has_several_songs):
        return remote  # Several songs: the blend of their flavors, if each has one.
    found = _better_local_flavor(context, subject, results)
    if found is not None:
        return found
    if later:
        return None  # The local flavor, which is preferred, is still to come.
    if subject.flavor is not None:
        return None  # The stored flavor is as good.
    return remote  # The last resort, where local analysis is preferred.


def _better_local_flavor(
    context: PhaseContext, subject: FlavorSubject, results: AnalysisResults
) -> Flavor | None:
    """Return the flavor by local analysis; None unless it is better than the stored."""
    found = results.flavor
    stored = subject.flavor
    if found is None or stored is None:
        return found
    if subject.has_remote_flavor:
        return None  # A flavor by AcousticBrainz is never replaced.
    if is_current_flavor(context, stored):
        # By the same analyzers and the same rules, but perhaps of a lesser passage.
        is_like = (found.source, found.version) == (stored.source, stored.version)
        return found if is_like and subject.stands_for_song else None
    if set(found.source.split("+")) < set(stored.source.split("+")):
        return None  # By fewer analyzers than the stored one.
    return found


def _outcome_without_flavor(
    context: PhaseContext, subject: FlavorSubject, *, has_failed: bool, later: bool
) -> FlavorOutcome:
    """Return the outcome for a passage that gets no new flavor; first rule wins."""
    if later:
        return FlavorOutcome.LATER
    if subject.flavor is not None:
        # An analysis in idle time of a passage that AcousticBrainz has described
        # adds only loudness, tempo and key.
        only_measured = Need.IDLE in context.capabilities and subject.has_remote_flavor
        return FlavorOutcome.MEASURED if only_measured else FlavorOutcome.PRE_EXISTING
    if has_failed:
        return FlavorOutcome.FAILED
    if local.is_too_short(subject.span):
        return FlavorOutcome.TOO_SHORT
    if local_flavor_source(context) is None and context.config.flavoring.sources:
        return FlavorOutcome.DEFERRED  # A configured source may become available.
    return FlavorOutcome.NONE  # The analyzers found only silence, or none is wanted.


def _reads(file_results: FileResults) -> tuple[Read, ...]:
    audio_hash = file_results[p02_hash.PHASE].audio
    matches = file_results[p06_match.PHASE].matches
    return (
        (flavors.for_file, (file_results.file.id,)),
        *((read_outputs, (audio_hash, each.passage.span)) for each in matches),
    )


def save(file_results: FileResults, result: Flavored) -> None:
    """Store the flavors: of the song, or of a passage that is no single song."""
    lookups.set_pending(
        file_results.file.id, Service.ACOUSTICBRAINZ, result.asks, result.empty
    )
    for each in result.sounded:
        if each.measured is not None:
            flavors.set_measures(each.passage, each.measured)
        if each.song is None:
            if each.flavor is not None:
                flavors.set_passage_flavor(each.passage, each.flavor)
        else:
            flavors.set_passage_flavor(each.passage, None)
            if each.flavor is not None or each.outcome is FlavorOutcome.FAILED:
                flavors.set_song_flavor(each.song, each.flavor, _analyzed_passage(each))
        if each.is_final:
            flavors.set_failure(each.passage, each.failure)


def _analyzed_passage(flavor_result: FlavorResult) -> str | None:
    """Return the passage whose analysis a flavor is from; None if AcousticBrainz's."""
    is_remote = (
        flavor_result.flavor is not None
        and flavor_result.flavor.source == ACOUSTICBRAINZ
    )
    return None if is_remote else flavor_result.passage


def _counts(found: Flavored) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in found.sounded:
        if each.outcome not in UNCOUNTED_OUTCOMES:
            name = each.outcome.value
            counts[name] = counts.get(name, 0) + 1
    return counts


def _settings(context: PhaseContext) -> tuple[object, ...]:
    """Return the configuration and analyzers that a flavor depends on."""
    local_source = local_flavor_source(context)
    return (
        context.config.flavoring.sources,
        sorted(context.analyzers.items()),
        local_source,
    )


PHASE: Final = Phase(
    number=PhaseNumber.FLAVOR,
    name="flavor",
    title="Flavoring",
    version=2,
    result_type=Flavored,
    run=run,
    reads=_reads,
    save=save,
    settings=_settings,
    # Flavors and measures are stored in tables of their own.
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
