"""Who decides something with a command: the account that runs it."""

import os
import pwd

from segued import __version__
from segued.store.deciders import Decider

__all__ = ["this_decider"]


def this_decider() -> Decider:
    """Return the account of this process, the program and its version."""
    user = os.getuid()
    try:
        person = pwd.getpwuid(user).pw_name
    except KeyError:
        person = f"user {user}"
    return Decider(person, "segued", __version__)
