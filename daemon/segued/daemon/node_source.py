"""The nodes of the daemon, as values for programs and as lines of text."""

import time
from collections.abc import Iterator, Sequence

from segued.cluster.makeup import difference_lines
from segued.cluster.nodes import Node, Nodes
from segued.paths import shown
from segued.web.status import NodeInfo

__all__ = ["cluster_lines", "node_infos"]


def node_infos(nodes: Nodes | None) -> list[NodeInfo]:
    """Return what each node offers and does, by name; nothing without any."""
    return [_info(node) for node in nodes.all] if nodes else []


def _info(node: Node) -> NodeInfo:
    report, now = node.report, time.monotonic()
    why_not = difference_lines(node.differences)
    if node.why_resting:
        why_not.append(node.why_resting)
    if report and not report.roots:
        why_not.append("no music folder is there")
    return NodeInfo(
        name=node.name,
        host=report.host if report else "",
        slots=report.slots if report else 0,
        running=len(node.out),
        done=node.done,
        refused=node.refused,
        sound_per_minute=round(node.seconds_of_sound_per_minute, 1),
        folders=[shown(each) for each in report.roots] if report else [],
        missing=[shown(each) for each in report.missing] if report else [],
        may=list(node.work),
        why_not=why_not,
        joined_seconds=round(now - node.joined_at, 1),
        seen_seconds=round(now - node.last_seen, 1),
    )


def cluster_lines(nodes: Sequence[NodeInfo], trouble: str) -> Iterator[str]:
    """Yield lines for the status: "Cluster: 3 nodes, 20 slots, 1 not used: ..."."""
    if trouble:
        yield f"Cluster: {trouble}"
    if nodes:
        yield f"Cluster: {_nodes_line(nodes)}"


def _nodes_line(nodes: Sequence[NodeInfo]) -> str:
    slots = sum(node.slots for node in nodes if node.may)
    unused = [node for node in nodes if not node.may]
    names = "; ".join(
        f"{node.name}: {node.why_not[0] if node.why_not else 'has said nothing yet'}"
        for node in unused
    )
    line = (
        f"{len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}, {slots}"
        f" {'slot' if slots == 1 else 'slots'}"
    )
    return f"{line}, {len(unused)} not used: {names}" if unused else line
