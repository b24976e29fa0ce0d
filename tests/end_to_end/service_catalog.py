"""Answers of the services for a library that was imported offline.

The fingerprints are those in that library, so the lookups are of real audio;
names, releases and ids are made up to fit its tags.
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

NAMESPACE = uuid.UUID("5e6ed000-0000-4000-8000-000000000000")


def mbid(*names: str) -> str:
    """Return a UUID that is the same for the same names."""
    return str(uuid.uuid5(NAMESPACE, "/".join(names)))


@dataclass
class ServiceCatalog:
    """Answers to the lookups of a library's passages.

    Attributes:
        answers: The answer documents by path, as `AnswersInMemory` takes them.
    """

    database: Path
    answers: dict[str, bytes] = field(default_factory=dict)

    @property
    def in_memory_answers(self) -> AnswersInMemory:
        """The answers, for `FakeServices`; documents added later are seen."""
        return AnswersInMemory(self.answers)

    def passages(self, folder: str) -> list[dict[str, Any]]:
        """Return the passages below a folder of the library, by path."""
        rows = query(
            self.database, "SELECT * FROM library_passages ORDER BY path, ordinal"
        )
        return [row for row in rows if f"/{folder}" in row["path"]]

    def add_album(self, folder: str, artist: str, title: str, *tracks: str) -> str:
        """Make a folder's passages the tracks of a release; return the release id."""
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
        """Add a release, in a group of its own, to MusicBrainz; return its id."""
        release, group = mbid(artist, title), mbid("group", artist, title)
        credit = [{"name": artist, "joinphrase": "", "artist": _artist(artist)}]
        track_documents = []
        named_lengths = zip(tracks, lengths, strict=True)
        for number, (name, seconds) in enumerate(named_lengths, start=1):
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
            track_documents.append(
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
        medium = {
            "position": 1,
            "track-count": len(track_documents),
            "tracks": track_documents,
        }
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

    def add_merge(self, kind: str, old: str, new: str) -> None:
        """Make MusicBrainz redirect the id of a recording or release to another one."""
        self._add_document(musicbrainz_path(kind, old), {"merged-into": new})

    def add_candidates(
        self,
        row: dict[str, Any],
        recordings: Sequence[tuple[str, str, str, int, str]],
        score: float = 0.97,
    ) -> None:
        """Make AcoustID match a passage's fingerprint to these recordings."""
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
