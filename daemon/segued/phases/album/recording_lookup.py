"""Looking up recordings at MusicBrainz."""

from collections.abc import Iterable

from segued.matching.evidence import Recording
from segued.phases.album.release_lookup import ReleaseLookup
from segued.phases.album.stored_answers import (
    keys_of,
    parse_stored_recording,
    read_answers,
)
from segued.phases.base import PhaseContext
from segued.store.lookup_keys import LookupKey, LookupKind

__all__ = ["look_up_recordings"]


async def look_up_recordings(
    context: PhaseContext, mbids: Iterable[str]
) -> tuple[dict[str, Recording], ReleaseLookup]:
    """Return the recordings that MusicBrainz has described, and open questions."""
    keys = keys_of(LookupKind.RECORDING, mbids)
    if not keys:
        return {}, ReleaseLookup()
    answers = await read_answers(context, keys)
    found = {}
    for key, raw in answers.by_key.items():
        if raw and (recording := parse_stored_recording(raw)) is not None:
            found[LookupKey.parse(key).argument] = recording
    return found, ReleaseLookup(
        questions=answers.questions(keys),
        not_found=answers.not_found(keys),
        problems=answers.problem_texts(),
    )
