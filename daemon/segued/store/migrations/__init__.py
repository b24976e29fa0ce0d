"""Numbered scripts that migrate an older library to the current schema."""
