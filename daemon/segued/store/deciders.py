"""Who decides about a match, and what; without peewee, which is slow to import."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["AnswerAction", "Decider"]


class AnswerAction(StrEnum):
    """What a person answered."""

    ACCEPT = "accept"
    RECORDING = "recording"
    NO_SONG = "no song"
    LEAVE = "leave"
    RELEASE = "release"
    ANY_RELEASE = "any release"
    CLEAR = "clear"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decided something, and with which program."""

    person: str
    program: str
    version: str
