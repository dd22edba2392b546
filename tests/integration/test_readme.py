import os
import re
import signal
from pathlib import Path

import pytest
from support.demo import PATIENCE, Demo

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")


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
def test_the_commands_beside_a_demo_run_as_printed_until_it_is_ended(tmp_path: Path) -> None:
    (commands,) = _blocks("demo")
    with Demo(tmp_path, "--keep") as demo:
        demo.wait_for_rows()
        assert commands[0] == ". build/demo/environment"
        for command in commands[1:]:
            assert demo.in_shell(command, tmp_path), f"{command} says nothing"
        assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
        demo.check()
        os.kill(demo.pid, signal.SIGTERM)
        assert demo.wait(within=PATIENCE) == 0
        assert demo.left() == []
