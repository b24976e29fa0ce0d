"""Real releases as recorded from MusicBrainz, and a service that answers from them.

The facts are in a folder outside of the project; `contrib/bench/README.md` describes
them. Everything that the releases leave out is derived from them by a seed: other ids
of a recording, and other versions of it.
"""

import gzip
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.measure import MeasureError

from segued.clients.musicbrainz import parse_recording, parse_releases
from segued.matching.evidence import Recording, Release
from segued.matching.normalize import normalize_name
from segued.store.lookup_keys import LookupKey, LookupKind
from segued.store.lookups import cached_answers

__all__ = ["Json", "MusicBrainzFacts", "new_id", "read_facts", "read_json"]

Json = dict[str, Any]

RELEASES_FILE: Final = "releases.json.gz"
NAMESPACE: Final = uuid.UUID("5e6ed000-0000-4000-8000-000000000001")


@dataclass
class MusicBrainzFacts:
    """Releases and recordings, and the answers of MusicBrainz about them.

    Attributes:
        releases: Each release as MusicBrainz's JSON, by id.
        recordings: Each recording as MusicBrainz's JSON, by id.
        albums: The parsed releases, by id.
        recorded: Those of them that are not derived.
        groups: The release groups that contain a recording, by id.
        same_sound: Other ids of a recording with the same sound and names, by id.
    """

    releases: dict[str, Json] = field(default_factory=dict)
    recordings: dict[str, Json] = field(default_factory=dict)
    albums: dict[str, Release] = field(default_factory=dict)
    recorded: list[Release] = field(default_factory=list)
    groups: dict[str, set[str]] = field(default_factory=dict)
    same_sound: dict[str, set[str]] = field(default_factory=dict)

    def add_release(self, release: Json) -> Release:
        """Add a release and its recordings; return it parsed."""
        self.releases[release["id"]] = release
        for medium in release["media"]:
            pregap = [medium["pregap"]] if medium.get("pregap") else []
            for track in (*pregap, *medium["tracks"], *medium.get("data-tracks", ())):
                mbid = track["recording"]["id"]
                self.recordings.setdefault(mbid, track["recording"])
                group = release["release-group"]["id"]
                self.groups.setdefault(mbid, set()).add(group)
        (album,) = parse_releases(json.dumps(release).encode())
        self.albums[album.mbid] = album
        return album

    def add_recording(self, of: Recording, name: str, **changes: object) -> str:
        """Add a recording derived from another one; return its id."""
        mbid = new_id(of.mbid, name)
        self.recordings[mbid] = self.recordings[of.mbid] | {"id": mbid} | changes
        return mbid

    def described(self, mbids: Sequence[str]) -> Iterator[Recording]:
        """Yield the recordings with these ids, as far as they exist."""
        for mbid in mbids:
            if mbid in self.recordings:
                yield parse_recording(json.dumps(self.recordings[mbid]).encode())

    async def do(
        self, query: Callable[..., Any], _service: object, keys: Sequence[str]
    ) -> dict[str, bytes]:
        """Answer questions as the library's cache does; each has an answer."""
        if query is not cached_answers:
            return {}  # No question is open, and none has failed.
        return {key: self._answer(LookupKey.parse(key)) for key in keys}

    def _answer(self, key: LookupKey) -> bytes:
        match key.kind:
            case LookupKind.RELEASE:
                found: object = self.releases.get(key.argument)
            case LookupKind.RECORDING:
                found = self.recordings.get(key.argument)
            case LookupKind.RELEASE_GROUP:
                found = {
                    "releases": [
                        each
                        for each in self.releases.values()
                        if each["release-group"]["id"] == key.argument
                    ]
                }
            case _:
                found = {"releases": self._search(*key.searched_names)}
        return json.dumps(found).encode() if found else b""

    def _search(self, artist: str, title: str) -> list[Json]:
        """Return the releases whose artist and title contain these words."""
        return [
            {"id": mbid, "score": 100 if _words(title) == _words(album.title) else 90}
            for mbid, album in self.albums.items()
            if _contains(album.title, title) and _contains(album.artist, artist)
        ]


def new_id(*names: str) -> str:
    """Return an id that is the same for the same names."""
    return str(uuid.uuid5(NAMESPACE, "/".join(names)))


def read_facts(folder: Path) -> MusicBrainzFacts:
    """Read the recorded releases.

    Raises:
        MeasureError: The folder has none.
    """
    facts = MusicBrainzFacts()
    for each in read_json(folder / RELEASES_FILE):
        facts.recorded.append(facts.add_release(_as_musicbrainz(each)))
    by_sound: dict[object, set[str]] = {}
    for mbid, each in facts.recordings.items():
        by_sound.setdefault(_sound_key(each), set()).add(mbid)
    for alike in by_sound.values():
        for mbid in alike:
            facts.same_sound[mbid] = alike - {mbid}
    return facts


def read_json(path: Path) -> list[Json]:
    """Read a compressed list.

    Raises:
        MeasureError: There is no such file.
    """
    if not path.exists():
        raise MeasureError(f"{path} does not exist")
    found: list[Json] = json.loads(gzip.decompress(path.read_bytes()))
    return found


def _as_musicbrainz(release: Json) -> Json:
    """Return a recorded release in MusicBrainz's own form."""
    return {
        "id": release["id"],
        "title": release["title"],
        "artist-credit": _credit(release["artist_credit"]),
        "release-group": {
            "id": release["release_group_id"] or new_id(release["id"], "group")
        },
        "date": release["date"],
        "media": [_medium(each) for each in release["media"]],
    }


def _medium(medium: Json) -> Json:
    found = {
        "position": medium["position"],
        "format": medium["format"],
        "title": medium["title"],
        "tracks": [_track(each) for each in medium["tracks"]],
        "data-tracks": [_track(each) for each in medium["data_tracks"]],
    }
    return found | (
        {"pregap": _track(medium["pregap"])} if medium.get("pregap") else {}
    )


def _track(track: Json) -> Json:
    recording = track["recording"]
    return {
        "id": new_id(recording["id"], str(track["position"])),
        "position": track["position"],
        "number": track["number"],
        "title": track["title"],
        "length": track["length_ms"],
        "artist-credit": _credit(track["artist_credit"]),
        "recording": {
            "id": recording["id"],
            "title": recording["title"],
            "length": recording["length_ms"],
            "disambiguation": recording["disambiguation"],
            "video": recording["video"],
            "artist-credit": _credit(recording["artist_credit"]),
            "isrcs": recording["isrcs"],
            "relations": [],
        },
    }


def _credit(credit: Sequence[Mapping[str, str]]) -> list[Json]:
    if not credit:  # Not recorded.
        artist = {"id": new_id("performer"), "name": "The Performer"}
        return [{"name": artist["name"], "joinphrase": "", "artist": artist}]
    return [
        {
            "name": each["name"],
            "joinphrase": each["joinphrase"],
            "artist": {"id": each["artist_id"], "name": each["artist_name"]},
        }
        for each in credit
    ]


def _sound_key(recording: Json) -> object:
    """Return what recordings of one sound share: names, note and nearly the length."""
    artist = "".join(each["name"] for each in recording["artist-credit"])
    names = (normalize_name(recording["title"]), normalize_name(artist))
    length = round((recording["length"] or 0) / 4_000)
    return names, normalize_name(recording["disambiguation"]), length


def _words(text: str) -> str:
    return f" {normalize_name(text)} "


def _contains(text: str, phrase: str) -> bool:
    return not phrase or _words(phrase) in _words(text)
