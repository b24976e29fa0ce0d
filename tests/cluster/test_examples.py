"""The examples in contrib/cluster are valid."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import yaml

from segued.config.node_config import NodeConfig

FOLDER = Path(__file__).parents[2] / "contrib" / "cluster"


def test_the_configuration_for_kubernetes_is_valid() -> None:
    """And each pod gets its own key, and no right that it does not need."""
    documents: list[dict[str, Any]] = list(
        yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    )
    config, pods = documents
    node = msgspec.convert(tomllib.loads(config["data"]["node.toml"]), NodeConfig)
    spec = pods["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    mounted = {each["name"]: each for each in container["volumeMounts"]}

    assert node.node.music[0].here == mounted["music"]["mountPath"]
    assert str(node.spool) == mounted["spool"]["mountPath"]
    assert mounted["music"]["readOnly"]
    assert mounted["keys"]["readOnly"]
    assert mounted.keys() == {each["name"] for each in spec["volumes"]}
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["command"][:2] == ["segued", "node"]


def test_the_script_for_slurm_starts_a_node_with_its_own_key(tmp_path: Path) -> None:
    """`srun` and `segued` are stand-ins that show what they get."""
    for name, text in {
        "srun": 'exec "$@"',
        "hostname": "echo node7",
        "segued": 'echo "$SEGUED_NODE__KEY_FILE $*"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        (FOLDER / "slurm.sh", "/shared/keys"),
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    expected = "/shared/keys/node7.pem node --config /shared/keys/node.toml\n"
    assert done.stdout == expected
