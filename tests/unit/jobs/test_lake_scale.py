from datetime import UTC, datetime
from pathlib import Path

from jobs.lake_scale import FILES_A_VERSION, build, measure, misses


def test_a_small_log_has_what_was_made_up_and_opens_fast(tmp_path: Path) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    build(tmp_path, now, 400)
    figures = measure(tmp_path, now)
    assert figures["log_versions"] == 400
    assert figures["live_files"] == 399 * FILES_A_VERSION
    assert figures["compaction_tasks"] > 100
    assert 0 < figures["files_to_expire"] < figures["live_files"]
    # Memory is that of the whole run of tests here: only a process of its own can judge it.
    assert not [one for one in misses(figures) if "seconds" in one]


def test_what_takes_too_long_is_told() -> None:
    fast = {"open_seconds": 1.0}
    for job in ("compaction_plan", "expiry_plan"):
        fast |= {f"{job}_seconds": 2.0, f"{job}_peak_bytes": 3e8}
    assert misses(fast) == []
    assert misses({**fast, "open_seconds": 3.5}) == ["open_seconds is 3.5, at most 3 was wanted"]
    assert len(misses({**fast, "expiry_plan_peak_bytes": 2e9})) == 1
