import re
from pathlib import Path

from support.rows import NOW

from jobs.costs.erasure import READ_PERCENT, Scale, measure, misses, table
from storage.directory import DirectoryStore

ROOT = Path(__file__).parents[4]
WHAT = ("requests", "read_bytes", "read_percent", "written_bytes")
FIGURES = [f"erase_{files}_{what}" for files in Scale().spread for what in WHAT]
SMALL = Scale(files=30, rows=3_000, spread=(1, 20, 30))


def test_what_an_erasure_asks_for_grows_with_the_files_that_have_the_device(
    tmp_path: Path,
) -> None:
    figures = measure(DirectoryStore(tmp_path), SMALL, NOW)
    for what in ("requests", "read_bytes", "written_bytes"):
        of = [figures[f"erase_{files}_{what}"] for files in SMALL.spread]
        assert of == sorted(of)
        assert of[0] < of[-1]
    assert figures["erase_1_requests"] < 3 * SMALL.files
    assert f"| 20 | {figures['erase_20_requests']:,} |" in table(figures, SMALL)


def test_more_than_a_tenth_is_too_much() -> None:
    assert misses({"erase_20_read_percent": 10.0}) == []
    assert misses({"erase_20_read_percent": 10.1}) == [
        "10.1 % was read for 20 files, at most 10.0 % were wanted"
    ]


def test_the_readme_shows_what_the_benchmark_prints() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "fortnight bench-erase" in readme
    head, _ = table(dict.fromkeys(FIGURES, 0), Scale()).split("\n", 1)
    assert head in readme
    row = re.search(r"\n\| 20 \| [\d,]+ \| [\d,]+ \| ([\d.]+) % \| [\d,]+ \|\n", readme)
    assert row
    assert float(row[1]) <= READ_PERCENT
