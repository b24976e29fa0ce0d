"""The nodes of a daemon as lines of text, for `seguectl nodes`."""

from collections.abc import Iterator

from segued.web.status import NodeInfo, Status

__all__ = ["node_lines"]


def node_lines(status: Status) -> Iterator[str]:
    """Yield what each node does, which folders it has, and why it gets no work."""
    if status.cluster:
        yield f"no machine can join: {status.cluster}"
    elif not status.nodes:
        yield "no other machine has joined"
    for node in status.nodes:
        yield from _lines_of(node)


def _lines_of(node: NodeInfo) -> Iterator[str]:
    host = f" ({node.host})" if node.host not in {"", node.name} else ""
    refused = f", {node.refused} refused" if node.refused else ""
    yield (
        f"{node.name}{host}: {node.running} with it, {node.slots} at once,"
        f" {node.done} done{refused};"
        f" {node.sound_per_minute / 60:.1f} minutes of sound a minute;"
        f" seen {node.seen_seconds:.0f} s ago"
    )
    yield from (f"  {folder}: there" for folder in node.folders)
    yield from (f"  {folder}: not there, or empty" for folder in node.missing)
    if node.may:
        yield f"  may: {', '.join(node.may)}"
    prefix = "" if node.may else "gets no work: "
    yield from (f"  {prefix}{reason}" for reason in node.why_not)
