"""The schema of the library database."""
