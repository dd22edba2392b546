import json
from io import StringIO
from pathlib import Path

from rich.console import Console

from jobs.bench.measure import Measurement
from jobs.bench.report import bars, numbers, show, write
from jobs.bench.suite import (
    PLAIN_LOOP,
    PLAIN_TILES,
    STOCK_FAUST,
    WHOLE_PATH,
    WHOLE_TILES,
    Results,
)

NAMES = {
    "stock_faust_records_per_second",
    "stock_faust_cpu_us_per_record",
    "plain_loop_records_per_second",
    "plain_loop_cpu_us_per_record",
    "whole_path_records_per_second",
    "whole_path_cpu_us_per_record",
    "plain_loop_tiles_per_second",
    "whole_path_tiles_per_second",
    "whole_path_rss_mb",
}


def _run(records_per_second: float, *, cpu: float = 1, resident: int = 0) -> Measurement:
    return Measurement(int(records_per_second), 1, cpu, resident)


def _results(*, whole: float = 200_000, resident: int = 650_000_000) -> Results:
    return Results(
        {
            STOCK_FAUST: [_run(10_000)],
            PLAIN_LOOP: [_run(250_000), _run(300_000), _run(900_000)],
            WHOLE_PATH: [_run(whole)],
            PLAIN_TILES: [_run(30_000)],
            WHOLE_TILES: [_run(20_000)],
        },
        _run(whole, resident=resident),
        "some machine",
    )


def test_the_numbers_are_the_nine_that_others_rely_on() -> None:
    assert set(numbers(_results())) == NAMES


def test_a_number_is_the_median_of_the_rounds() -> None:
    assert numbers(_results())["plain_loop_records_per_second"] == 300_000


def test_memory_is_that_of_the_long_run_in_megabytes() -> None:
    assert numbers(_results())["whole_path_rss_mb"] == 650


def test_every_bar_is_reached_where_the_worker_is_good_enough() -> None:
    assert all(bar.is_reached for bar in bars(numbers(_results())))


def test_a_bar_is_missed_where_the_worker_is_slow_or_large() -> None:
    found = {
        bar.claim
        for bar in bars(numbers(_results(whole=149_000, resident=10**9)))
        if not bar.is_reached
    }
    assert found == {
        "whole path / plain loop",
        "whole path / stock Faust",
        "memory of the whole path, MB",
    }


def test_numbers_are_written_as_one_flat_object(tmp_path: Path) -> None:
    found = numbers(_results())
    write(found, tmp_path / "figures" / "bench.json")
    assert json.loads((tmp_path / "figures" / "bench.json").read_text("utf-8")) == found


def test_the_table_says_who_was_how_fast_and_what_was_missed() -> None:
    results = _results(whole=149_000)
    out = StringIO()
    console = Console(file=out, width=120)
    show(results, numbers(results), console)
    shown = out.getvalue()
    assert "149,000" in shown
    assert "14.9" in shown
    assert "missed  whole path / stock Faust" in shown
    assert "reached  whole path / plain loop, tiles" in shown
