from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.lake import Writer
from support.rows import pseudonym
from support.tile_rows import tile_rows
from typer.testing import CliRunner, Result

from jobs.cli import app
from schemas.settings import PREFIX, Settings
from storage.places import open_lake, open_stores
from storage.tiles import raw

Fortnight = Callable[..., Result]
CLOSED = timedelta(days=5)
"""Until its end, the hour of the files is long over, and stays for a while."""


@pytest.fixture
def fortnight(tmp_path: Path) -> Fortnight:
    """The command line on a lake in a folder: three files of readings, and two of tiles."""
    env = {PREFIX + "REGIONS": f"eu=file:{tmp_path}@eu-central-1"}
    chosen = Settings.load(env)
    expires = datetime.now(UTC) + CLOSED  # noqa: TID251 - a command's clock is the machine's
    for destination in open_lake(open_stores(chosen), chosen).values():
        destination.create()
        writer = Writer(destination)
        if destination.table.name == "telemetry":
            writer.commit(*[writer.put(expires) for _ in range(3)])
        if destination.table.name == "map_tiles":
            home: dict[str, Any] = {
                "device": [pseudonym(1)] * 3,
                "map": [pseudonym(2)] * 3,
                "encoding": [raw.ENCODING] * 3,
                "cells": tile_rows(3)["cells"],
                "pixel_size": [5] * 3,
            }
            writer.commit(*[writer.put(expires, **home) for _ in range(2)])
    return lambda *arguments: CliRunner(env=env).invoke(app, arguments)


def test_a_dry_run_says_what_and_why_and_does_nothing(fortnight: Fortnight) -> None:
    for _ in range(2):
        said = fortnight("compact", "--dry-run").output
        assert "telemetry in eu: rewrite 3 files (9 rows" in said
        assert "map_tiles in eu: rewrite 2 files (6 rows" in said
        assert "cleaning_history in eu: nothing to compact" in said


def test_a_run_says_what_became_of_it_and_the_next_finds_nothing(fortnight: Fortnight) -> None:
    query = 'select "offset", md5(cells) from map_tiles order by "offset"'
    before = fortnight("sql", "--format", "csv", query).output
    said = fortnight("compact")
    assert said.exit_code == 0
    assert "telemetry in eu: 9 rows: 3 files" in said.output
    assert "map_tiles in eu: 6 rows: 2 files" in said.output
    assert fortnight("compact").output.count("nothing to compact") == 4
    assert fortnight("sql", "--format", "csv", query).output == before
    assert fortnight("tables").exit_code == 0


def test_analysts_use_both_tiers_without_knowing(fortnight: Fortnight, tmp_path: Path) -> None:
    picture, exported = tmp_path / "map.png", tmp_path / "tiles.parquet"
    fortnight("map", pseudonym(1), "--output", str(picture))
    before = picture.read_bytes()
    fortnight("compact")
    assert fortnight("map", pseudonym(1), "--output", str(picture)).exit_code == 0
    assert picture.read_bytes() == before
    assert fortnight("sql", f"copy map_tiles to '{exported}'").exit_code == 0
    counted = f"select count(*) from '{exported}' where octet_length(cells) = 4096"  # noqa: S608
    assert fortnight("sql", "--format", "csv", counted).output.split() == ["count_star()", "6"]


def test_a_share_of_the_work_is_named_as_one_of_several(fortnight: Fortnight) -> None:
    shares = [fortnight("compact", "--shard", f"{i}/2").output for i in (1, 2)]
    assert sum(said.count("became") for said in shares) == 2
    assert fortnight("compact", "--shard", "3/2").exit_code != 0
