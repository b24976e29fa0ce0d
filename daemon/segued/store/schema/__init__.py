"""The library database, declared."""
