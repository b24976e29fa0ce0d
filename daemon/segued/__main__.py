"""`python -m segued` is `segued`."""

from segued.cli.start import segued

if __name__ == "__main__":
    segued()
