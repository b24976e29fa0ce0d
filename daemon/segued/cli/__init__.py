"""The command lines `segued` and `seguectl`."""
