"""Analyzers of passages: loudness, musicnn's tags, Essentia's descriptors."""
