"""The configuration: `segued.toml` read once, into frozen values.

Every limit and default of the program is here, with its unit in its name.
`config/segued.toml` documents each of them; a test compares the two.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from segued.config.default_paths import state_folder
from segued.config.sections import (
    ComputeSection,
    FlavoringSection,
    ImportingSection,
    LibrarySection,
    LoggingSection,
    PageSection,
    ScanningSection,
    Section,
    ServicesSection,
    StoreSection,
    WatchingSection,
)
from segued.errors import ConfigError
from segued.units import Dbfs, Seconds, Ticks

__all__ = [
    "Config",
    "PinnedSettings",
    "Settings",
    "check_setting",
    "cpu_count",
    "read_config",
]

DAY_TICKS: Final = 2_438_553_600_000


class Settings(Section, frozen=True):
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
    def silence_level(self) -> Dbfs:
        """Level below which there is silence."""
        return Dbfs(-self.silence_threshold_dB)

    @property
    def lead_in_level(self) -> Dbfs:
        """Level that the lead-in point exceeds."""
        return Dbfs(-self.lead_in_threshold_dB)

    @property
    def lead_out_level(self) -> Dbfs:
        """Level that the lead-out point exceeds."""
        return Dbfs(-self.lead_out_threshold_dB)

    @property
    def min_silence(self) -> Ticks:
        """Length of the shortest silence that cuts."""
        return Ticks(self.silence_min_duration_ticks)

    @property
    def min_audible(self) -> Ticks:
        """Least sound that makes a file audio at all."""
        return Ticks(self.minimum_passage_audio_duration_ticks)


class PinnedSettings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Settings that the configuration file holds fast, over the stored ones."""

    silence_threshold_dB: float | None = None  # noqa: N815
    silence_min_duration_ticks: int | None = None
    minimum_passage_audio_duration_ticks: int | None = None
    lead_in_threshold_dB: float | None = None  # noqa: N815
    lead_out_threshold_dB: float | None = None  # noqa: N815
    acoustid_api_key: str | None = None
    ai_processing_thread_count: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the pinned settings by name."""
        pinned: dict[str, Any] = msgspec.to_builtins(self)
        return pinned


class Config(Section, frozen=True):
    """Everything that can be configured. Its defaults need no file at all."""

    library: LibrarySection = LibrarySection()
    scanning: ScanningSection = ScanningSection()
    watching: WatchingSection = WatchingSection()
    importing: ImportingSection = ImportingSection()
    compute: ComputeSection = ComputeSection()
    store: StoreSection = StoreSection()
    flavoring: FlavoringSection = FlavoringSection()
    services: ServicesSection = ServicesSection()
    page: PageSection = PageSection()
    logging: LoggingSection = LoggingSection()
    settings: PinnedSettings = PinnedSettings()

    @property
    def database(self) -> Path:
        """The library database."""
        if self.library.database:
            return Path(self.library.database).expanduser()
        return state_folder() / "library.db"

    @property
    def models_folder(self) -> Path:
        """Where the tagging models are, or will be."""
        if self.flavoring.models:
            return Path(self.flavoring.models).expanduser()
        return self.database.parent / "models"

    @property
    def classifiers_folder(self) -> Path | None:
        """Where a person's own classifiers are, if there are any."""
        configured = self.flavoring.classifiers
        return Path(configured).expanduser() if configured else None

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


def read_config(path: Path | None) -> Config:
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
    for name, value in config.settings.as_dict().items():
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
        settings = msgspec.convert({name: value}, Settings)
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at")[0]
        raise ConfigError(f"setting {name} = {value!r}: {reason}") from error
    checked: object = getattr(settings, name)
    return checked
