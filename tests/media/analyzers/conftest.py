"""What there is to test depends on which extras are installed."""

from segued.media.analyzers import essentia

collect_ignore = (
    [] if essentia.is_installed() else ["test_classifiers.py", "test_essentia.py"]
)
"""Essentia is an extra. Where it is not installed there is nothing to test."""
