"""Analyze passages at a fraction of the cost of the full analysis.

What Essentia computes depends on all of a passage, and is cheap if only what a flavor
needs is computed. musicnn gets a spread of patches of three seconds, whose mean differs
little from that of all (`contrib/bench/flavor --truth`).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from segued.dsp.mixdown import Mono
from segued.dsp.spectral_frames import RATE
from segued.errors import DecodeError
from segued.media.analyzers import essentia, musicnn
from segued.media.analyzers.passage_analysis import (
    AnalyzerSelection,
    PassageOutput,
    PassageRequest,
    middle_span,
)
from segued.media.decoding.decode import open_source
from segued.media.decoding.resample import Resampler
from segued.media.decoding.stretches import StretchReader
from segued.model import Signature, Span
from segued.units import Hertz, ticks_to_frames

__all__ = ["analyze_quickly", "spread"]

PATCHES_MAX: Final = 48
PATCH_FRAMES: Final = -(-(musicnn.PATCH_SAMPLES + 2) * RATE // musicnn.RATE)
"""Frames at `RATE` that give a patch, with something to spare."""


def analyze_quickly(
    path: bytes, expected: Signature, requests: Sequence[PassageRequest]
) -> list[PassageOutput]:
    """Read some passages, and return the analyzer output of each.

    Args:
        path: Absolute path.
        expected: The file's signature when it was scanned.
        requests: Passages in order of time that do not overlap; at least one.

    Raises:
        FileError: As documented for `segued.media.decoding.decode.open_source`.
    """
    sounds = _read(path, expected, [middle_span(each.span) for each in requests])
    return [
        _analyze(path, sound, request.analyzers)
        for sound, request in zip(sounds, requests, strict=True)
    ]


def _read(path: bytes, expected: Signature, spans: Sequence[Span]) -> Iterator[Mono]:
    """Yield the sound of each span at `RATE`, one at a time: it can have 100 MB."""
    done = 0
    for can_seek in (True, False):
        with open_source(path, expected) as source:
            reader = StretchReader(source, RATE, can_seek=can_seek)
            for span in spans[done:]:
                sound = reader.read(_frames(span, source.rate))
                if sound is None:
                    break
                yield sound
                done += 1
        if done == len(spans):
            break


def _frames(span: Span, rate: Hertz) -> range:
    return range(ticks_to_frames(span.start, rate), ticks_to_frames(span.end, rate))


def _analyze(path: bytes, sound: Mono, analyzers: AnalyzerSelection) -> PassageOutput:
    found = PassageOutput({}, {})
    if analyzers.descriptors:
        descriptors = partial(essentia.describe, path, sound)
        _add(found, "essentia", descriptors, "Essentia failed")
    models = analyzers.models_folder
    if models is not None:
        tags = partial(_tags, sound, Path(models))
        _add(found, "musicnn", tags, "the tagging models cannot be used")
    return found


def _add(
    found: PassageOutput, name: str, analyze: Callable[[], bytes], failure: str
) -> None:
    """Add the output of an analyzer; its failure does not fail the passage."""
    try:
        found.outputs[name] = analyze()
    except DecodeError as error:
        found.failures[name] = error.detail
    except Exception as error:  # noqa: BLE001 - a library can raise anything
        found.failures[name] = f"{failure}: {error}"


def _tags(sound: Mono, models: Path) -> bytes:
    tagger = musicnn.Tagger(models)
    stretches = spread(len(sound), PATCHES_MAX, PATCH_FRAMES)
    for each in stretches:
        resampler = Resampler(RATE, musicnn.RATE, 1, "HQ")
        samples = resampler.add(sound[each.start : each.stop], last=True)
        if len(stretches) == 1:
            tagger.feed(samples)
        else:
            tagger.score_patch(samples[: musicnn.PATCH_SAMPLES])
    return json.dumps(tagger.result()).encode()


def spread(length: int, count: int, stretch: int) -> list[range]:
    """Return evenly spaced stretches of a sound; one if they would fill it.

    Args:
        length: Frames of the sound.
        count: The number of stretches.
        stretch: Frames of each.
    """
    gap = length / count - stretch
    if gap <= 0:
        return [range(length)]
    starts = [round(gap / 2 + n * (stretch + gap)) for n in range(count)]
    return [range(start, start + stretch) for start in starts]
