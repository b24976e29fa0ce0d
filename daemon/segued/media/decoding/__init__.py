"""Decode audio files to samples."""
