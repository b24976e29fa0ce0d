"""What a new library needs from a person: typed structs for JSON."""

import msgspec

__all__ = ["KeyCheck", "Setup"]


class Setup(msgspec.Struct, frozen=True):
    """What was set up, and whether a person should be asked.

    Attributes:
        is_first_visit: Whether the library has no file yet, and nobody has answered or
            skipped the questions of the first visit.
        account: The account that segued runs as.
        folders: The music folders in force.
        folders_fixed_by: What fixes the music folders, such as "the command line";
            empty if they can be chosen.
        has_key: Whether a key for AcoustID is set.
        fixed: The settings that the configuration file fixes.
        acoustid: The address of AcoustID, as configured.
        is_offline: Whether segued was started without access to services.
    """

    is_first_visit: bool
    account: str
    folders: list[str]
    folders_fixed_by: str
    has_key: bool
    fixed: list[str]
    acoustid: str
    is_offline: bool


class KeyCheck(msgspec.Struct, frozen=True):
    """Whether AcoustID accepts a key, and what it says if not."""

    is_accepted: bool
    detail: str
