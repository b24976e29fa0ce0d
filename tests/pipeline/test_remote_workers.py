"""Where imported files may be analyzed: `segued.pipeline.remote_workers`."""

from segued.cluster.messages import Report
from segued.cluster.nodes import Nodes
from segued.cluster.remote_analysis import RemoteAnalysis
from segued.compute.pools import ProcessPools
from segued.model import AudioFile, FileId, Signature
from segued.pipeline.remote_workers import AnalysisPlaces
from segued.units import Seconds

ROOT = b"/music"


def audio_file(name: str, root: bytes = ROOT) -> AudioFile:
    """Return a file of this name below a music folder."""
    path = root + b"/" + name.encode()
    return AudioFile(FileId(name), path, root, Signature(1, 1, 1))


def places(remote: RemoteAnalysis | None, *, here: bool) -> AnalysisPlaces:
    """Return the places of a machine with three child processes, at any hour."""
    pools = ProcessPools(processes=3, memory_mib=512, file_limit=Seconds(1))
    return AnalysisPlaces(pools, lambda: True, remote, is_used_here=here)


def joined(*roots: bytes) -> RemoteAnalysis:
    """Return the analysis by one node with four slots."""
    nodes = Nodes()
    nodes.makeups = {"hearing": {}}
    nodes.join("one", "one")
    nodes.report("one", Report("h", 4, 0, {}, roots, ()))
    return RemoteAnalysis(nodes)


async def test_without_nodes_all_is_analyzed_here() -> None:
    """Also if this machine shall leave the work to others, but has none."""
    for here in (True, False):
        alone = places(None, here=here)
        assert alone.allow(ROOT)
        assert (alone.here(audio_file("a")), alone.remote(audio_file("a"))) == (3, 0)
        assert alone.poll_seconds > 30


async def test_nodes_add_their_places_for_the_folders_that_they_have() -> None:
    """To those of this machine."""
    both = places(joined(ROOT), here=True)
    other = audio_file("a", b"/other")

    assert (both.here(audio_file("a")), both.remote(audio_file("a"))) == (3, 5)
    assert (both.here(other), both.remote(other)) == (3, 0)
    assert both.poll_seconds < 30


async def test_a_machine_that_leaves_the_work_to_others_does_what_they_cannot() -> None:
    """Only the files that a node could not analyze."""
    others = places(joined(ROOT), here=False)
    odd, even = audio_file("odd"), audio_file("even")
    assert others.here(odd) == 0
    assert not others.allow(b"/other")

    others.keep_here(odd)

    assert (others.here(odd), others.remote(odd)) == (3, 0)
    assert (others.here(even), others.remote(even)) == (0, 5)
    assert others.allow(b"/other")


async def test_nodes_work_outside_the_hours_of_this_machine() -> None:
    """They have hours of their own."""
    pools = ProcessPools(processes=3, memory_mib=512, file_limit=Seconds(1))
    night = AnalysisPlaces(pools, lambda: False, joined(ROOT), is_used_here=True)

    assert night.allow(ROOT)
    assert (night.here(audio_file("a")), night.remote(audio_file("a"))) == (0, 5)
    night.keep_here(audio_file("a"))
    assert (night.here(audio_file("a")), night.remote(audio_file("a"))) == (0, 0)
