"""What the status says of nodes."""

from segued.cluster.messages import Report
from segued.cluster.nodes import Nodes
from segued.daemon.node_source import cluster_lines, node_infos

BOTH = {"numpy": "2", "print": "1"}


def joined(*reports: tuple[str, dict[str, str], str]) -> Nodes:
    """Return nodes with a name, a makeup, and why they rest."""
    nodes = Nodes()
    nodes.makeups = {"hearing": {"numpy": "2"}, "decoding": BOTH}
    for name, makeup, rests in reports:
        nodes.join(name, name)
        nodes.report(name, Report("h", 4, 0, makeup, (b"/m",), (), rests))
    return nodes


def test_the_status_says_which_node_is_not_used_and_why() -> None:
    """One that may do a part of the work is used."""
    nodes = joined(
        ("all", BOTH, ""),
        ("battery", BOTH, "it runs on battery"),
        ("other", {"numpy": "1"}, ""),
        ("part", {"numpy": "2"}, ""),
    )
    nodes.join("silent", "silent")
    infos = {each.name: each for each in node_infos(nodes)}

    assert {name: each.may for name, each in infos.items()} == {
        "all": ["hearing", "decoding"],
        "battery": [],
        "other": [],
        "part": ["hearing"],
        "silent": [],
    }
    assert infos["part"].why_not == ["not decoding: print is missing there, 1 here"]
    assert infos["other"].why_not == [
        "numpy 1 there, 2 here",
        "not decoding: print is missing there, 1 here",
    ]
    (line,) = cluster_lines(list(infos.values()), "")
    assert line == (
        "Cluster: 5 nodes, 8 slots, 3 not used: battery: it runs on battery;"
        " other: numpy 1 there, 2 here; silent: has said nothing yet"
    )
