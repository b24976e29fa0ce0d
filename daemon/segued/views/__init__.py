"""Text for people: terminal output, tables and the summary of an import."""
