"""docker-compose.yml without Docker: its services as processes on this machine."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from jobs.demo.processes import Process

ROOT = Path(__file__).parent.parent.parent
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where services run instead of in containers.

    Attributes:
        folder: For what a container would have in a volume, and for logs.
        places: What the document says -> what it is here: addresses, paths, ports.
    """

    folder: Path
    places: Mapping[str, str]

    def here(self, text: str) -> str:
        """A text of the document, with what is meant on this machine."""
        for there, here in self.places.items():
            text = text.replace(there, here)
        return text.replace("$$", "$")

    def run(self, name: str) -> Process:
        """Start a service's command with its environment, and nothing else."""
        service = SERVICES[name]
        programs = Path(sys.executable).parent
        environment = {
            "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
            "AWS_EC2_METADATA_DISABLED": "true",
            **{key: self.here(value) for key, value in service["environment"].items()},
        }
        return self._start(name, service["command"], environment)

    def healthcheck(self, name: str) -> Process:
        """Run a service's health check."""
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
        return self._start(f"{name}-health", command, path)

    def _start(self, name: str, command: list[str], environment: Mapping[str, str]) -> Process:
        words = [self.here(word) for word in command]
        program = Path(sys.executable).with_name(words[0])
        words[0] = str(program) if program.exists() else words[0]
        return Process(name, words, log=self.folder / f"{name}.log", env=environment)
