"""The import pipeline: runs files through the phases, N at a time."""
