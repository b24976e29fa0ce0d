"""The tables of `segued.toml`, each with its defaults and its bounds."""

from typing import Annotated, Final, Literal

import msgspec

from segued.config.annotations import SharedSecret, whole

__all__ = [
    "DEFAULT_FOLDERS",
    "ComputeSection",
    "Contact",
    "FlavoringSection",
    "ImportingSection",
    "LibrarySection",
    "LoggingSection",
    "PageSection",
    "ScanningSection",
    "Section",
    "ServicesSection",
    "StoreSection",
    "WatchingSection",
]

HOURS_PATTERN: Final = whole(
    "([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]|"
)
"""Two times of day, as "22:00-06:30", or empty."""

AUDIO_EXTENSIONS: Final = (
    "mp3",
    "mp2",
    "mp1",
    "mpa",
    "flac",
    "ogg",
    "oga",
    "spx",
    "opus",
    "m4a",
    "m4b",
    "m4r",
    "mp4",
    "3gp",
    "3g2",
    "3ga",
    "aac",
    "adts",
    "alac",
    "ac3",
    "eac3",
    "ec3",
    "dts",
    "dtshd",
    "thd",
    "wav",
    "wave",
    "bwf",
    "aif",
    "aiff",
    "aifc",
    "wv",
    "ape",
    "wma",
    "asf",
    "mka",
    "mkv",
    "webm",
    "weba",
    "mpc",
    "mp+",
    "tta",
    "tak",
    "shn",
    "oma",
    "aa3",
    "ra",
    "rm",
    "amr",
    "dsf",
    "dff",
    "caf",
    "w64",
    "rf64",
    "au",
    "snd",
)
"""The endings of formats that FFmpeg and libsndfile decode. Some are used for videos
as well: a file with a moving picture is passed over when it is read."""

IGNORED_FOLDERS: Final = (
    "@eaDir",
    ".stfolder",
    ".stversions",
    ".Trash-*",
    "lost+found",
    "#recycle",
    "@Recycle",
    "$RECYCLE.BIN",
    "RECYCLER",
    "RECYCLED",
    "Network Trash Folder",
    "#snapshot",
    "@Recently-Snapshot",
    ".snapshot*",
    "~snapshot",
    ".zfs",
    "System Volume Information",
)
"""Recycle bins, snapshots and indexes of file systems, NAS systems and programs."""

DEFAULT_FOLDERS: Final = ("~/Music",)
"""The music folders of a daemon for which none are configured or chosen."""

PARTIAL_SUFFIXES: Final = (".part", ".partial~", ".tmp", ".crdownload", ".!qB", "~")


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the configuration file; an unknown key in it is an error."""


class LibrarySection(Section, frozen=True):
    """The library and its music folders; an empty value stands for the default."""

    database: str = ""
    folders: tuple[str, ...] = ()
    control_socket: str = ""
    backup_folder: str = ""
    backup_hours: Annotated[float, msgspec.Meta(gt=0, le=8_784)] = 24.0
    backup_keep: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 7


class ScanningSection(Section, frozen=True):
    """Which names are scanned as music files, and whether links are followed."""

    extensions: tuple[str, ...] = AUDIO_EXTENSIONS
    ignored_folders: tuple[str, ...] = IGNORED_FOLDERS
    partial_suffixes: tuple[str, ...] = PARTIAL_SUFFIXES
    follow_links: bool = False


class WatchingSection(Section, frozen=True):
    """How the daemon watches music folders, in seconds."""

    settle_seconds: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 5.0
    folder_seconds: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 60.0
    restless_seconds: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    check_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 5.0
    poll_seconds: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    reconcile_seconds: Annotated[float, msgspec.Meta(gt=0)] = 300.0


class ImportingSection(Section, frozen=True):
    """Bounds of the pipeline, and what becomes of removed tags."""

    queue_length: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 256
    unsettled_tries: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    unsettled_wait_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    removed_tags: Literal["keep", "drop"] = "keep"


class ComputeSection(Section, frozen=True):
    """Bounds of the child processes that read files; 0 processes: one for each CPU."""

    processes: Annotated[int, msgspec.Meta(ge=0, le=1_024)] = 0
    file_seconds: Annotated[float, msgspec.Meta(gt=0)] = 1_800.0
    tags_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    flavor_seconds: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    memory_mib: Annotated[int, msgspec.Meta(ge=512, le=1_048_576)] = 2_048


class StoreSection(Section, frozen=True):
    """Bounds of the library database."""

    busy_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0
    slow_seconds: Annotated[float, msgspec.Meta(gt=0)] = 1.0


FlavorSource = Literal["acousticbrainz", "essentia", "musicnn"]


class FlavoringSection(Section, frozen=True):
    """The sources of passages' flavors, and the bounds of local analysis.

    Attributes:
        sources: The sources, in order of preference.
        depth: Whether Essentia and musicnn do what a flavor needs, or all they can.
        loudness: Whether to measure loudness.
        models: Folder of the tagging models; empty for the default.
        classifiers: Folder of the user's own classifiers; empty if there is none.
        hours: The active hours of local analysis, as "22:00-06:30"; empty for always.
        cpu_share: Share of all processors that local analysis may use.
    """

    sources: tuple[FlavorSource, ...] = ("acousticbrainz", "essentia", "musicnn")
    depth: Literal["quick", "full"] = "quick"
    loudness: bool = True
    models: str = ""
    classifiers: str = ""
    hours: Annotated[
        str,
        msgspec.Meta(
            pattern=HOURS_PATTERN,
            description='two times of day, as "22:00-06:30", or empty for always',
        ),
    ] = ""
    cpu_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0


Url = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("https?://[^\\s?#@]+"),
        description='the address of a server, as "https://example.org", without'
        " an account or a query",
    ),
]
Rate = Annotated[float, msgspec.Meta(gt=0, le=1_000)]
Contact = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("[ -'*-~]*"),
        max_length=200,
        description="a mail address or a web page, of at most 200 characters of"
        " ASCII without parentheses",
    ),
]
"""Part of a header of every request, as a comment in parentheses."""


class ServicesSection(Section, frozen=True):
    """The addresses and limits of the lookup services.

    Rates are requests started in a second, by the whole process.
    """

    acoustid_url: Url = "https://api.acoustid.org"
    musicbrainz_url: Url = "https://musicbrainz.org"
    acousticbrainz_url: Url = "https://acousticbrainz.org"
    coverartarchive_url: Url = "https://coverartarchive.org"
    acoustid_rate: Rate = 3.0
    musicbrainz_rate: Rate = 1.0
    acousticbrainz_rate: Rate = 1.0
    coverartarchive_rate: Rate = 2.0
    contact: Contact = ""
    connect_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0
    total_seconds: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 30.0
    answer_mib: Annotated[float, msgspec.Meta(gt=0, le=256)] = 32.0


class PageSection(Section, frozen=True):
    """The address of the web page, and who may open it.

    Attributes:
        token: The token that clients on other machines must send.
        hosts: Host names accepted in requests, beside this machine's own.
    """

    shown: bool = True
    address: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 5723
    token: SharedSecret = ""
    hosts: tuple[str, ...] = ()


class LoggingSection(Section, frozen=True):
    """What is logged, to standard error or the journal, and how.

    Attributes:
        level: The least level; empty for the default one.
        format: How lines are written; empty for the journal's fields if it reads them,
            else text.
    """

    level: Literal["debug", "info", "warning", "error", ""] = ""
    format: Literal["text", "json", ""] = ""
