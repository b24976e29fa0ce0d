"""The configuration: `segued.toml`, read once into immutable values.

All limits and defaults of the program are here and in `sections`, each with its unit
in its name. `config/segued.toml` documents them; a test compares the two.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from segued.config.annotations import SECRET, whole
from segued.config.checking import CheckedConfig, SectionTypes, check, problem_of
from segued.config.cluster_sections import ClusterSection
from segued.config.default_paths import cluster_folder, state_folder
from segued.config.hook_sections import (
    HooksSection,
    MqttSection,
    NotifySection,
    RescanSection,
)
from segued.config.nearest_name import suggestion
from segued.config.plain_names import PLAIN_NAMES, stored_form
from segued.config.sections import (
    ComputeSection,
    Contact,
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
from segued.config.toml_source import read_source
from segued.errors import ConfigError
from segued.units import Dbfs, Seconds, Ticks

__all__ = [
    "SECTIONS",
    "Config",
    "FileSettings",
    "PinnedSettings",
    "Settings",
    "check_setting",
    "cpu_count",
    "read_config",
    "stored_name",
    "to_config",
]

DAY_TICKS: Final = 2_438_553_600_000
"""24 hours."""


class FileSettings(Section, frozen=True):
    """The stored settings that `[settings]` in the configuration file can fix.

    The stored levels are positive: 60 means 60 dB *below* full scale. Only the
    properties below negate them.
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
    acoustid_api_key: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=whole("[!-~]{1,128}"), description="the key, without spaces"
            ),
            SECRET,
        ]
        | None
    ) = None
    ai_processing_thread_count: Annotated[int, msgspec.Meta(ge=1, le=1_024)] = 0
    cover_art_archive: bool = False

    @property
    def silence_level(self) -> Dbfs:
        """Level below which audio counts as silence."""
        return Dbfs(-self.silence_threshold_dB)

    @property
    def lead_in_level(self) -> Dbfs:
        """Level that the audio first exceeds at the lead-in point."""
        return Dbfs(-self.lead_in_threshold_dB)

    @property
    def lead_out_level(self) -> Dbfs:
        """Level that the audio last exceeds at the lead-out point."""
        return Dbfs(-self.lead_out_threshold_dB)

    @property
    def min_silence(self) -> Ticks:
        """Length of the shortest silence that separates passages."""
        return Ticks(self.silence_min_duration_ticks)

    @property
    def min_audible(self) -> Ticks:
        """Least length of audible sound for a file not to be NO AUDIO."""
        return Ticks(self.minimum_passage_audio_duration_ticks)


FolderPath = Annotated[str, msgspec.Meta(pattern=whole("/[^\\x00]*"), max_length=1_024)]


class Settings(FileSettings, frozen=True):
    """The settings that the library stores, under their stored names.

    Attributes:
        contact: As `[services] contact`, which fixes it unless it is empty.
        music_folders: Absolute paths of folders; `[library] folders` fixes them unless
            it is empty. Empty: the default.
    """

    contact: Contact = ""
    music_folders: Annotated[
        tuple[FolderPath, ...],
        msgspec.Meta(
            max_length=50, description="a list in brackets of at most 50 absolute paths"
        ),
    ] = ()


class PinnedSettings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Settings fixed in the configuration file, which override the stored ones."""

    silence_threshold_dB: float | None = None  # noqa: N815
    silence_min_duration_ticks: int | None = None
    minimum_passage_audio_duration_ticks: int | None = None
    lead_in_threshold_dB: float | None = None  # noqa: N815
    lead_out_threshold_dB: float | None = None  # noqa: N815
    acoustid_api_key: Annotated[str, SECRET] | None = None
    ai_processing_thread_count: int | None = None
    cover_art_archive: bool | None = None
    contact: str | None = None
    music_folders: tuple[str, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the pinned settings by name."""
        pinned: dict[str, Any] = msgspec.to_builtins(self)
        return pinned


class Config(Section, frozen=True):
    """All that can be configured; every key has a default, so no file is needed."""

    library: LibrarySection = LibrarySection()
    scanning: ScanningSection = ScanningSection()
    watching: WatchingSection = WatchingSection()
    importing: ImportingSection = ImportingSection()
    compute: ComputeSection = ComputeSection()
    store: StoreSection = StoreSection()
    flavoring: FlavoringSection = FlavoringSection()
    cluster: ClusterSection = ClusterSection()
    services: ServicesSection = ServicesSection()
    page: PageSection = PageSection()
    hooks: HooksSection = HooksSection()
    rescan: RescanSection = RescanSection()
    mqtt: MqttSection = MqttSection()
    notify: NotifySection = NotifySection()
    logging: LoggingSection = LoggingSection()
    settings: PinnedSettings = PinnedSettings()

    @property
    def pinned(self) -> PinnedSettings:
        """The stored settings that the file fixes, in whichever section."""
        return msgspec.structs.replace(
            self.settings,
            contact=self.services.contact.strip() or None,
            music_folders=tuple(
                os.path.abspath(os.path.expanduser(each))
                for each in self.library.folders
            )
            or None,
        )

    @property
    def database(self) -> Path:
        """The library database."""
        if self.library.database:
            return Path(self.library.database).expanduser()
        return state_folder() / "library.db"

    @property
    def backup_folder(self) -> Path | None:
        """The folder of the daemon's backups; None if it makes none."""
        configured = self.library.backup_folder
        return Path(configured).expanduser() if configured else None

    @property
    def models_folder(self) -> Path:
        """The folder of the tagging models; need not exist yet."""
        if self.flavoring.models:
            return Path(self.flavoring.models).expanduser()
        return self.database.parent / "models"

    @property
    def classifiers_folder(self) -> Path | None:
        """The folder of the user's own Essentia classifiers; None if there is none."""
        configured = self.flavoring.classifiers
        return Path(configured).expanduser() if configured else None

    @property
    def cluster_folder(self) -> Path:
        """The folder of the authority over nodes; need not exist."""
        if self.cluster.keys:
            return Path(self.cluster.keys).expanduser()
        return cluster_folder(self.database)

    @property
    def processes(self) -> int:
        """How many child processes a pool has."""
        return self.compute.processes or cpu_count()

    @property
    def file_limit(self) -> Seconds:
        """Time limit of one job on one file."""
        return Seconds(self.compute.file_seconds)


def cpu_count() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


SECTIONS: Final[SectionTypes] = {
    **{name: type(getattr(Config(), name)) for name in Config.__struct_fields__},
    "settings": FileSettings,
}
"""The type that the values of each section must have."""


def read_config(path: Path | None) -> Config:
    """Read a configuration file, if one is given, and the environment variables.

    Raises:
        ConfigError: The file cannot be read, is not TOML, has an unknown key, or a
            value of the wrong type or out of range. The message names the line.
    """
    return to_config(check(read_source(path), SECTIONS))


def to_config(checked: CheckedConfig) -> Config:
    """Return the configuration with these values, and defaults for the others.

    Raises:
        ConfigError: Some values are invalid; the message is about the first.
    """
    if checked.problems:
        first, *others = checked.problems
        more = f" (and {len(others)} more; see segued config check)" if others else ""
        raise ConfigError(first + more)
    return msgspec.convert(checked.values, Config)


def check_setting(name: str, value: object) -> tuple[str, object]:
    """Return a setting under its stored name, with its value as it is stored.

    Args:
        name: The stored or the plain name.
        value: The value in the unit of that name.

    Raises:
        ConfigError: There is no such setting, or the value is out of range.
    """
    key = stored_name(name)
    _, stored = stored_form(name, value)
    if problem := problem_of(Settings, name, value):
        raise ConfigError(f"setting {problem}")
    checked: object = getattr(msgspec.convert({key: stored}, Settings), key)
    return key, checked


def stored_name(name: str) -> str:
    """Return the stored name of a setting, which may be given by its plain name.

    Raises:
        ConfigError: There is no such setting.
    """
    key, _ = stored_form(name, None)
    if key not in Settings.__struct_fields__:
        near = suggestion(name, (*Settings.__struct_fields__, *PLAIN_NAMES))
        raise ConfigError(f"no such setting: {name}{near}")
    return key
