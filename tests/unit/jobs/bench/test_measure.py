import sys
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.bench.measure import CONSUMER_CORE, Measurement, PrintedProgress, measure
from jobs.demo.processes import PartError, Process
from schemas.errors import RetryableError

SOON = timedelta(seconds=20)


def _running(folder: Path, program: str) -> tuple[Process, PrintedProgress]:
    log = folder / "log"
    return Process("program", [sys.executable, "-c", program], log=log), PrintedProgress(log)


def test_a_line_counts_when_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"a warning\nbegan\ndurable 10\ndurable 2")
    progress = PrintedProgress(log)
    assert (progress.has_begun(), progress.durable()) == (True, 10)
    with log.open("ab") as more:
        more.write(b"5\n")
    assert progress.durable() == 25


def test_nothing_is_durable_before_it_is_said(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"")
    progress = PrintedProgress(log)
    assert (progress.has_begun(), progress.durable()) == (False, 0)


def test_what_a_program_does_before_it_begins_does_not_count(tmp_path: Path) -> None:
    program = """
import time
end = time.process_time() + 1.0
while time.process_time() < end: pass
print("began", flush=True)
time.sleep(0.5)
print("durable 1000", flush=True)
time.sleep(60)
"""
    process, progress = _running(tmp_path, program)
    with process:
        measured = measure(process, progress, records=1000, within=SOON)
        process.kill()
    assert measured.records == 1000
    assert measured.seconds > 0.3
    assert measured.cpu < 0.5
    assert measured.resident > 1_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins a program to a core")
def test_a_program_and_its_threads_run_on_one_core(tmp_path: Path) -> None:
    program = f"""
import os, threading, time
time.sleep(0.5)
print("began", flush=True)
def say(): print("durable", int(os.sched_getaffinity(0) == {{{CONSUMER_CORE}}}), flush=True)
threading.Thread(target=say).start()
time.sleep(60)
"""
    process, progress = _running(tmp_path, program)
    with process:
        assert measure(process, progress, records=1, within=SOON).records == 1
        process.kill()


def test_a_program_that_ends_is_an_error_with_its_last_lines(tmp_path: Path) -> None:
    process, progress = _running(tmp_path, "print('began'); raise SystemExit('no more')")
    with process, pytest.raises(PartError, match="no more"):
        measure(process, progress, records=1, within=SOON)


def test_a_program_that_is_not_done_in_time_is_an_error(tmp_path: Path) -> None:
    process, progress = _running(tmp_path, "import time; time.sleep(60)")
    with process:
        with pytest.raises(RetryableError, match="not done in time"):
            measure(process, progress, records=1, within=timedelta(seconds=0.5))
        process.kill()


def test_speed_and_cost_are_a_records() -> None:
    measured = Measurement(records=1_000_000, seconds=4, cpu=3, resident=1)
    assert measured.records_per_second == 250_000
    assert measured.cpu_us_per_record == 3
