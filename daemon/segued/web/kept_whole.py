"""Why a file with long silences is one passage."""

from pathlib import Path

from segued.dsp.segment import Hints, Rules, kept_silences
from segued.media.tags import filename
from segued.phases.p03_tags import TagsRead
from segued.store import codec
from segued.store.reading import file_detail
from segued.units import Dbfs, Ticks
from segued.views import wording

__all__ = ["kept_whole_text"]


def kept_whole_text(library: Path, path: bytes) -> str:
    """Return why the silences of a file do not cut it; empty if it has none, or is cut.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    inputs = file_detail.segmentation_inputs(library, path)
    if inputs is None:
        return ""
    tags_read = codec.decode(inputs.tags_payload, TagsRead)
    if len(tags_read.marks) > 1:
        return ""
    _, _, settings = inputs.recipe.partition(":")
    silence, silence_min, min_audible, *_ = codec.decode(settings, list[float])
    kept = kept_silences(
        inputs.curve,
        Rules(Dbfs(silence), Ticks(int(silence_min)), Ticks(int(min_audible))),
        Hints(
            leading_number=tags_read.leading_number is not None,
            siblings=inputs.siblings,
            track=tags_read.tags.track,
            track_total=tags_read.tags.track_total,
            side=any(
                map(
                    filename.is_side_title,
                    (tags_read.tags.title, tags_read.guessed.title),
                )
            ),
        ),
    )
    return wording.kept_whole(kept.count, kept.longest, kept.reason) if kept else ""
