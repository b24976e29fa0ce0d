"""The configuration of a node, `node.toml`, read once into immutable values."""

import os
from pathlib import Path
from typing import Final

import msgspec

from segued.config.checking import SectionTypes, check
from segued.config.cluster_sections import NodeSection
from segued.config.config import cpu_count
from segued.config.default_paths import (
    SYSTEM_LIBRARY,
    SYSTEM_NODE_CONFIG,
    state_folder,
)
from segued.config.sections import LoggingSection, Section
from segued.config.toml_source import read_source
from segued.errors import ConfigError

__all__ = ["NODE_SECTIONS", "NodeConfig", "read_node_config"]


class NodeConfig(Section, frozen=True):
    """All that can be configured on a node."""

    node: NodeSection = NodeSection()
    logging: LoggingSection = LoggingSection()

    @property
    def processes(self) -> int:
        """How many passages are analyzed at once."""
        return self.node.processes or cpu_count()

    @property
    def key_file(self) -> Path:
        """The file with the node's key and certificate."""
        return Path(self.node.key_file).expanduser()

    @property
    def models_folder(self) -> Path:
        """The folder of the tagging models; need not exist."""
        if self.node.models:
            return Path(self.node.models).expanduser()
        return state_folder() / "models"

    @property
    def spool(self) -> Path:
        """The folder for temporary files."""
        if self.node.spool:
            return Path(self.node.spool).expanduser()
        return state_folder() / "node.spool"


def _with_folders(config: NodeConfig, state: Path) -> NodeConfig:
    """Return a configuration whose default folders are in `state`."""
    node = config.node
    models, spool = node.models or state / "models", node.spool or state / "node.spool"
    node = msgspec.structs.replace(node, models=str(models), spool=str(spool))
    return msgspec.structs.replace(config, node=node)


NODE_SECTIONS: Final[SectionTypes] = {
    name: type(getattr(NodeConfig(), name)) for name in NodeConfig.__struct_fields__
}
"""The type that the values of each section must have."""


def read_node_config(path: Path | None) -> NodeConfig:
    """Read the configuration of a node, and the environment variables.

    Raises:
        ConfigError: The file cannot be read, or a value in it is wrong. The message
            names the line.
    """
    checked = check(read_source(path), NODE_SECTIONS)
    if checked.problems:
        first, *others = checked.problems
        more = f" (and {len(others)} more)" if others else ""
        raise ConfigError(first + more)
    config = msgspec.convert(checked.values, NodeConfig)
    if path == SYSTEM_NODE_CONFIG and "STATE_DIRECTORY" not in os.environ:
        # systemd names this folder to the service alone.
        config = _with_folders(config, SYSTEM_LIBRARY.parent)
    if not config.node.music:
        raise ConfigError(f"{path}: there is no music folder: add a [[node.music]]")
    return config
