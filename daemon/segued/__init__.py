"""segued: imports a personal music library, one file at a time, unattended."""

__version__ = "0.1.0"
