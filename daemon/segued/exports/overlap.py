"""How two passages follow each other: where the second begins."""

from segued.exports.export_track import ExportTrack

__all__ = ["overlap_ticks"]


def overlap_ticks(one: ExportTrack, following: ExportTrack) -> int | None:
    """Return how long the end of a passage and the start of the next sound together.

    That is the shorter one of the lead-out of the first and the lead-in of the second,
    by the rules of wkmp's SPEC002: neither is heard together with more than the quiet
    end of the other. None if one of them is not known: the player decides.
    """
    if one.lead_out_ticks is None or following.lead_in_ticks is None:
        return None
    lead_out = one.end_ticks - one.lead_out_ticks
    lead_in = following.lead_in_ticks - following.start_ticks
    return max(0, min(lead_out, lead_in))
