"""The progress of imports, for all displays."""
