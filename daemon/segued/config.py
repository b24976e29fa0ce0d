"""The configuration: `segued.toml` read once, into frozen values.

Every limit and default of the program is here, with its unit in its name.
`config/segued.toml` documents each of them; a test compares the two.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from segued.errors import ConfigError
from segued.places import state_folder
from segued.units import Dbfs, Seconds, Ticks

__all__ = [
    "ComputeLimits",
    "Config",
    "ImportLimits",
    "LibraryPlaces",
    "Logging",
    "Page",
    "Pins",
    "Scanning",
    "Services",
    "Settings",
    "StoreLimits",
    "Watching",
    "check_setting",
    "cpu_count",
    "load",
]

AUDIO_EXTENSIONS: Final = (
    *("mp3", "flac", "ogg", "oga", "opus", "m4a", "m4b", "mp4", "aac", "alac"),
    *("wav", "aif", "aiff", "wv", "ape", "wma", "mka", "mpc", "tta", "dsf"),
    *("caf", "w64", "rf64", "au"),
)
IGNORED_FOLDERS: Final = (
    *("@eaDir", ".stfolder", ".stversions", ".Trash-*", "lost+found", "#recycle"),
)
PARTIAL_SUFFIXES: Final = (*(".part", ".partial~", ".tmp", ".crdownload", ".!qB", "~"),)


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the configuration file; an unknown key in it is an error."""


class LibraryPlaces(_Section, frozen=True):
    """Where things are. Empty text stands for the usual place."""

    database: str = ""
    folders: tuple[str, ...] = ("~/Music",)
    control_socket: str = ""


class Scanning(_Section, frozen=True):
    """What counts as a music file, by name."""

    extensions: tuple[str, ...] = AUDIO_EXTENSIONS
    ignored_folders: tuple[str, ...] = IGNORED_FOLDERS
    partial_suffixes: tuple[str, ...] = PARTIAL_SUFFIXES


class Watching(_Section, frozen=True):
    """How the daemon keeps watch over music folders, in seconds."""

    settle_seconds: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 5.0
    folder_seconds: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 60.0
    restless_seconds: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    check_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 5.0
    poll_seconds: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    reconcile_seconds: Annotated[float, msgspec.Meta(gt=0)] = 300.0


class ImportLimits(_Section, frozen=True):
    """Bounds of the pipeline."""

    queue_length: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 256
    unsettled_tries: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    unsettled_wait_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0


class ComputeLimits(_Section, frozen=True):
    """Bounds of the child processes that look inside files. 0: one a CPU."""

    processes: Annotated[int, msgspec.Meta(ge=0, le=1_024)] = 0
    file_seconds: Annotated[float, msgspec.Meta(gt=0)] = 1_800.0
    tags_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    flavor_seconds: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    memory_mib: Annotated[int, msgspec.Meta(ge=512, le=1_048_576)] = 2_048


class StoreLimits(_Section, frozen=True):
    """Bounds of the library database."""

    busy_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0
    slow_seconds: Annotated[float, msgspec.Meta(gt=0)] = 1.0


class Flavoring(_Section, frozen=True):
    """Where it is asked how a passage sounds, in this order."""

    sources: tuple[Literal["acousticbrainz", "essentia"], ...] = (
        "acousticbrainz",
        "essentia",
    )


Url = Annotated[str, msgspec.Meta(pattern="^https?://[^\\s?#@]+$")]
Rate = Annotated[float, msgspec.Meta(gt=0, le=1_000)]


DAY_TICKS: Final = 2_438_553_600_000


class Services(_Section, frozen=True):
    """The outside services: where they are, and how they are treated.

    The rates are requests started in a second, by the whole process.
    """

    acoustid_url: Url = "https://api.acoustid.org"
    musicbrainz_url: Url = "https://musicbrainz.org"
    acousticbrainz_url: Url = "https://acousticbrainz.org"
    acoustid_rate: Rate = 3.0
    musicbrainz_rate: Rate = 1.0
    acousticbrainz_rate: Rate = 1.0
    contact: Annotated[str, msgspec.Meta(pattern="^[ -'*-~]*$", max_length=200)] = ""
    connect_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0
    total_seconds: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 30.0
    answer_mib: Annotated[float, msgspec.Meta(gt=0, le=256)] = 2.0


class Page(_Section, frozen=True):
    """Where the page is shown, and to whom.

    Attributes:
        token: Whoever comes from another machine must know it.
        hosts: Names by which the page may be called, beside this machine's own.
    """

    shown: bool = True
    address: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 5723
    token: Annotated[str, msgspec.Meta(pattern="^([!-~]{16,}|)$", max_length=256)] = ""
    hosts: tuple[str, ...] = ()


class Logging(_Section, frozen=True):
    """What is logged. Goes to standard error, never to the terminal display."""

    level: Annotated[str, msgspec.Meta(pattern="^(debug|info|warning|error|)$")] = ""


class Settings(_Section, frozen=True):
    """The settings that the library stores, under the names it stores them.

    The levels keep their ancestor's positive sign: 60 means 60 dB *below*
    full scale. The properties below are the one place that turns them round.
    """

    silence_threshold_dB: Annotated[float, msgspec.Meta(gt=0, le=120)] = 60.0  # noqa: N815
    silence_min_duration_ticks: Annotated[
        int, msgspec.Meta(ge=1_411_200, le=DAY_TICKS)
    ] = 56_448_000
    minimum_passage_audio_duration_ticks: Annotated[
        int, msgspec.Meta(ge=0, le=DAY_TICKS)
    ] = 2_822_400
    lead_in_threshold_dB: Annotated[float, msgspec.Meta(gt=0, le=120)] = 45.0  # noqa: N815
    lead_out_threshold_dB: Annotated[float, msgspec.Meta(gt=0, le=120)] = 40.0  # noqa: N815
    acoustid_api_key: Annotated[str, msgspec.Meta(pattern="^[!-~]{1,128}$")] | None = (
        None
    )
    ai_processing_thread_count: Annotated[int, msgspec.Meta(ge=1, le=1_024)] = 0

    @property
    def silence(self) -> Dbfs:
        """Level below which there is silence."""
        return Dbfs(-self.silence_threshold_dB)

    @property
    def lead_in(self) -> Dbfs:
        """Level that the lead-in point exceeds."""
        return Dbfs(-self.lead_in_threshold_dB)

    @property
    def lead_out(self) -> Dbfs:
        """Level that the lead-out point exceeds."""
        return Dbfs(-self.lead_out_threshold_dB)

    @property
    def silence_min(self) -> Ticks:
        """Length of the shortest silence that cuts."""
        return Ticks(self.silence_min_duration_ticks)

    @property
    def sound_min(self) -> Ticks:
        """Least sound that makes a file audio at all."""
        return Ticks(self.minimum_passage_audio_duration_ticks)


class Pins(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Settings that the configuration file holds fast, over the stored ones."""

    silence_threshold_dB: float | None = None  # noqa: N815
    silence_min_duration_ticks: int | None = None
    minimum_passage_audio_duration_ticks: int | None = None
    lead_in_threshold_dB: float | None = None  # noqa: N815
    lead_out_threshold_dB: float | None = None  # noqa: N815
    acoustid_api_key: str | None = None
    ai_processing_thread_count: int | None = None

    def given(self) -> dict[str, Any]:
        """Return the pinned settings by name."""
        pinned: dict[str, Any] = msgspec.to_builtins(self)
        return pinned


class Config(_Section, frozen=True):
    """Everything that can be configured. Its defaults need no file at all."""

    library: LibraryPlaces = LibraryPlaces()
    scanning: Scanning = Scanning()
    watching: Watching = Watching()
    importing: ImportLimits = ImportLimits()
    compute: ComputeLimits = ComputeLimits()
    store: StoreLimits = StoreLimits()
    flavoring: Flavoring = Flavoring()
    services: Services = Services()
    page: Page = Page()
    logging: Logging = Logging()
    settings: Pins = Pins()

    @property
    def database(self) -> Path:
        """The library database."""
        if self.library.database:
            return Path(self.library.database).expanduser()
        return state_folder() / "library.db"

    @property
    def processes(self) -> int:
        """How many child processes may compute at once."""
        return self.compute.processes or cpu_count()

    @property
    def file_limit(self) -> Seconds:
        """Time limit of one job on one file."""
        return Seconds(self.compute.file_seconds)


def cpu_count() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def load(path: Path | None) -> Config:
    """Read a configuration file; without one, every default.

    Raises:
        ConfigError: The file cannot be read, is not TOML, holds an unknown
            key, or a value of the wrong type or out of range.
    """
    if path is None:
        return Config()
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        config = msgspec.toml.decode(text, type=Config)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    for name, value in config.settings.given().items():
        try:
            check_setting(name, value)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error
    return config


def check_setting(name: str, value: object) -> object:
    """Return `value` as the setting `name` would hold it.

    Raises:
        ConfigError: There is no such setting, or the value is out of range.
    """
    if name not in Settings.__struct_fields__:
        raise ConfigError(f"no such setting: {name}")
    try:
        held = msgspec.convert({name: value}, Settings)
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at")[0]
        raise ConfigError(f"setting {name} = {value!r}: {reason}") from error
    checked: object = getattr(held, name)
    return checked
