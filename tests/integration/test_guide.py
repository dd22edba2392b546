import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.demo import PATIENCE, Demo

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "analysts.md").read_text("utf-8")
BLOCKS = re.findall(r"<!-- run -->\n```(\w+)\n(.*?)```", GUIDE, re.DOTALL)
QUESTIONS = re.findall(r"^### (.*\?)$", GUIDE, re.MULTILINE)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that is over, and has left its tables behind."""
    with Demo(tmp_path_factory.mktemp("guide"), "--seconds", "15", "--rate", "800") as running:
        assert running.wait(within=PATIENCE) == 0, running.last_lines()
        yield running


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def test_the_guide_answers_five_questions_and_runs_all_that_it_shows() -> None:
    assert len(QUESTIONS) == 5
    shown = re.findall(r"```(sql|python)\n", GUIDE)
    assert len(shown) == len(blocks("sql")) + len(blocks("python"))
    for question in QUESTIONS:
        assert "```sql" in GUIDE.split(f"### {question}\n")[1].split("\n#")[0]


def test_every_file_that_the_guide_tells_of_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", GUIDE)
    paths = re.findall(r"\btests/[\w/.-]+\.py\b", GUIDE)
    assert [one for one in links if not (ROOT / "docs" / one).exists()] == []
    assert [one for one in paths if not (ROOT / one).exists()] == []


@pytest.mark.kafka
@pytest.mark.parametrize("query", blocks("sql"))
def test_every_query_has_an_answer(query: str, demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "question.sql").write_text(query, "utf-8")
    told = demo.in_shell('fortnight sql --format csv "$(cat question.sql)"', tmp_path)
    rows = list(csv.DictReader(told.splitlines()))
    assert rows
    for name in rows[0]:
        assert any(row[name] for row in rows), f"{name} is empty"


@pytest.mark.kafka
@pytest.mark.parametrize("program", blocks("python"))
def test_every_program_says_something(program: str, demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(program, "utf-8")
    assert demo.in_shell(f"{sys.executable} program.py", tmp_path).strip()


@pytest.mark.kafka
def test_every_command_works_and_draws_what_it_says(demo: Demo, tmp_path: Path) -> None:
    for block in blocks("console"):
        commands = [line.removeprefix("$ ") for line in block.splitlines()]
        assert demo.in_shell("\n".join(commands), tmp_path)
    for name in ("map.png", "grown.gif", "swept.png", "tiles.parquet"):
        assert (tmp_path / name).stat().st_size > 0
