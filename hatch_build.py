"""Adds to the wheel what is not Python: units, configuration, completions, man pages.

The first two are in the package, for `segued service install`; the others also where
shells and `man` look for them below the prefix of an environment. An editable
installation has the first two in the checkout.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ServiceFilesHook(BuildHookInterface[BuilderConfig]):
    """Generates files before the wheel is written, and deletes them afterwards."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to a wheel, but not to an editable one."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "daemon"))
        from segued.cli.service_files import SOURCES, generated_files  # noqa: PLC0415

        for name in SOURCES:
            build_data["force_include"][str(root / name)] = f"segued/service/{name}"
        self._temporary = TemporaryDirectory(prefix="segued-wheel-")
        for name, text in generated_files().items():
            path = Path(self._temporary.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            build_data["shared_data"][str(path)] = f"share/{name}"

    def finalize(
        self,
        version: str,  # noqa: ARG002
        build_data: dict[str, Any],  # noqa: ARG002
        artifact_path: str,  # noqa: ARG002
    ) -> None:
        """Delete the generated files."""
        if hasattr(self, "_temporary"):
            self._temporary.cleanup()
