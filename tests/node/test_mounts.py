"""Where the daemon's music is on a node, and whether a file is the same."""

import os
from pathlib import Path

import pytest

from segued.config.cluster_sections import MusicFolder
from segued.errors import ElsewhereError
from segued.node.mounts import Mounts, local_signature
from segued.node.power import is_on_battery


def test_the_longest_prefix_says_where_a_file_is() -> None:
    """In bytes, and never by a part of a name."""
    mounts = Mounts(
        [
            MusicFolder("/srv/music", "/mnt/nas/"),
            MusicFolder("/srv/music/live", "/data/live"),
            MusicFolder("/", "/everything"),
        ]
    )

    assert mounts.local_path(b"/srv/music/\xff\xfe.mp3") == b"/mnt/nas/\xff\xfe.mp3"
    assert mounts.local_path(b"/srv/music/live/a.mp3") == b"/data/live/a.mp3"
    assert mounts.local_path(b"/srv/music2/a.mp3") == b"/everything/srv/music2/a.mp3"
    with pytest.raises(ElsewhereError, match="in no folder"):
        Mounts([MusicFolder("/srv/music", "/mnt")]).local_path(b"/srv/music2/a.mp3")


async def test_a_folder_is_offered_while_it_is_there_and_not_empty(
    tmp_path: Path,
) -> None:
    """An empty one is taken for a mount that is missing."""
    mounts = Mounts([MusicFolder("/srv/music", str(tmp_path / "m"))])
    offered = []
    for exists, has_file in ((False, False), (True, False), (True, True)):
        if exists:
            (tmp_path / "m").mkdir(exist_ok=True)
        if has_file:
            (tmp_path / "m" / "a.mp3").touch()
        await mounts.check()
        offered.append((mounts.present, mounts.missing))
    (tmp_path / "m" / "a.mp3").unlink()
    await mounts.check()
    offered.append((mounts.present, mounts.missing))

    missing = ((), (b"/srv/music",))
    assert offered == [missing, missing, ((b"/srv/music",), ()), missing]


def test_size_and_time_are_compared_but_no_inode(tmp_path: Path) -> None:
    """Times as coarse as those of SMB are the same."""
    path = tmp_path / "a.mp3"
    path.write_bytes(b"music")
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    name = bytes(path)

    found = local_signature(name, 5, 1_700_000_000_123_456_700)
    assert found.inode == path.stat().st_ino
    with pytest.raises(ElsewhereError, match="its modification time differs"):
        local_signature(name, 5, 1_700_000_000_123_456_900)
    with pytest.raises(ElsewhereError, match="its size differs"):
        local_signature(name, 6, 1_700_000_000_123_456_789)
    with pytest.raises(ElsewhereError, match="No such file"):
        local_signature(name + b"x", 5, 0)


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ({}, False),
        ({"BAT0": {"type": "Battery", "status": "Discharging"}}, True),
        ({"BAT0": {"type": "Battery", "status": "Full"}}, False),
        (
            {
                "AC": {"type": "Mains", "online": "1"},
                "BAT0": {"type": "Battery", "status": "Discharging"},
            },
            False,
        ),
        (
            {"m": {"type": "Battery", "status": "Discharging", "scope": "Device"}},
            False,
        ),
    ],
)
def test_battery_is_what_the_system_states(
    tmp_path: Path, supplies: dict[str, dict[str, str]], *, expected: bool
) -> None:
    """The battery of a mouse does not count."""
    for supply, values in supplies.items():
        (tmp_path / supply).mkdir()
        for name, value in values.items():
            (tmp_path / supply / name).write_text(f"{value}\n")

    assert is_on_battery(tmp_path) is expected
