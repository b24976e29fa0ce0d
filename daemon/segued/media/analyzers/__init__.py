"""Measures how a passage sounds."""
