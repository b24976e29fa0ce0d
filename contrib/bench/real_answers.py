"""Draw AcoustID's answer for a song, distributed as recorded answers are.

Of the recorded answers, 5 % have a score below 0.68, 17 % of the recordings have no
name, and one sound in four belongs to another version of the song as well.
"""

from typing import Any, Final

from bench.real_facts import Json, MusicBrainzFacts
from bench.synthetic_names import Rng, pick

from segued.matching.evidence import Track

__all__ = ["draw_answer"]

LOW_SCORE_SHARE: Final = 0.05
NAMELESS_SHARE: Final = 0.17
VERSION_SHARE: Final = 0.25
OTHER_ID_SHARE: Final = 0.30
ONLY_OTHER_ID_SHARE: Final = 0.05
COLLISION_SHARE: Final = 0.04
NO_LENGTH_SHARE: Final = 0.18

VERSIONS: Final = (
    (" (acoustic version)", ""),
    (" (live)", ""),
    (" (radio edit)", ""),
    (" (take 2)", ""),
    (" (acoustic duet)", ""),
    (" (early version)", ""),
    (" (instrumental)", ""),
    ("", "live, 2003-06-14: Olympia, Paris, France"),
    ("", "mono mix"),
    ("", "demo"),
)
"""Words in the title of another version, or else MusicBrainz's note on it."""


def draw_answer(
    rng: Rng, facts: MusicBrainzFacts, track: Track, truth: str
) -> list[Json]:
    """Return the results that AcoustID lists for the sound of a track.

    If the truth is another version of the track's song, both are listed.
    """
    recording = track.recording
    listed = [recording.mbid]
    if truth != recording.mbid:
        listed.append(truth)
    if rng.random() < OTHER_ID_SHARE:
        more = range(int(rng.integers(1, 4)))
        listed += [_other_id(rng, facts, track, nth) for nth in more]
        if rng.random() < ONLY_OTHER_ID_SHARE / OTHER_ID_SHARE:
            listed = listed[1:]
    if rng.random() < VERSION_SHARE:
        listed.append(_other_version(rng, facts, track))
    if rng.random() < COLLISION_SHARE:
        listed.append(pick(rng, list(facts.recordings)))
    many = 1 + int(rng.exponential(30))
    sources = [many, *(1 + int(rng.exponential(4)) for _ in listed[1:])]
    return [
        {
            "id": "0" * 36,
            "score": _score(rng),
            "recordings": [
                _entry(rng, facts, mbid, count)
                for mbid, count in sorted(zip(listed, sources, strict=True))
            ],
        }
    ]


def _other_id(rng: Rng, facts: MusicBrainzFacts, track: Track, nth: int) -> str:
    """Return another id of the same sound, with the same names."""
    recording = track.recording
    length = facts.recordings[recording.mbid]["length"] or 0
    mbid = facts.add_recording(
        recording,
        f"id {nth}",
        length=max(0, length + int(rng.normal(0, 1_200))),
    )
    facts.same_sound.setdefault(recording.mbid, set()).add(mbid)
    return mbid


def _other_version(rng: Rng, facts: MusicBrainzFacts, track: Track) -> str:
    recording = track.recording
    suffix, note = pick(rng, VERSIONS)
    raw = facts.recordings[recording.mbid]
    length = (raw["length"] or 0) + int(rng.normal(0, 4_000))
    return facts.add_recording(
        recording,
        f"version {suffix}{note}",
        title=f"{raw['title']}{suffix}",
        disambiguation=note,
        length=max(0, length),
    )


def _score(rng: Rng) -> float:
    if rng.random() < LOW_SCORE_SHARE:
        return round(float(rng.uniform(0.4, 0.68)), 6)
    return round(float(1 - min(0.12, abs(rng.normal(0.045, 0.025)))), 6)


def _entry(rng: Rng, facts: MusicBrainzFacts, mbid: str, sources: int) -> Json:
    entry: dict[str, Any] = {"id": mbid, "sources": sources}
    raw = facts.recordings[mbid]
    if rng.random() < NAMELESS_SHARE:
        return entry
    entry |= {
        "title": raw["title"],
        "artists": [
            {
                "id": each["artist"]["id"],
                "name": each["name"],
                "joinphrase": each["joinphrase"],
            }
            for each in raw["artist-credit"]
        ],
        "releasegroups": [{"id": group} for group in _groups_of(facts, mbid)],
    }
    if raw["length"] and rng.random() >= NO_LENGTH_SHARE:
        entry["duration"] = round(raw["length"] / 1_000)
    return entry


def _groups_of(facts: MusicBrainzFacts, mbid: str) -> list[str]:
    """Return the release groups that contain a recording, or a sound like it."""
    if mbid not in facts.groups:
        return []
    return sorted(facts.groups[mbid])
