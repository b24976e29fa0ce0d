"""Pure functions that write passages in the formats of other programs."""
