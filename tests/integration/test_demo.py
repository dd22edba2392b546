import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import duckdb
import psutil
import pytest

from jobs.demo.processes import Process
from schemas.settings import Settings
from schemas.tables import TELEMETRY
from storage.places import open_lake, open_stores

pytestmark = pytest.mark.kafka

_PATIENCE = timedelta(seconds=180)
_PARTS = len(["the demo", "Kafka", "S3", "worker", "fleet", "expire", "sweep"])
_PROGRAM = str(Path(sys.executable).with_name("fortnight"))


class Demo(Process):
    """A demo whose processes all carry a mark in their environment."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.mark = uuid4().hex
        self.folder = folder / "demo"
        command = [_PROGRAM, "demo", "--folder", str(self.folder), "--robots", "20", *arguments]
        environment = {**os.environ, **variables, "TEST_MARK": self.mark}  # noqa: TID251 - inherited
        super().__init__("demo", command, log=folder / "out", env=environment)

    def has_rows(self) -> bool:
        return "first rows are durable" in self.log.read_text("utf-8")

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


@contextmanager
def _running(folder: Path) -> Iterator[Demo]:
    demo = Demo(folder, "--keep")
    try:
        demo.wait_until(demo.has_rows, within=_PATIENCE)
        demo.wait_until(lambda: len(demo.processes()) == _PARTS, within=_PATIENCE)
        yield demo
    finally:
        demo.kill()


def test_a_demo_ends_by_itself_and_leaves_its_tables_and_no_process(tmp_path: Path) -> None:
    with Demo(tmp_path, "--seconds", "5") as demo:
        assert demo.wait(within=_PATIENCE) == 0, demo.last_lines(60)
        assert demo.left() == []
    said = demo.last_lines(100)
    assert "rows in eu" in said
    for who in ("an analyst", "an operator", "a privacy officer"):
        assert who in said

    settings = Settings.load(_exported(demo))
    lake = open_lake(open_stores(settings), settings)
    for place in settings.regions:
        rows = lake[(TELEMETRY.name, place.region)].dataset()
        with duckdb.connect() as reader:
            ((found,),) = reader.execute("select count(*) from rows").fetchall()
        assert found == rows.count_rows() > 0
    for command in _next_commands(said):
        assert _in_shell(demo, f"cd {tmp_path} && {command}"), command
    assert (tmp_path / "map.png").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_ended_leaves_no_process(how: signal.Signals, tmp_path: Path) -> None:
    with _running(tmp_path) as demo:
        os.kill(demo.pid, how)
        assert demo.wait(within=_PATIENCE) == (-how if how == signal.SIGKILL else 0)
        assert demo.left() == []


def test_a_demo_whose_worker_dies_says_so_and_stops_the_rest(tmp_path: Path) -> None:
    with _running(tmp_path) as demo:
        (worker,) = (p for p in demo.processes() if "fortnight-worker" in " ".join(p.cmdline()))
        worker.kill()
        assert demo.wait(within=_PATIENCE) == 70
        assert demo.left() == []
        assert "worker ended with status -9; the end of" in demo.last_lines(40)


def test_a_demo_whose_worker_does_not_start_says_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with Demo(tmp_path, FORTNIGHT_METRICS_PORT=port) as demo:
            assert demo.wait(within=_PATIENCE) == 70
            assert demo.left() == []
            said = demo.last_lines(40)
    assert re.search(r"worker ended with status \d+; the end of .*worker\.log", said)
    assert "in use" in said


def test_a_demo_touches_no_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("mine")
    with Demo(tmp_path) as demo:
        assert demo.wait(within=_PATIENCE) == 70
    assert (tmp_path / "demo" / "thesis.txt").read_text() == "mine"


def _next_commands(said: str) -> list[str]:
    """What the end of a demo tells to type, after the file for the shell."""
    _, _, end = said.partition("to look at them:")
    lines = [line[20:] for line in end.splitlines() if "fortnight " in line]
    assert len(lines) == 5
    return lines


def _in_shell(demo: Demo, command: str) -> str:
    """The output of a command in a shell that is set up for the demo."""
    return subprocess.run(  # noqa: S603 - a command that the demo tells
        ["/bin/bash", "-euo", "pipefail", "-c", f". {demo.folder}/environment && {command}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def _exported(demo: Demo) -> dict[str, str]:
    pairs = (line.partition("=")[::2] for line in _in_shell(demo, "env").splitlines())
    return {name: value for name, value in pairs if name.startswith("FORTNIGHT_")}
