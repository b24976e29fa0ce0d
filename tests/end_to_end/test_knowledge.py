"""What a library knows, carried to another machine: `segued knowledge`."""

import json
import shutil
from pathlib import Path

import pytest
import zstandard

from tests.end_to_end.library_queries import dump_library, query
from tests.end_to_end.segued_runner import QUICK_CONFIG, SeguedRunner
from tests.end_to_end.service_catalog import ServiceCatalog
from tests.fake_services import FakeServices, services_in_background

FOLDER = "Harbour Lights (1990)"
SONGS = ("First Light", "Salt and Rope", "Undertow", "The Last Ferry")


def lines_of(path: Path) -> list[dict[str, object]]:
    """Return the lines of a file of knowledge."""
    with path.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read()
    return [json.loads(line) for line in text.splitlines()]


def write_lines(path: Path, lines: list[dict[str, object]]) -> Path:
    """Write a file of knowledge."""
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    path.write_bytes(zstandard.ZstdCompressor().compress(text))
    return path


def without_paths(segued: SeguedRunner, music: Path) -> str:
    """Return the library as text that does not depend on where the music is."""
    library = json.loads(dump_library(segued.database))
    # Phase 1 stores the time of the file; songs of earlier matches stay stored.
    del library["checkpoints"], library["totals"]
    for row in library["files"]:
        for name in ("path_bytes", "mtime_ns", "inode"):
            row.pop(name, None)
    text = json.dumps(library, indent=1, sort_keys=True)
    return text.replace(str(music), "MUSIC").replace(str(music).encode().hex(), "MUSIC")


def test_another_machine_decodes_and_asks_nothing(
    segued: SeguedRunner, sample: Path, tmp_path: Path
) -> None:
    """With other paths, the same library comes out, with a person's decisions."""
    music = tmp_path / "music"
    shutil.copytree(sample / "Marram" / FOLDER, music / FOLDER)
    shutil.copytree(sample / "Singles", music / "Singles")
    first = SeguedRunner(tmp_path / "first")
    assert first.import_folders(music, options=("--offline",)).code == 0
    catalogue = ServiceCatalog(first.database)
    catalogue.add_album(FOLDER, "Marram", "Harbour Lights", *SONGS)
    with services_in_background(
        lambda: FakeServices(catalogue.in_memory_answers, limits=False)
    ) as background:
        services = background.services
        text = (
            QUICK_CONFIG.replace("loudness = false", "loudness = true")
            + f'[services]\nacoustid_url = "{services.acoustid_url}"\n'
            f'musicbrainz_url = "{services.musicbrainz_url}"\n'
            "acoustid_rate = 100.0\nmusicbrainz_rate = 100.0\n"
            'contact = "tests@example.org"\n'
            '[settings]\nacoustid_api_key = "test-key"\n'
        )
        config = ("--config", segued.write_config(text))
        assert segued.import_folders(music, options=config).code == 0
        song = next((music / "Singles").iterdir())
        options = (*config, "--database", segued.database)
        decided = segued.run("decide", *options, "--no-song", song)
        assert decided.code == 0, decided.err
        # A decided file is matched again, which may ask about its folder.
        assert segued.import_folders(music, options=config).code == 0
        target = tmp_path / "knowledge.zst"
        exported = segued.run("knowledge", "export", "--json", *options, target)
        assert exported.code == 0, exported.err

        elsewhere = tmp_path / "other place" / "songs"
        elsewhere.parent.mkdir()
        music.rename(elsewhere)
        other = SeguedRunner(tmp_path / "other")
        there = ("--config", other.write_config(text))
        taken = other.run(
            "knowledge",
            "import",
            "--json",
            *there,
            "--database",
            other.database,
            target,
        )
        assert taken.code == 0, taken.err
        assert taken.json["counts"] == exported.json["counts"]
        requests = len(services.requests)
        ran = other.import_folders(elsewhere, options=there)
        assert ran.code == 0, ran.err
        assert len(services.requests) == requests

    assert ran.json["work"]["4"].get("decoded", 0) == 0
    assert ran.json["work"]["4"]["passages"] > 0
    assert without_paths(other, elsewhere).splitlines() == (
        without_paths(segued, music).splitlines()
    )
    (override,) = query(other.database, "SELECT * FROM overrides")
    assert override["recording_mbid"] is None
    whole = json.dumps(lines_of(target))
    assert "test-key" not in whole
    assert str(tmp_path) not in whole
    again = other.run(
        "knowledge", "import", *there, "--database", other.database, target
    )
    assert (again.code, "nothing new" in again.out) == (0, True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lines: lines[:-1], "its end is gone"),
        (lambda lines: lines[1:], "its header is not its first line"),
        (lambda lines: [lines[0] | {"version": 9}, *lines[1:]], "version 9"),
        (
            lambda lines: [lines[0], {"kind": "decision", "at": 1}, *lines[1:]],
            "line 2: ",
        ),
        (
            lambda lines: [
                lines[0],
                {"kind": "setting", "key": "silence_threshold_dB", "value": 900},
                *lines[1:],
            ],
            "silence_threshold_dB",
        ),
        (
            lambda lines: [
                lines[0],
                {"kind": "setting", "key": "acoustid_api_key", "value": 1},
                *lines[1:],
            ],
            "not a setting of how files are cut",
        ),
    ],
    ids=("end", "header", "version", "field", "range", "setting"),
)
def test_a_wrong_file_is_refused(
    segued: SeguedRunner, tmp_path: Path, change: object, reason: str
) -> None:
    """The error names the file, the line and the reason."""
    lines: list[dict[str, object]] = [
        {"kind": "segued-knowledge", "version": 1, "segued": "x", "at": "2026"},
        {"kind": "merged", "old_mbid": "a", "new_mbid": "b"},
        {"kind": "end", "lines": 2},
    ]
    assert callable(change)
    path = write_lines(tmp_path / "wrong.zst", change(lines))

    ran = segued.run("knowledge", "import", "--database", segued.database, path)

    assert ran.code == 2
    assert str(path) in ran.err
    assert reason in ran.err


def test_a_file_that_is_cut_off_or_no_knowledge_is_refused(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Truncated, not compressed, absent; no library is created."""
    whole = write_lines(
        tmp_path / "whole.zst",
        [{"kind": "segued-knowledge", "version": 1, "segued": "x", "at": "y" * 999}],
    )
    cut, plain = tmp_path / "cut.zst", tmp_path / "plain.zst"
    cut.write_bytes(whole.read_bytes()[:-8])
    plain.write_text('{"kind": "segued-knowledge"}\n')
    for path in (cut, plain, tmp_path / "none.zst"):
        ran = segued.run("knowledge", "import", "--database", segued.database, path)
        assert (ran.code, str(path) in ran.err) == (2, True), ran.err
    assert not segued.database.exists()
