"""All exceptions that segued raises on purpose.

The class of an error decides what happens to the file that was being imported:

    SeguedError
    ├── ConfigError                    nothing starts; the message names the setting
    │   ├── ExportError                the export fails: its format cannot hold a value
    │   ├── NotFoundError              the request fails: no such file, passage, ...
    │   └── QueryError                 the request fails: a condition is invalid
    ├── ComputeError                   the import stops: no child process starts
    ├── DaemonError                    the command fails: no daemon, or not possible
    ├── ElsewhereError                 the file is analyzed by another machine
    ├── InternalError                  the import stops: a bug in segued
    ├── StoreError                     the import stops; no file is to blame
    │   ├── StoreLockedError
    │   ├── StoreCorruptError
    │   ├── StoreTooNewError
    │   ├── StoreUnwritableError
    │   ├── ConstraintError
    │   ├── StoreDiskError
    │   └── StoreFullError
    ├── ServiceError                   the import continues; the lookup stays pending
    │   ├── ServiceUnavailableError    until the service answers again
    │   ├── ServiceBusyError           for the time the service requests
    │   ├── ServiceRefusedError        never retried: the service rejects this query
    │   ├── ServiceAuthError           until a key is set that the service accepts
    │   └── ServiceAnswerError         put off alone, with growing pauses
    │       └── GarbledAnswerError     the same; the service may be unavailable, too
    └── FileError                      only this file is affected
        ├── FileVanishedError          it becomes MISSING
        ├── FileChangedError           it changed while being read: read it again
        ├── MovingPictureError         it is passed over until its bytes change
        └── FileUnreadableError        it is FAILED until its bytes change, or `retry`
            ├── EmptyFileError
            ├── NotAudioError
            ├── NotRegularError
            ├── DecodeError
            ├── InvalidAudioFormatError
            ├── WorkCrashedError
            ├── PhaseCrashedError
            └── OutsideCauseError      or the next try is due
                ├── PermissionDeniedError
                ├── DiskReadError
                ├── WorkTimedOutError
                ├── WorkMemoryError
                └── SpoolError
"""

from typing import ClassVar, Final

from segued.paths import shown

__all__ = [
    "ComputeError",
    "ConfigError",
    "ConstraintError",
    "DaemonError",
    "DecodeError",
    "DiskReadError",
    "ElsewhereError",
    "EmptyFileError",
    "ExportError",
    "FileChangedError",
    "FileError",
    "FileUnreadableError",
    "FileVanishedError",
    "GarbledAnswerError",
    "InternalError",
    "InvalidAudioFormatError",
    "MovingPictureError",
    "NotAudioError",
    "NotFoundError",
    "NotRegularError",
    "OutsideCauseError",
    "PermissionDeniedError",
    "PhaseCrashedError",
    "QueryError",
    "SeguedError",
    "ServiceAnswerError",
    "ServiceAuthError",
    "ServiceBusyError",
    "ServiceError",
    "ServiceRefusedError",
    "ServiceUnavailableError",
    "SpoolError",
    "StoreCorruptError",
    "StoreDiskError",
    "StoreError",
    "StoreFullError",
    "StoreLockedError",
    "StoreTooNewError",
    "StoreUnwritableError",
    "WorkCrashedError",
    "WorkMemoryError",
    "WorkTimedOutError",
]


class SeguedError(Exception):
    """Base of all errors that segued raises on purpose; `code` is its stable name."""

    code: ClassVar[str] = "segued"


class ConfigError(SeguedError):
    """A setting, argument or folder is not usable; the message names it and why."""

    code = "config"


class NotFoundError(ConfigError):
    """The requested item does not exist; the message names it."""

    code = "not-known"


class ExportError(ConfigError):
    """The format of an export cannot hold a value, such as a name with a newline."""

    code = "export"


class QueryError(ConfigError):
    """A condition of a search is invalid; the message names its place and the reason.

    Attributes:
        start: Index of the condition's first character in the query.
        end: Index after its last character.
    """

    code = "query"

    def __init__(self, query: str, start: int, end: int, reason: str) -> None:
        condition = shown(query[start:end].encode("utf-8", "replace"))
        super().__init__(
            f'the search is invalid at character {start + 1}, "{condition}": {reason}'
        )
        self.start: Final = start
        self.end: Final = end


class ComputeError(SeguedError):
    """Child processes cannot be started, or end at once."""

    code = "compute"


class DaemonError(SeguedError):
    """The daemon is not running, or cannot carry out the command."""

    code = "daemon"


class ElsewhereError(SeguedError):
    """No other machine can analyze the file now; this one can.

    Attributes:
        is_lasting: Whether the same is to be expected of another try.
    """

    code = "elsewhere"

    def __init__(self, reason: str, *, is_lasting: bool = True) -> None:
        super().__init__(reason)
        self.is_lasting: Final = is_lasting


class InternalError(SeguedError):
    """An exception that no code handles: a bug; the message names it."""

    code = "unforeseen"


class StoreError(SeguedError):
    """The library database cannot be used; the message names the file and why."""

    code = "store"


class StoreLockedError(StoreError):
    """Another program has locked the library."""

    code = "store-locked"


class StoreCorruptError(StoreError):
    """The library is not a segued library, or is damaged."""

    code = "store-corrupt"


class StoreTooNewError(StoreError):
    """The library was written by a newer segued."""

    code = "store-too-new"


class StoreUnwritableError(StoreError):
    """The library or its folder is not writable."""

    code = "store-unwritable"


class ConstraintError(StoreError):
    """A row violates a constraint of the schema: a bug in the code that wrote it."""

    code = "store-refused"


class StoreDiskError(StoreError):
    """The disk of the library reports errors; the library itself may be intact."""

    code = "store-disk"


class StoreFullError(StoreError):
    """The disk that holds the library is full."""

    code = "store-full"


class ServiceError(SeguedError):
    """A lookup service failed; the message names it and how, but never an API key."""

    code = "service"

    def __init__(self, service: str, detail: str) -> None:
        super().__init__(f"{service}: {detail}")
        self.service: Final = service
        self.detail: Final = detail


class ServiceUnavailableError(ServiceError):
    """The service is unreachable, times out, or answers only with errors."""

    code = "service-away"


class ServiceBusyError(ServiceError):
    """The service requests a pause."""

    code = "service-busy"


class ServiceRefusedError(ServiceError):
    """The service rejects this query, and would reject it again."""

    code = "service-refused"


class ServiceAuthError(ServiceError):
    """The service rejects the API key."""

    code = "service-key"


class ServiceAnswerError(ServiceError):
    """The service answers, but with a response that cannot be used for this query.

    It is too large, does not match the schema, or rejects the query. That concerns
    the query alone: the service is available.
    """

    code = "service-answer"


class GarbledAnswerError(ServiceAnswerError):
    """The response is not one of the service: not HTTP, not JSON, or incomplete.

    Several in a row mean that something else answers, such as a captive portal.
    """

    code = "service-garbled"


class FileError(SeguedError):
    """One audio file could not be imported.

    Attributes:
        path: Path of the file, as the file system's bytes.
        detail: The reason, as one clause without the path.
        phase: Number of the phase that failed; 0 if not known.
    """

    code = "file"

    def __init__(self, path: bytes, detail: str) -> None:
        # Pickling passes `args` to the constructor again, and errors of child
        # processes are pickled, so `args` has both.
        super().__init__(path, detail)
        self.path: Final = path
        self.detail: Final = detail
        self.phase: int = 0

    def __str__(self) -> str:
        """Return one sentence that names the file and the reason."""
        return f"{shown(self.path)}: {self.detail}"


class FileVanishedError(FileError):
    """The file no longer exists."""

    code = "vanished"


class FileChangedError(FileError):
    """The file's size, time or inode changed while it was being read."""

    code = "changing"


class MovingPictureError(FileError):
    """The file is a video."""

    code = "moving-picture"


class FileUnreadableError(FileError):
    """The file cannot be imported with its present content."""

    code = "unreadable"


class EmptyFileError(FileUnreadableError):
    """The file holds no bytes."""

    code = "empty"


class NotAudioError(FileUnreadableError):
    """The bytes are not audio in any supported format."""

    code = "not-audio"


class NotRegularError(FileUnreadableError):
    """The path is a FIFO, socket, device, folder or link, not a regular file."""

    code = "not-regular"


class DecodeError(FileUnreadableError):
    """The file is audio, but no sample could be decoded from it."""

    code = "decode"


class InvalidAudioFormatError(FileUnreadableError):
    """The header declares an implausible sample rate, channel count or length."""

    code = "absurd"


class WorkCrashedError(FileUnreadableError):
    """The child process reading the file crashed."""

    code = "crashed"


class PhaseCrashedError(FileUnreadableError):
    """A phase raised an unexpected exception; `detail` names it."""

    code = "unexpected"


class OutsideCauseError(FileUnreadableError):
    """The cause may be outside the file's bytes: another try may succeed."""

    code = "outside"


class PermissionDeniedError(OutsideCauseError):
    """The process has no permission to read the file."""

    code = "permission"


class DiskReadError(OutsideCauseError):
    """The file system reported an error during reading."""

    code = "io"


class WorkTimedOutError(OutsideCauseError):
    """The child process reading the file was killed at its time limit."""

    code = "timeout"


class WorkMemoryError(OutsideCauseError):
    """Reading the file takes more memory than the limit of a child process."""

    code = "memory"


class SpoolError(OutsideCauseError):
    """Decoded audio of the file could not be written to the spool folder."""

    code = "spool"
