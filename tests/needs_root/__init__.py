"""Tests that need root: mounts, a FUSE file system, other users."""
