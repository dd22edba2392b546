import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs.costs import hour
from jobs.costs.compaction import QUESTIONS, Scale, measure, questions, table
from schemas.errors import SettingsError
from storage.directory import DirectoryStore

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs" / "analysts.md").read_text("utf-8")
SMALL = Scale(robots=2, period=timedelta(minutes=20))


def test_an_hour_is_compacted_to_a_file_a_table_and_answers_stay_the_same(tmp_path: Path) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the store's clock is the machine's
    figures = measure(DirectoryStore(tmp_path), questions(GUIDE), SMALL, now)
    for name in ("telemetry", "map_tiles", "cleaning_history"):
        assert figures[f"{name}_before_objects"] > figures[f"{name}_after_objects"] == 1
        assert figures[f"{name}_before_bytes"] > figures[f"{name}_after_bytes"] > 0
        assert figures[f"{name}_rows"] > 0
    for name in QUESTIONS:
        assert figures[f"{name}_before_seconds"] > 0
        assert figures[f"{name}_after_seconds"] > 0
    assert table(figures).count("\n") == 1 + 2 * 3 + len(QUESTIONS)


def test_an_hour_is_the_same_every_time_and_all_of_it_in_the_hour() -> None:
    begin = hour.begin_before(datetime(2026, 11, 21, 5, 30, tzinfo=UTC))
    assert begin == datetime(2026, 11, 20, 23, tzinfo=UTC)
    one, two = (list(hour.flushes(begin, 1, timedelta(minutes=30))) for _ in range(2))
    assert all(a is b and rows.equals(same) for (a, rows), (b, same) in zip(one, two, strict=True))
    times = [time for _, rows in one for time in rows["event_time"].to_pylist()]
    assert begin <= min(times) <= max(times) < begin + hour.HOUR


def test_a_guide_without_the_questions_is_an_error() -> None:
    with pytest.raises(SettingsError, match="question"):
        questions("# A guide to something else\n")


def test_the_readme_shows_the_table_that_the_benchmark_prints() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "fortnight bench-compact" in readme
    for heading in QUESTIONS.values():
        row = rf"\n\| {re.escape(heading)} \| [\d.]+ s \| [\d.]+ s \|\n"
        assert re.search(row, readme)
