"""The library database: the only place that knows SQL."""
