"""Read-only queries, each on its own connection."""
