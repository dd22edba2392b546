"""The README's commands, run as printed beside the demo that it tells to start."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
_BLOCK = re.compile(r"<!-- commands: (\w+) -->\n```console\n(.*?)```", re.DOTALL)
_READY_WITHIN = 180.0


def commands(of: str) -> list[str]:
    """The commands of the blocks that are marked so, in order."""
    blocks = [text for name, text in _BLOCK.findall(README) if name == of]
    return [line.removeprefix("$ ") for text in blocks for line in text.splitlines()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a demo keeps its things, with rows of every table stored; it runs until the end."""
    folder = tmp_path_factory.mktemp("readme")
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [Path(sys.executable).with_name("fortnight"), "demo", "--keep"],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_stored(folder, process)
            yield folder
        finally:
            process.terminate()
            process.wait(60)


def _wait_until_stored(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _READY_WITHIN
    tables = {"telemetry", "map_tiles", "cleaning_history", "dead_letters"}
    while time.monotonic() < until:
        assert process.poll() is None, (folder / "output").read_text("utf-8")
        seen = _run(folder, ". build/demo/environment && fortnight tables")
        if seen.returncode == 0 and all(table in seen.stdout for table in tables):
            return
        time.sleep(1)
    pytest.fail(f"no rows after {_READY_WITHIN} s: {(folder / 'output').read_text('utf-8')}")


def _run(folder: Path, line: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - the README's own commands
        ["/bin/bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_readmes_commands_work_as_printed(demo: Path) -> None:
    shell, *others = commands("demo")
    assert len(others) >= 10
    for line in others:
        ended = _run(demo, f"{shell} && {line}")
        assert ended.returncode == 0, f"{line}\n{ended.stdout}\n{ended.stderr}"
        assert ended.stdout.strip(), line


def test_the_table_of_settings_is_current() -> None:
    for variable, default, meaning in Settings.reference():
        shown = f"`{default}`" if default else "empty"
        assert f"| `{variable}` | {shown} | {meaning} |" in README


def test_every_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
