import json
import re
from dataclasses import replace
from datetime import timedelta
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from jobs.cli import app
from jobs.sizing import UTILISATION, Load, Measured, Size, plan
from schemas.errors import SettingsError
from schemas.settings import Settings

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "tuning.md").read_text("utf-8")
MEASURED = Measured.of({})
ROOMY = Settings(flush_rows=10**12, memory_budget=10**15)

LOADS = st.builds(
    Load,
    robots=st.integers(1, 2_000_000),
    cleaning_hours=st.floats(0, 24),
    cleaning_seconds=st.floats(0.5, 60),
    idle_seconds=st.floats(10, 3600),
    tiles=st.floats(0, 2000),
    cleanings=st.floats(0, 20),
    peak=st.floats(1, 10),
)
PERIODS = st.floats(0.5, 600).map(lambda seconds: timedelta(seconds=seconds))
SETTINGS = st.builds(
    Settings,
    partitions=st.integers(0, 200),
    flush_period=PERIODS,
    flush_rows=st.integers(1000, 10**6),
    memory_budget=st.integers(2**26, 2**31),
    regions=st.sampled_from([Settings().regions, Settings().regions[:1]]),
)


def grows(size: Size) -> list[float]:
    return [
        size.records,
        size.cores,
        size.workers,
        size.memory_mb,
        size.commits,
        size.flushed_objects,
        size.flushed_bytes,
        size.stored_bytes,
        size.objects,
        size.kafka_bytes,
        size.log_bytes,
        *(one.puts for one in size.requests.values()),
        *(one.gets for one in size.requests.values()),
    ]


def at_least(small: list[float], large: list[float]) -> bool:
    return all(a <= b * (1 + 1e-9) for a, b in zip(small, large, strict=True))


@given(LOADS, SETTINGS, st.integers(1, 1_000_000))
def test_more_robots_never_need_less(load: Load, settings: Settings, more: int) -> None:
    larger = replace(load, robots=load.robots + more)
    few, many = (plan(one, settings, MEASURED) for one in (load, larger))
    assert at_least(grows(few), grows(many))


@given(LOADS, SETTINGS)
def test_one_worker_may_die_at_the_peak_and_no_other_is_too_busy(
    load: Load, settings: Settings
) -> None:
    size = plan(load, settings, MEASURED)
    assert size.workers >= 2
    shares = [size.partitions // (size.workers - 1)] * (size.workers - 1)
    for left_over in range(size.partitions - sum(shares)):
        shares[left_over] += 1
    assert max(shares) / size.partitions * size.cores <= UTILISATION


@given(LOADS, SETTINGS)
def test_every_worker_has_as_many_partitions_and_none_is_taken_away(
    load: Load, settings: Settings
) -> None:
    size = plan(load, settings, MEASURED)
    assert size.partitions % size.workers == 0
    assert size.partitions >= settings.partitions


@given(LOADS, PERIODS)
def test_twice_the_flush_period_never_puts_more_and_at_best_half(
    load: Load, period: timedelta
) -> None:
    one, two = (
        plan(load, replace(ROOMY, flush_period=times * period), MEASURED).commits
        for times in (1, 2)
    )
    assert one / 2 * (1 - 1e-9) <= two <= one * (1 + 1e-9)


@given(st.integers(300_000, 2_000_000), st.floats(10, 600))
def test_where_records_always_come_twice_the_flush_period_halves_commits_and_objects(
    robots: int, seconds: float
) -> None:
    one, two = (
        plan(
            Load(robots=robots, cleanings=500),
            replace(
                ROOMY, memory_budget=10**15, flush_rows=10**12, flush_period=timedelta(seconds=s)
            ),
            MEASURED,
        )
        for s in (seconds, 2 * seconds)
    )
    assert two.commits == pytest.approx(one.commits / 2, rel=0.05)
    assert two.flushed_objects == pytest.approx(one.flushed_objects / 2, rel=0.05)


@given(LOADS, SETTINGS)
def test_a_fortnight_of_days_is_kept(load: Load, settings: Settings) -> None:
    size = plan(load, settings, MEASURED)
    assert size.kept_bytes == size.stored_bytes * 14


@given(LOADS, SETTINGS)
def test_every_flush_is_an_entry_in_every_destination_and_its_files_are_put_and_looked_for(
    load: Load, settings: Settings
) -> None:
    size = plan(load, settings, MEASURED)
    made = size.requests["workers"]
    assert made.puts >= size.flushed_objects + size.commits
    assert made.gets >= size.flushed_objects
    assert size.total.puts == pytest.approx(sum(one.puts for one in size.requests.values()))
    assert all(0 <= number < inf for number in grows(size))


@given(LOADS)
def test_a_flush_that_rows_or_memory_end_comes_sooner(load: Load) -> None:
    roomy = plan(load, ROOMY, MEASURED).commits
    for tight in (replace(ROOMY, flush_rows=1000), replace(ROOMY, memory_budget=10**6)):
        assert plan(load, tight, MEASURED).commits >= roomy * (1 - 1e-9)


def test_what_was_measured_on_ones_own_machine_counts() -> None:
    figures = {
        "whole_path_records_per_second": 2 * MEASURED.records_per_second,
        "whole_path_tiles_per_second": 2 * MEASURED.tiles_per_second,
        "whole_path_rss_mb": 1500.0,
        "compacted_bytes_per_row": 14.7,
        "telemetry_rows": 1000.0,
        "telemetry_after_bytes": 17_475.0,
        "telemetry_after_objects": 1.0,
    }
    own = Measured.of(figures)
    assert own.tables["telemetry"].compacted == 5
    assert own.tables["map_tiles"].compacted == 14.7
    assert own.tables["cleaning_history"] == MEASURED.tables["cleaning_history"]
    load = Load(robots=1_000_000)
    twice, usual = plan(load, Settings(), own), plan(load, Settings(), MEASURED)
    assert twice.cores == pytest.approx(usual.cores / 2)
    assert twice.memory_mb == twice.workers * 1500


def test_the_hour_that_was_measured_is_told_right() -> None:
    rows, files, size, compacted = 92_704, 360, 6_479_137, 256_741
    one = MEASURED.tables["telemetry"]
    assert files * one.file + rows * one.hot == pytest.approx(size, rel=0.01)
    assert one.file + rows * one.compacted == pytest.approx(compacted, rel=0.02)


def test_the_command_prints_the_same_for_people_and_for_programs() -> None:
    told = CliRunner().invoke(app, ["size", "--robots", "5000", "--peak", "3"])
    found = CliRunner().invoke(app, ["size", "--robots", "5000", "--peak", "3", "--json"])
    size = plan(Load(robots=5000, peak=3), Settings(), MEASURED)
    numbers = json.loads(found.output)
    assert numbers["commits"] == size.commits
    assert numbers["kept_bytes"] == size.kept_bytes
    assert f"{size.commits:,.0f}" in told.output
    assert f"{size.total.gets:,.0f}" in told.output


def test_the_command_takes_figures_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text('{"whole_path_rss_mb": 1000}')
    arguments = ["size", "--robots", "10", "--figures", str(tmp_path), "--json"]
    assert json.loads(CliRunner().invoke(app, arguments).output)["memory_mb"] == 2000


@pytest.mark.parametrize("text", ["", "[]", '{"whole_path_rss_mb": "many"}'])
def test_figures_that_are_none_are_an_error(tmp_path: Path, text: str) -> None:
    arguments = ["size", "--robots", "10", "--figures", str(tmp_path)]
    assert isinstance(CliRunner().invoke(app, arguments).exception, SettingsError)
    (tmp_path / "bench.json").write_text(text)
    assert isinstance(CliRunner().invoke(app, arguments).exception, SettingsError)


def test_the_guide_shows_what_the_command_says() -> None:
    rows = re.findall(r"^\| (\d+) s \| (.*) \|$", GUIDE, re.MULTILINE)
    assert [int(seconds) for seconds, _ in rows] == [2, 10, 30, 60, 300]
    for seconds, told in rows:
        settings = Settings(flush_period=timedelta(seconds=int(seconds)))
        size = plan(Load(robots=10_000), settings, MEASURED)
        numbers = (size.flushed_objects, size.commits, size.total.puts, size.total.gets)
        assert told == " | ".join(f"{number:,.0f}" for number in numbers)


def test_the_readme_leads_to_the_guide() -> None:
    assert "(docs/tuning.md)" in (ROOT / "README.md").read_text("utf-8")


def test_the_guide_names_no_option_that_is_not_there() -> None:
    usage = CliRunner().invoke(app, ["size", "--help"], env={"COLUMNS": "200"}).output
    for line in re.findall(r"fortnight size ([^`\n]*)", GUIDE):
        assert [one for one in re.findall(r"--[a-z-]+", line) if one not in usage] == []
