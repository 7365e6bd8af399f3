"""Adds the generated operations, which are kept with those of the other languages, to what is built."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GeneratedOperations(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        generated = Path(self.root, "..", "..", "generated", "python", "operations").resolve()
        # A source distribution has them already, in their place.
        if not Path(self.root, "src", "signalbox_client", "operations").is_dir():
            prefix = "src/" if self.target_name == "sdist" else ""
            build_data["force_include"][str(generated)] = f"{prefix}signalbox_client/operations"
