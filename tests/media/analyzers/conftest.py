"""Skip the tests of extras that are not installed."""

from segued.media.analyzers import essentia

collect_ignore = (
    [] if essentia.is_installed() else ["test_classifiers.py", "test_essentia.py"]
)
"""Essentia is an extra; without it its tests cannot be imported."""
