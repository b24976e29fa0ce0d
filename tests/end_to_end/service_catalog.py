"""What the outside services know of a library that was imported without them.

The fingerprints come from that library itself, so that real audio is asked
about; names, releases and ids are made up around its tags.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.end_to_end.library_queries import query
from tests.fake_services import AnswersInMemory, fingerprint_path
from tests.fake_services.answers import musicbrainz_path

__all__ = ["ServiceCatalog"]

SPACE = uuid.UUID("5e6ed000-0000-4000-8000-000000000000")


def mbid(*names: str) -> str:
    """Return an id that is the same for the same names."""
    return str(uuid.uuid5(SPACE, "/".join(names)))


@dataclass
class ServiceCatalog:
    """Answers to all there is to ask about a library's passages.

    Attributes:
        answers: The tree of answers, as the world takes it.
    """

    database: Path
    answers: dict[str, bytes] = field(default_factory=dict)

    @property
    def in_memory_answers(self) -> AnswersInMemory:
        """The answers, for a world."""
        return AnswersInMemory(self.answers)

    def passages(self, folder: str) -> list[dict[str, Any]]:
        """Return the passages below a folder of the library, by path."""
        rows = query(
            self.database, "SELECT * FROM library_passages ORDER BY path, ordinal"
        )
        return [row for row in rows if f"/{folder}" in row["path"]]

    def add_album(self, folder: str, artist: str, title: str, *tracks: str) -> str:
        """Make a folder's passages the tracks of a release; return its id."""
        rows = self.passages(folder)
        lengths = [(row["end_ticks"] - row["start_ticks"]) / 28_224_000 for row in rows]
        group = mbid("group", artist, title)
        for row, name in zip(rows, tracks, strict=True):
            self.add_candidates(row, [(mbid(artist, name), name, artist, 12, group)])
        return self.add_release(artist, title, tracks, lengths)

    def add_release(
        self,
        artist: str,
        title: str,
        tracks: Sequence[str],
        lengths: Sequence[float],
    ) -> str:
        """Make MusicBrainz know a release, of a group of its own; return its id."""
        release, group = mbid(artist, title), mbid("group", artist, title)
        credit = [{"name": artist, "joinphrase": "", "artist": _artist(artist)}]
        places = []
        named = zip(tracks, lengths, strict=True)
        for number, (name, seconds) in enumerate(named, start=1):
            recording = {
                "id": mbid(artist, name),
                "title": name,
                "length": round(1_000 * seconds),
                "artist-credit": credit,
                "isrcs": [],
                "disambiguation": "",
                "relations": [
                    {
                        "type": "performance",
                        "target-type": "work",
                        "work": {"id": mbid("work", name), "title": name},
                    }
                ],
            }
            self._add_document(
                musicbrainz_path("recording", mbid(artist, name)), recording
            )
            places.append(
                {
                    "id": mbid("track", artist, name),
                    "position": number,
                    "number": str(number),
                    "title": name,
                    "length": recording["length"],
                    "artist-credit": credit,
                    "recording": recording,
                }
            )
        medium = {"position": 1, "track-count": len(places), "tracks": places}
        document = {
            "id": release,
            "title": title,
            "artist-credit": credit,
            "release-group": {"id": group, "title": title},
            "date": "1990-01-01",
            "media": [medium],
        }
        self._add_document(musicbrainz_path("release", release), document)
        groups = {"releases": [release]}
        self._add_document(musicbrainz_path("release-group", group), groups)
        return release

    def add_candidates(
        self,
        row: dict[str, Any],
        recordings: Sequence[tuple[str, str, str, int, str]],
        score: float = 0.97,
    ) -> None:
        """Make AcoustID know a passage as these recordings."""
        if row["fingerprint"] is None:
            return
        results = [
            {
                "id": mbid("acoustid", row["fingerprint"][:40]),
                "score": score,
                "recordings": [
                    {
                        "id": recording,
                        "title": title,
                        "artists": [{"id": mbid(artist), "name": artist}],
                        "duration": (row["end_ticks"] - row["start_ticks"])
                        // 28_224_000,
                        "sources": sources,
                        "releasegroups": [{"id": group, "title": "", "type": "Album"}],
                    }
                    for recording, title, artist, sources, group in recordings
                ],
            }
        ]
        self._add_document(fingerprint_path(row["fingerprint"]), results)

    def _add_document(self, path: str, document: object) -> None:
        self.answers[path] = json.dumps(document).encode()


def _artist(name: str) -> dict[str, str]:
    return {"id": mbid(name), "name": name, "sort-name": name}
