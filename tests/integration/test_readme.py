import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.demo.processes import Process

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")
_PATIENCE = timedelta(seconds=180)


def _commands(block: str) -> list[str]:
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def _blocks(mark: str) -> list[list[str]]:
    found = re.findall(rf"<!-- commands: {mark} -->\n```console\n(.*?)```", README, re.DOTALL)
    return [_commands(block) for block in found]


def test_every_make_target_that_is_told_is_there() -> None:
    told = set(
        re.findall(r"\bmake ([a-z][a-z-]*)", README + (ROOT / "CONTRIBUTING.md").read_text())
    )
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert told <= targets


def test_every_file_that_is_told_is_there() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    paths = re.findall(r"\btests/[\w/.-]+\.py\b", README)
    missing = [path for path in [*links, *paths] if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.kafka
def test_the_commands_beside_a_demo_run_as_printed(tmp_path: Path) -> None:
    (commands,) = _blocks("demo")
    program = Path(sys.executable).with_name("fortnight")
    start = ["/bin/sh", "-c", f"cd '{tmp_path}' && exec '{program}' demo --keep"]
    with Process("demo", start, log=tmp_path / "demo.log") as demo:
        demo.wait_until(lambda: "rows are durable" in demo.last_lines(100), within=_PATIENCE)
        for command in commands[1:]:
            done = subprocess.run(  # noqa: S603 - the README's
                ["/bin/bash", "-euo", "pipefail", "-c", f"{commands[0]}\n{command}"],
                cwd=tmp_path,
                check=False,
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            assert done.stdout, f"{command} says nothing"
        demo.check()
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
