"""Read-only queries, on connections of their own."""
