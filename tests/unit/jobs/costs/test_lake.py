from datetime import UTC, datetime
from pathlib import Path

from jobs.costs.lake import FILES_A_VERSION, build, measure, misses


def test_a_small_log_has_what_was_made_up_and_opens_fast(tmp_path: Path) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    build(tmp_path, now, 400)
    figures = measure(tmp_path, now)
    assert figures["log_versions"] == 400
    assert figures["live_files"] == 399 * FILES_A_VERSION
    assert figures["compaction_tasks"] > 100
    assert 0 < figures["files_to_expire"] < figures["live_files"]
    assert not misses(figures)
    assert all(value > 2**24 for name, value in figures.items() if name.endswith("peak_bytes"))


def test_memory_is_that_of_the_job_and_not_of_the_process_that_asks(tmp_path: Path) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    build(tmp_path, now, 10)
    ours = b"x" * 2**29
    assert measure(tmp_path, now)["open_peak_bytes"] < len(ours)


def test_what_takes_too_long_is_told() -> None:
    fast = {"open_seconds": 1.0}
    for job in ("compaction_plan", "expiry_plan"):
        fast |= {f"{job}_seconds": 2.0, f"{job}_peak_bytes": 3e8}
    assert misses(fast) == []
    assert misses({**fast, "open_seconds": 3.5}) == ["open_seconds is 3.5, at most 3 was wanted"]
    assert len(misses({**fast, "expiry_plan_peak_bytes": 2e9})) == 1
