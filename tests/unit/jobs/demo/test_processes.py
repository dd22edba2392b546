import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread

import psutil
import pytest

from jobs.demo.processes import PartError, Process, free_port, is_listening

_PATIENCE = timedelta(seconds=20)
_FOR_EVER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
_STUBBORN = [
    sys.executable,
    "-c",
    """import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
""",
]
_PARENT = """
import sys, time
from pathlib import Path
from jobs.demo.processes import Process
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
child = Process("child", sleep, log=Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


def _until(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE.total_seconds()
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _started(command: list[str], folder: Path) -> Process:
    process = Process("part", command, log=folder / "log" / "part.log")
    process.wait_until(lambda: "up" in process.last_lines(), within=_PATIENCE)
    return process


def test_a_process_runs_until_it_is_stopped(tmp_path: Path) -> None:
    with _started(_FOR_EVER, tmp_path) as process:
        assert process.is_running()
        process.check()
    assert process.status == -signal.SIGTERM


def test_a_process_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    process = _started(_STUBBORN, tmp_path)
    process.stop(patience=timedelta(seconds=0.2))
    assert process.status == -signal.SIGKILL


def test_a_suspended_process_can_be_stopped(tmp_path: Path) -> None:
    process = _started(_FOR_EVER, tmp_path)
    process.signal(signal.SIGSTOP)
    process.stop()
    assert process.status == -signal.SIGTERM


def test_stopping_twice_does_no_harm(tmp_path: Path) -> None:
    process = _started(_FOR_EVER, tmp_path)
    process.stop()
    process.stop()
    process.kill()


def test_a_process_that_ends_too_early_says_its_name_and_last_lines(tmp_path: Path) -> None:
    lines = "".join(f"print({i});" for i in range(50))
    process = Process("oven", [sys.executable, "-c", lines + "exit(3)"], log=tmp_path / "oven.log")
    with pytest.raises(PartError, match=r"(?s)oven ended with status 3.*48\n49") as failure:
        process.wait_until(lambda: False, within=_PATIENCE)
    assert "\n30\n" not in str(failure.value)


def test_a_process_that_is_not_ready_in_time_is_stopped(tmp_path: Path) -> None:
    process = Process("oven", _FOR_EVER, log=tmp_path / "oven.log")
    with pytest.raises(PartError, match=r"oven was not ready within 0\.2 s"):
        process.wait_until(lambda: False, within=timedelta(seconds=0.2))
    assert not process.is_running()


def test_a_process_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    started: list[Process] = []
    thread = Thread(target=lambda: started.append(_started(_FOR_EVER, tmp_path)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    with started[0] as process:
        assert process.is_running()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_its_parent(how: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PARENT, str(tmp_path / "log")]
    with subprocess.Popen(  # noqa: S603 - a command of the test
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.send_signal(how)
    assert _until(lambda: not psutil.pid_exists(child))


def test_ctrl_c_in_the_terminal_does_not_reach_the_process(tmp_path: Path) -> None:
    with _started(_FOR_EVER, tmp_path) as process:
        assert os.getpgid(process.pid) == process.pid
        assert os.getsid(process.pid) != os.getsid(0)


def test_a_free_port_is_one_on_which_nobody_listens() -> None:
    port = free_port()
    assert port < 32_768
    assert not is_listening(port)
