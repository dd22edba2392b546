import re
from datetime import timedelta
from pathlib import Path

from support.rows import NOW

from jobs.costs.many_files import DAYS, Fortnight
from jobs.costs.verifying import Scale, misses, run, table
from schemas.keyring import Keyring
from schemas.settings import Settings

ROOT = Path(__file__).parents[4]
FIGURES = {
    "files": 100_000,
    "sampled_files": 3_040,
    "few_files": 10_000,
    "verify_seconds": 90.0,
    "verify_few_seconds": 40.0,
    "verify_peak_mb": 714.4,
    "verify_few_peak_mb": 643.3,
    "verify_grown_mb": 71.1,
}


def test_a_made_up_fortnight_lies_on_a_server_and_all_of_it_is_looked_at_and_found_clean() -> None:
    figures = run(80, NOW, robots=2)
    assert figures["sampled_files"] == 80
    assert figures["rows"] > 80
    assert figures["objects"] > 80
    assert figures["seconds"] > 0
    assert figures["peak_mb"] > 50


def test_a_made_up_fortnight_has_as_many_files_as_are_asked_for_under_names_of_their_own() -> None:
    settings = Settings()
    keyring = Keyring.generate([place.region for place in settings.regions], NOW)
    crowds = list(Fortnight(settings, keyring, NOW, files=1_000, robots=1).crowds())
    keys = [(one.bucket, key) for one in crowds for key in one.keys if key.endswith(".parquet")]
    assert len(keys) == len(set(keys)) == 1_000
    days = {key.split("/")[1] for _, key in keys}
    assert min(days) == f"date={NOW - timedelta(days=DAYS):%Y-%m-%d}"


def test_what_takes_too_long_or_too_much_is_told() -> None:
    assert misses(FIGURES) == []
    assert misses({**FIGURES, "verify_seconds": 301.0}) == [
        "verify_seconds is 301.0, at most 300 was wanted"
    ]
    assert len(misses({**FIGURES, "verify_peak_mb": 2_000.0, "verify_grown_mb": 900.0})) == 2


def test_the_readme_shows_what_the_benchmark_prints() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make bench-verify" in readme
    assert table(FIGURES).split("\n", 1)[0] in readme
    row = re.search(rf"\n\| {Scale().files:,} \| 3,[\d,]+ \| (\d+) \| (\d+) MB \|\n", readme)
    assert row
    shown = {"verify_seconds": float(row[1]), "verify_peak_mb": float(row[2])}
    assert misses({**FIGURES, **shown}) == []
