"""The process that runs for months."""
