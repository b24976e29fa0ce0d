"""A library with questions about its matches: what is imported with real lookups."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sample_library import encode, song, tag

from tests.end_to_end.segued_runner import QUICK_CONFIG, SeguedRunner
from tests.end_to_end.service_catalog import ServiceCatalog, mbid
from tests.fake_services import FakeServices, services_in_background
from tests.fake_services.answers import musicbrainz_path

__all__ = [
    "BRINE",
    "FILES",
    "OTHER",
    "RIVALS",
    "ReviewMusic",
    "import_review_music",
    "services_config",
]

SECONDS: Final = 14.0
TRACKS: Final = {1: "Harbor", 2: "Blue Winter", 4: "Lantern"}

RIVALS: Final = (mbid("rival", "1"), mbid("rival", "2"))
"""Two recordings of one song, with the same sound and names."""

OTHER: Final = mbid("other song")
"""The recording that the sound of a song with other tags is."""

FILES: Final = 2 + len(TRACKS)

BRINE: Final = mbid("Curlew", "Brine")
"""A release with the tracks of the album after another one, which nothing names."""


@dataclass(frozen=True)
class ReviewMusic:
    """An imported library: an album whose third track is missing, and two songs.

    Attributes:
        rivals: A song for which AcoustID lists two equal recordings.
        other: A song whose tags have other names than its sound.
        album: The folder of the album.
    """

    segued: SeguedRunner
    music: Path
    config: str
    rivals: Path
    other: Path
    album: Path
    catalog: ServiceCatalog


def import_review_music(folder: Path) -> ReviewMusic:
    """Make the music, and import it with answers of the services."""
    music = folder / "music"
    rivals, other = music / "one" / "rivals.mp3", music / "two" / "other.mp3"
    album = music / "Curlew" / "Salt"
    tags = {"artist": "Curlew", "album": "Salt"}
    for number, (path, names) in enumerate(
        (
            (rivals, {"title": "Twice", "artist": "Marram"}),
            (other, {"title": "Live at Leeds", "artist": "Marram"}),
            *(
                (
                    album / f"{track:02}.mp3",
                    tags | {"title": title, "tracknumber": f"{track}/4"},
                )
                for track, title in TRACKS.items()
            ),
        )
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        encode(path, song(number, SECONDS), 44_100, "mp3")
        tag(path, names)
    catalog = _answers(SeguedRunner(folder / "offline"), music)
    segued = SeguedRunner(folder / "state")
    with services_in_background(
        lambda: FakeServices(catalog.in_memory_answers, limits=False)
    ) as background:
        services = background.services
        config = segued.write_config(QUICK_CONFIG + services_config(services))
        imported = segued.import_folders(music, options=("--config", config))
        assert imported.code == 0, imported.err
    return ReviewMusic(segued, music, config, rivals, other, album, catalog)


def services_config(services: FakeServices) -> str:
    """Return the configuration for the fake services, without pauses."""
    return (
        "[services]\n"
        f'acoustid_url = "{services.acoustid_url}"\n'
        f'musicbrainz_url = "{services.musicbrainz_url}"\n'
        "acoustid_rate = 100.0\nmusicbrainz_rate = 100.0\n"
        'contact = "tests@example.org"\n'
        '[settings]\nacoustid_api_key = "test-key"\n'
    )


def _answers(offline: SeguedRunner, music: Path) -> ServiceCatalog:
    """Return the services' answers about the music."""
    imported = offline.import_folders(music)
    assert imported.code == 0, imported.err
    catalog = ServiceCatalog(offline.database)
    titles = {RIVALS[0]: "Twice", RIVALS[1]: "Twice", OTHER: "Ebb"}
    for recording, title in titles.items():
        document = {
            "id": recording,
            "title": title,
            "length": round(1_000 * SECONDS),
            "artist-credit": [
                {
                    "name": "Marram",
                    "joinphrase": "",
                    "artist": {
                        "id": mbid("Marram"),
                        "name": "Marram",
                        "sort-name": "Marram",
                    },
                }
            ],
            "isrcs": [],
            "disambiguation": "",
            "relations": [],
        }
        path = musicbrainz_path("recording", recording)
        catalog.answers[path] = json.dumps(document).encode()
    tracks = ["Prelude", *TRACKS.values()]
    assert catalog.add_release("Curlew", "Brine", tracks, [SECONDS] * 4) == BRINE
    (rivals,) = catalog.passages("one")
    (other,) = catalog.passages("two")
    group = mbid("group")
    catalog.add_candidates(
        rivals, [(each, "Twice", "Marram", 5, group) for each in RIVALS]
    )
    catalog.add_candidates(other, [(OTHER, "Ebb", "Marram", 9, group)])
    return catalog
