"""A demo as a user starts it, whose processes can all be found."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psutil
from support.lean import LEAN

from jobs.demo.processes import Process
from schemas.settings import PREFIX, Settings

PARTS = len(["the demo", "Kafka", "S3", "worker", "fleet", "compact", "expire", "follow", "sweep"])
PATIENCE = timedelta(seconds=180)
_SMALL = ("--robots", "20", "--rate", "100")
_PROGRAM = str(Path(sys.executable).with_name("fortnight"))


def listening(processes: Iterable[psutil.Process]) -> dict[str, set[str]]:
    """Program -> the addresses that it listens on, TCP and UDP; without those of none."""
    found: dict[str, set[str]] = {}
    for process in processes:
        name = " ".join(process.cmdline())
        for socket in process.net_connections("inet"):
            if socket.status in {psutil.CONN_LISTEN, psutil.CONN_NONE} and not socket.raddr:
                found.setdefault(name, set()).add(socket.laddr.ip.removeprefix("::ffff:"))
    return found


class Demo(Process):
    """A demo whose processes all carry a mark in their environment."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.mark = uuid4().hex
        self.folder = folder / "demo"
        command = [_PROGRAM, "demo", "--folder", str(self.folder), *_SMALL, *arguments]
        ours = {"TEST_MARK": self.mark, "PYTHONPATH": LEAN}
        environment = {**os.environ, **variables, **ours}  # noqa: TID251 - inherited
        super().__init__("demo", command, log=folder / "out", env=environment)

    def wait_for_rows(self) -> None:
        """Return when rows are durable and every part runs."""
        self.wait_until(lambda: "rows are durable" in self.last_lines(100), within=PATIENCE)
        self.wait_until(lambda: len(self.processes()) == PARTS, within=PATIENCE)

    def processes(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_mine(process)]

    def left(self) -> list[psutil.Process]:
        """What still runs a moment later: the kernel needs one for children of the killed."""
        deadline = time.monotonic() + 10
        while (running := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return running

    def _is_mine(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("TEST_MARK") == self.mark and (
                process.status() != psutil.STATUS_ZOMBIE
            )
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def environment(self) -> dict[str, str]:
        """Of a shell that is set up for it."""
        lines = self.in_shell("env", self.folder).splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def settings(self) -> Settings:
        """As every part of it has them."""
        given = self.environment().items()
        return Settings.load({name: value for name, value in given if name.startswith(PREFIX)})

    def in_shell(self, command: str, folder: Path) -> str:
        """The output of a command in a shell that is set up for the demo."""
        done = subprocess.run(  # noqa: S603 - a command that we tell people to type
            ["/bin/bash", "-euo", "pipefail", "-c", f". {self.folder}/environment\n{command}"],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE.total_seconds(),
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout
