"""Intake: music folders are watched and scanned, their files stored."""
