"""Which versions keep a node from which work: all that this machine has."""

import pytest

from segued.cluster.makeup import (
    collect_makeup,
    difference_lines,
    differences_of,
    makeup_for,
)
from segued.config.cluster_sections import SentWork
from tests.musicnn_models import installed_models

BOTH: tuple[SentWork, ...] = ("hearing", "decoding")
ANALYZERS = ("essentia", "musicnn")

ONLY: dict[str, tuple[SentWork, ...]] = {
    "Chromaprint": ("decoding",),
    "Essentia": ("hearing",),
    "onnxruntime": ("hearing",),
    "musicnn's models": ("hearing",),
}


@pytest.fixture(name="makeup", scope="module")
def _makeup() -> dict[str, str]:
    return collect_makeup(b"/", str(installed_models()))


def prevented(here: dict[str, str], there: dict[str, str]) -> list[str]:
    """Return what keeps a node with another makeup from work, as people see it."""
    return difference_lines(
        {
            work: differences_of(makeup_for(work, here, ANALYZERS), there)
            for work in BOTH
        }
    )


def test_each_version_keeps_a_node_from_what_depends_on_it(
    makeup: dict[str, str],
) -> None:
    """And is named, with what it is on both sides."""
    assert ONLY.keys() | {"segued", "the analysis", "libavcodec", "numpy"} < set(makeup)
    assert prevented(makeup, makeup) == []
    for name, version in makeup.items():
        works = ONLY.get(name, BOTH)
        prefix = "" if works == BOTH else f"not {works[0]}: "
        other = {**makeup, name: "0.0"}
        lacking = {each: makeup[each] for each in makeup if each != name}
        assert prevented(makeup, other) == [f"{prefix}{name} 0.0 there, {version} here"]
        assert prevented(makeup, lacking) == [
            f"{prefix}{name} is missing there, {version} here"
        ]


def test_an_analyzer_that_is_not_used_may_be_another_one(
    makeup: dict[str, str],
) -> None:
    """With its models."""
    other = dict.fromkeys(("Essentia", "onnxruntime", "musicnn's models"), "0.0")

    for used, names in (((), ()), (("essentia",), ("Essentia",))):
        found = differences_of(makeup_for("hearing", makeup, used), makeup | other)
        assert tuple(each.partition(" ")[0] for each in found) == names


def test_without_chromaprint_here_a_node_must_lack_it_as_well(
    makeup: dict[str, str],
) -> None:
    """Which files have a fingerprint would depend on where they were decoded."""
    version = makeup["Chromaprint"]
    here = {name: makeup[name] for name in makeup if name != "Chromaprint"}

    assert prevented(here, here) == []
    assert prevented(here, makeup) == [
        f"not decoding: Chromaprint {version} there, none here"
    ]
