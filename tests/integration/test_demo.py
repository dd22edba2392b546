import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from support.demo import PATIENCE, Demo

from schemas.tables import TELEMETRY
from storage.places import open_lake, open_stores

pytestmark = pytest.mark.kafka


@contextmanager
def _running(folder: Path) -> Iterator[Demo]:
    demo = Demo(folder, "--keep")
    try:
        demo.wait_for_rows()
        yield demo
    finally:
        demo.kill()


def test_a_demo_over_tls_ends_by_itself_and_leaves_its_tables_and_no_process(
    tmp_path: Path,
) -> None:
    with Demo(tmp_path, "--tls", "--seconds", "5") as demo:
        assert demo.wait(within=PATIENCE) == 0, demo.last_lines(60)
        assert demo.left() == []
    said = demo.last_lines(100)
    assert "rows in eu" in said
    for who in ("an analyst", "an operator", "a privacy officer"):
        assert who in said

    settings = demo.settings()
    lake = open_lake(open_stores(settings), settings)
    for place in settings.regions:
        rows = lake[(TELEMETRY.name, place.region)].dataset()
        with duckdb.connect() as reader:
            ((found,),) = reader.execute("select count(*) from rows").fetchall()
        assert found == rows.count_rows() > 0
    for command in _next_commands(said):
        assert demo.in_shell(command, tmp_path), command
    assert (tmp_path / "map.png").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_demo_that_is_ended_leaves_no_process(how: signal.Signals, tmp_path: Path) -> None:
    with _running(tmp_path) as demo:
        os.kill(demo.pid, how)
        assert demo.wait(within=PATIENCE) == (-how if how == signal.SIGKILL else 0)
        assert demo.left() == []


def test_a_demo_whose_worker_dies_says_so_and_stops_the_rest(tmp_path: Path) -> None:
    with _running(tmp_path) as demo:
        (worker,) = (p for p in demo.processes() if "fortnight-worker" in " ".join(p.cmdline()))
        worker.kill()
        assert demo.wait(within=PATIENCE) == 70
        assert demo.left() == []
        assert "worker ended with status -9; the end of" in demo.last_lines(40)


def test_a_demo_whose_worker_does_not_start_says_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with Demo(tmp_path, FORTNIGHT_METRICS_PORT=port) as demo:
            assert demo.wait(within=PATIENCE) == 70
            assert demo.left() == []
            said = demo.last_lines(40)
    assert re.search(r"worker ended with status \d+; the end of .*worker\.log", said)
    assert "in use" in said


def test_a_demo_touches_no_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("mine")
    with Demo(tmp_path) as demo:
        assert demo.wait(within=PATIENCE) == 70
    assert (tmp_path / "demo" / "thesis.txt").read_text() == "mine"


def _next_commands(said: str) -> list[str]:
    """What the end of a demo tells to type, after the file for the shell."""
    _, _, end = said.partition("to look at them:")
    lines = [line[20:] for line in end.splitlines() if "fortnight " in line]
    assert len(lines) == 5
    return lines
