"""Every exception segued raises on purpose.

The tree answers one question, for the reader and for the pipeline alike: what
becomes of the file that was being imported?

    SeguedError
    ├── ConfigError                 nothing starts; the message names the setting
    │   └── NotKnownError           nothing is done; there is no such thing
    ├── ComputeError                everything stops; no child can be had
    ├── DaemonError                 nothing is done; no daemon, or it cannot
    ├── UnforeseenError             everything stops; the fault is segued's own
    ├── StoreError                  everything stops; no file is to blame
    │   ├── StoreLockedError
    │   ├── StoreCorruptError
    │   ├── StoreTooNewError
    │   ├── StoreUnwritableError
    │   ├── StoreRefusedError
    │   └── StoreFullError
    ├── ServiceError                nothing stops; what was asked waits
    │   ├── ServiceAwayError        until the service answers again
    │   ├── ServiceBusyError        for as long as it says
    │   ├── ServiceRefusedError     for ever: it will not answer this question
    │   ├── ServiceKeyError         for a key that it takes
    │   └── ServiceAnswerError      until the answer makes sense
    └── FileError                   this file is affected, no other
        ├── FileVanishedError       it becomes MISSING
        ├── FileChangedError        its bytes moved under us: read it again
        └── FileUnreadableError     set aside until its bytes change, or `retry`
            ├── EmptyFileError
            ├── NotAudioError
            ├── NotRegularError
            ├── PermissionDeniedError
            ├── DiskReadError
            ├── DecodeError
            ├── AbsurdAudioError
            ├── WorkCrashedError
            ├── WorkTimedOutError
            ├── WorkMemoryError
            ├── SpoolError          or for room on our own disk
            └── UnexpectedError
"""

from typing import ClassVar, Final

from segued.paths import shown

__all__ = [  # noqa: PLE0604
    *("AbsurdAudioError", "ComputeError", "ConfigError", "DaemonError"),
    *("DecodeError", "DiskReadError", "EmptyFileError", "FileChangedError"),
    *("FileError", "FileUnreadableError", "FileVanishedError", "NotAudioError"),
    *("NotKnownError", "NotRegularError", "PermissionDeniedError", "SeguedError"),
    *("ServiceAnswerError", "ServiceAwayError", "ServiceBusyError", "ServiceError"),
    *("ServiceKeyError", "ServiceRefusedError", "SpoolError", "StoreCorruptError"),
    "StoreError",
    *("StoreFullError", "StoreLockedError", "StoreRefusedError"),
    *("StoreTooNewError", "StoreUnwritableError", "UnexpectedError"),
    *("UnforeseenError", "WorkCrashedError", "WorkMemoryError"),
    "WorkTimedOutError",
]


class SeguedError(Exception):
    """Whatever segued raises on purpose. `code` is its stable name."""

    code: ClassVar[str] = "segued"


class ConfigError(SeguedError):
    """A setting, argument or folder is not usable. Says which, and why."""

    code = "config"


class NotFoundError(ConfigError):
    """What somebody asks about is not there. Says what."""

    code = "not-known"


class ComputeError(SeguedError):
    """Child processes cannot be started, or do not stay alive."""

    code = "compute"


class DaemonError(SeguedError):
    """The daemon that was to be asked is not there, or cannot do it."""

    code = "daemon"


class InternalError(SeguedError):
    """Something failed that nobody foresaw; names what."""

    code = "unforeseen"


class StoreError(SeguedError):
    """The library database cannot be used. Says which file, and why."""

    code = "store"


class StoreLockedError(StoreError):
    """Another program holds the library."""

    code = "store-locked"


class StoreCorruptError(StoreError):
    """The library is not a segued library, or is damaged."""

    code = "store-corrupt"


class StoreTooNewError(StoreError):
    """The library was written by a newer segued."""

    code = "store-too-new"


class StoreUnwritableError(StoreError):
    """The library or its folder may not be written."""

    code = "store-unwritable"


class ConstraintError(StoreError):
    """A row breaks a rule of the library; whoever wrote it is at fault."""

    code = "store-refused"


class StoreFullError(StoreError):
    """No space is left where the library lives."""

    code = "store-full"


class ServiceError(SeguedError):
    """An outside service let us down: which, and how. Never names a key."""

    code = "service"

    def __init__(self, service: str, detail: str) -> None:
        super().__init__(f"{service}: {detail}")
        self.service: Final = service
        self.detail: Final = detail


class ServiceUnavailableError(ServiceError):
    """It cannot be reached, does not answer in time, or only with errors."""

    code = "service-away"


class ServiceBusyError(ServiceError):
    """It asks to be left alone for a while."""

    code = "service-busy"


class ServiceRefusedError(ServiceError):
    """It refuses this one question, and would the next time."""

    code = "service-refused"


class ServiceAuthError(ServiceError):
    """It does not take the key it was given."""

    code = "service-key"


class ServiceAnswerError(ServiceError):
    """Its answer is too large, malformed, or not of the shape agreed on."""

    code = "service-answer"


class FileError(SeguedError):
    """One audio file could not be taken further.

    Attributes:
        path: The file, as the bytes the system knows it by.
        detail: The reason, as one clause without the path.
        phase: The phase that failed; set where that is known.
    """

    code = "file"

    def __init__(self, path: bytes, detail: str) -> None:
        # Both go to `Exception`, so that the error survives pickling on its
        # way out of a child process.
        super().__init__(path, detail)
        self.path: Final = path
        self.detail: Final = detail
        self.phase: int = 0

    def __str__(self) -> str:
        """Return one sentence that names the file and the reason."""
        return f"{shown(self.path)}: {self.detail}"


class FileVanishedError(FileError):
    """The file was there, and is not any more."""

    code = "vanished"


class FileChangedError(FileError):
    """The file's size, time or inode changed while it was being read."""

    code = "changing"


class FileUnreadableError(FileError):
    """The file as it stands cannot be imported."""

    code = "unreadable"


class EmptyFileError(FileUnreadableError):
    """The file holds no bytes."""

    code = "empty"


class NotAudioError(FileUnreadableError):
    """The bytes are not audio in any format known here."""

    code = "not-audio"


class NotRegularError(FileUnreadableError):
    """A FIFO, socket, device, folder or link stands where a file should."""

    code = "not-regular"


class PermissionDeniedError(FileUnreadableError):
    """The file may not be read."""

    code = "permission"


class DiskReadError(FileUnreadableError):
    """The file system reported an error in the middle of reading."""

    code = "io"


class DecodeError(FileUnreadableError):
    """The file is audio, but no sound could be decoded from it."""

    code = "decode"


class InvalidAudioFormatError(FileUnreadableError):
    """The header claims a sample rate, channel count or length out of reason."""

    code = "absurd"


class WorkCrashedError(FileUnreadableError):
    """The child process reading the file died."""

    code = "crashed"


class WorkTimedOutError(FileUnreadableError):
    """The child process reading the file was ended at its time limit."""

    code = "timeout"


class WorkMemoryError(FileUnreadableError):
    """Reading the file takes more memory than a child process may have."""

    code = "memory"


class SpoolError(FileUnreadableError):
    """Temporary sound of it could not be written."""

    code = "spool"


class PhaseCrashedError(FileUnreadableError):
    """Something failed that segued did not foresee; the reason names it."""

    code = "unexpected"
