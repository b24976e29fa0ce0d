"""From a file's bytes to samples."""
