"""What a new library needs from a person: its music folders, and AcoustID's key."""

import asyncio
from typing import Final

from segued import __version__
from segued.clients.acoustid import AcoustId
from segued.clients.clock import Clock
from segued.clients.http import open_session
from segued.clients.rate_limit import RateLimiter
from segued.clients.service_client import ServiceClient
from segued.daemon.daemon import Daemon
from segued.daemon.served_folders import with_chosen_folders
from segued.errors import DaemonError, ServiceAuthError, ServiceError
from segued.intake import folder_choices
from segued.intake.folder_choices import FolderChoices
from segued.media.disk_calls import call_disk
from segued.paths import shown
from segued.store import settings
from segued.store.reading.new_library import is_first_visit
from segued.units import Seconds
from segued.web.setup import KeyCheck, Setup

__all__ = ["FirstVisit"]

DISK_SECONDS: Final = Seconds(5.0)
"""How long a folder may take to be listed."""

ANY: Final = b"folder choices"
"""Stands for all folders: of the listings of dead disks, only few may hang."""

CHECKS_PER_SECOND: Final = 1.0
"""Beside the lookups of the import, of which AcoustID allows three a second."""


class FirstVisit:
    """Answers what the first visit asks, and stores what it decides."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon: Final = daemon
        self._clock: Final = Clock()
        self._turns: Final = RateLimiter(CHECKS_PER_SECOND, self._clock)

    async def setup(self) -> Setup:
        """Return what was set up, and whether a person should be asked.

        Raises:
            StoreError: The library cannot be read.
        """
        run_config = self._daemon.run_config
        return Setup(
            is_first_visit=await asyncio.to_thread(
                is_first_visit, self._daemon.store.path
            ),
            account=folder_choices.account_name(),
            folders=[shown(root) for root in run_config.roots],
            folders_fixed_by=run_config.folders_fixed_by,
            has_key=self._daemon.settings.acoustid_api_key is not None,
            fixed=list(run_config.config.pinned.as_dict()),
            acoustid=run_config.config.services.acoustid_url,
            is_offline=run_config.offline,
        )

    async def finish(self) -> Setup:
        """Store that the first visit has ended.

        Raises:
            StoreError: The library cannot be written.
        """
        await self._daemon.store.do(
            settings.save, settings.FIRST_VISIT_ENDED, value=True
        )
        return await self.setup()

    async def folder_choices(self, path: bytes | None) -> FolderChoices:
        """Return the folders in a folder; without one, the places where music may be.

        Raises:
            DaemonError: The folders are fixed, so there is nothing to choose; or the
                disk does not respond.
        """
        fixed_by = self._daemon.run_config.folders_fixed_by
        if fixed_by:
            raise DaemonError(f"the music folders are fixed by {fixed_by}")
        extensions = frozenset(self._daemon.run_config.config.scanning.extensions)
        try:
            if path is None:
                return await call_disk(ANY, DISK_SECONDS, folder_choices.list_places)
            return await call_disk(
                ANY,
                DISK_SECONDS,
                folder_choices.list_folder,
                path,
                extensions,
                in_container=folder_choices.is_in_container(),
            )
        except TimeoutError:
            where = shown(path or b"/")
            raise DaemonError(f"{where}: the disk does not respond") from None

    async def check_folders(self, folders: tuple[str, ...]) -> None:
        """Check that music folders can be chosen, and that these are valid.

        Raises:
            ConfigError: The library or its backups are inside of one.
            DaemonError: The command line or the configuration file fixes the folders.
        """
        run_config = self._daemon.run_config
        if run_config.folders_fixed_by:
            raise DaemonError(
                f"the music folders are fixed by {run_config.folders_fixed_by}"
            )
        await asyncio.to_thread(with_chosen_folders, run_config, folders)

    async def check_key(self, key: str | None) -> KeyCheck:
        """Ask AcoustID whether it accepts a key; with None, the key in the settings.

        Raises:
            DaemonError: There is no key, AcoustID gives no usable answer, or segued
                runs offline.
        """
        run_config = self._daemon.run_config
        stored = self._daemon.settings
        key = key or stored.acoustid_api_key
        if key is None:
            raise DaemonError("no key is set")
        if run_config.offline:
            raise DaemonError("segued runs offline and asks no service")
        services = run_config.config.services
        async with open_session(services, __version__, stored.contact) as session:
            client = ServiceClient(
                "AcoustID",
                services.acoustid_url,
                rate=services.acoustid_rate,
                session=session,
                clock=self._clock,
                limits=services,
            )
            await self._turns.acquire()
            try:
                await AcoustId(client, key).check_key()
            except ServiceAuthError as error:
                return KeyCheck(is_accepted=False, detail=str(error))
            except ServiceError as error:
                raise DaemonError(str(error)) from error
        return KeyCheck(is_accepted=True, detail="AcoustID accepts the key")
