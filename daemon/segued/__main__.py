"""`python -m segued` is `segued`."""

from segued.cli.main import main

if __name__ == "__main__":
    main()
