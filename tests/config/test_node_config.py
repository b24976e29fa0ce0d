"""The configuration of a node: `segued.config.node_config` and `config/node.toml`."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from segued.config.cluster_sections import MusicFolder
from segued.config.node_config import NodeConfig, read_node_config
from segued.errors import ConfigError

DOCUMENTED = Path(__file__).parents[2] / "config" / "node.toml"
MUSIC = '[[node.music]]\nthere = "/srv/music"\nhere = "/mnt/nas"\n'


def test_every_setting_is_documented_with_its_default() -> None:
    """The file's names and values are exactly those in the code."""
    text = re.sub(r"^# (\w+ = )", r"\1", DOCUMENTED.read_text(), flags=re.MULTILINE)
    text = re.sub(r"^(there|here) = ", r"# \1 = ", text, flags=re.MULTILINE)
    in_code = msgspec.to_builtins(NodeConfig())
    assert in_code["node"].pop("music") == ()

    assert tomllib.loads(text) == in_code


def test_music_folders_are_read(tmp_path: Path) -> None:
    """Each is a table."""
    path = tmp_path / "node.toml"
    path.write_text(f"[node]\nprocesses = 3\n{MUSIC}")

    config = read_node_config(path)
    assert config.processes == 3
    assert config.node.music == (MusicFolder("/srv/music", "/mnt/nas"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no music folder"),
        ('[node]\njoin = "nas"\n' + MUSIC, 'line 2: .*as "nas.local:5724"'),
        ('[node]\nhours = "late"\n' + MUSIC, "line 2: .*two times of day"),
        ('[[node.music]]\nthere = "music"\nhere = "/m"', "absolute paths"),
        ('[[node.music]]\nthere = "/music"', "absolute paths"),
        ("[library]\n" + MUSIC, r"there is no section \[library\]"),
    ],
)
def test_errors_name_the_place(tmp_path: Path, text: str, message: str) -> None:
    """And say what is allowed."""
    path = tmp_path / "node.toml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=message):
        read_node_config(path)
