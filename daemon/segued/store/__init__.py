"""The library database: the only package that contains SQL."""
