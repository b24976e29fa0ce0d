"""Silence the fork server, which imports this module before any other.

Its children inherit the standard streams. Without this, a child that is killed while
it starts, or whose parent is, prints a traceback of `multiprocessing` to the terminal.
"""

import os

__all__: list[str] = []

_null = os.open(os.devnull, os.O_RDWR)
for _stream in (1, 2):
    os.dup2(_null, _stream)
os.close(_null)
