"""The command lines of `segued` and `seguectl`."""
