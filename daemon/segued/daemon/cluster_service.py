"""Runs the daemon's side of the cluster as the configuration says."""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from segued.cluster.makeup import collect_makeup, makeup_for
from segued.cluster.nodes import Nodes
from segued.cluster.remote_analysis import RemoteAnalysis
from segued.compute.pools import ProcessPools
from segued.config.cluster_sections import SentWork
from segued.config.config import Config
from segued.config.default_paths import spool_folder
from segued.errors import SeguedError

__all__ = ["ClusterService"]

log: Final = structlog.get_logger()

RETRY_SECONDS: Final = 30.0
"""How long after an error, such as a port in use, another try is made."""


class ClusterService:
    """Lets nodes join while the configuration has an address to listen on.

    Attributes:
        remote: The analysis by nodes; None if none may join.
        trouble: Why none can join at the moment; empty if they can.
    """

    def __init__(self, compute: ProcessPools) -> None:
        self.remote: RemoteAnalysis | None = None
        self.trouble = ""
        self._compute: Final = compute
        self._task: asyncio.Task[None] | None = None
        self._settings: tuple[object, ...] = ()

    @property
    def nodes(self) -> Nodes | None:
        """The nodes that have joined; None if none may."""
        return self.remote.nodes if self.remote else None

    async def configure(self, config: Config, roots: Sequence[bytes]) -> None:
        """Listen as a configuration says; nodes stay if nothing of it has changed."""
        folders = (config.cluster_folder, config.models_folder)
        settings = (config.cluster, config.flavoring.sources, *folders, tuple(roots))
        if settings == self._settings:
            return
        await self.close()
        self._settings = settings
        if config.cluster.listen:
            self.remote = RemoteAnalysis(Nodes())
            self._task = asyncio.create_task(
                self._run(config, roots, self.remote.nodes)
            )

    async def close(self) -> None:
        """Stop listening, and let all nodes go."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._task, self.remote, self._settings = None, None, ()
        self.trouble = ""

    async def _run(self, config: Config, roots: Sequence[bytes], nodes: Nodes) -> None:
        while True:
            try:
                nodes.makeups = await self._makeups(config)
                await self._listen(config, roots, nodes)
            except SeguedError as error:
                self.trouble = str(error)
                log.error("cluster.failed", reason=str(error))  # noqa: TRY400
            except Exception as error:
                self.trouble = f"{type(error).__name__}: {error}"
                log.exception("cluster.crashed")
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(
        self, config: Config, roots: Sequence[bytes], nodes: Nodes
    ) -> None:
        # The library for connections is imported only where nodes may join, and not by
        # the event loop: it takes a second.
        module: Any = await asyncio.to_thread(
            importlib.import_module, "segued.cluster.scheduler"
        )
        scheduler = module.ClusterScheduler(
            config.cluster,
            config.cluster_folder,
            spool_folder(config.database),
            nodes,
            roots,
        )
        await scheduler.run(self._clear_trouble)

    def _clear_trouble(self) -> None:
        self.trouble = ""

    async def _makeups(self, config: Config) -> Mapping[SentWork, Mapping[str, str]]:
        """Return the versions that results depend on, by the kind of work."""
        models = str(config.models_folder)
        makeup = await self._compute.run_short(None, collect_makeup, b"/", models)
        sources = config.flavoring.sources
        return {work: makeup_for(work, makeup, sources) for work in config.cluster.send}
