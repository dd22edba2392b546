import csv
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.rows import NOW, path_of, pseudonym, rows_of
from typer.testing import CliRunner, Result

from jobs.cli import app
from schemas.settings import PREFIX, Settings
from schemas.tables import MAP_TILES, TELEMETRY
from storage.lake import Destination
from storage.layout import object_key
from storage.parquet import describe, encode
from storage.places import open_lake, open_stores

DEVICE, MAP = pseudonym(1), pseudonym(2)
_HOME: dict[str, Sequence[Any]] = {
    "device": [DEVICE] * 3,
    "map": [MAP] * 3,
    "tile_x": [7, 8, 7],
    "tile_y": [3, 3, 3],
    "version": [1, 1, 2],
    "event_time": [NOW, NOW, NOW + timedelta(minutes=9)],
    "encoding": ["raw"] * 3,
    "cells": [bytes([room]) * 4096 for room in (4, 5, 6)],
    "pixel_size": [5] * 3,
}
Fortnight = Callable[..., Result]


@pytest.fixture
def fortnight(tmp_path: Path) -> Fortnight:
    """The command line on a lake in a folder: 40 readings, and a map whose home has changed."""
    env = {PREFIX + "REGIONS": f"eu=file:{tmp_path}@eu-central-1"}
    chosen = Settings.load(env)
    lake = open_lake(open_stores(chosen), chosen)
    for number, destination in enumerate(lake.values()):
        destination.create()
        if destination.table is TELEMETRY:
            _store(destination, number, 40)
        if destination.table is MAP_TILES:
            _store(destination, number, 3, **_HOME)
    return lambda *arguments: CliRunner(env=env).invoke(app, arguments)


def _store(into: Destination, number: int, n: int, **given: Sequence[Any]) -> None:
    rows = rows_of(into.table, n, seed=0, **given)
    data, path = encode(rows, into.table), path_of(number)
    into.store.put(object_key(into.table.name, path), data)
    into.versions(["an-id"])
    into.append([describe(rows, data, path, NOW)], {"an-id": n})


def test_sql_answers_as_a_table_as_csv_and_as_json(fortnight: Fortnight) -> None:
    query = "select region, date, count(*) n, max(event_time) newest from telemetry group by all"
    shown = fortnight("sql", query).output.splitlines()
    assert shown[0].split() == ["region", "date", "n", "newest"]
    assert shown[1].split()[:3] == ["eu", "2026-11-21", "40"]
    rows = list(csv.DictReader(fortnight("sql", query, "--format", "csv").output.splitlines()))
    assert rows[0]["n"] == "40"
    assert json.loads(fortnight("sql", query, "--format", "json").output)["region"] == "eu"


def test_sql_that_is_wrong_is_a_message_and_no_traceback(fortnight: Fortnight) -> None:
    asked = fortnight("sql", "select nothing from nowhere")
    assert asked.exit_code == 2
    assert "nowhere" in asked.output
    assert "Traceback" not in asked.output


def test_tables_lists_rows_bytes_and_files_by_region_and_date(fortnight: Fortnight) -> None:
    lines = [line.split() for line in fortnight("tables").output.splitlines()]
    assert ["map_tiles", "eu", "2026-11-21", "3"] in [line[:4] for line in lines]
    assert ["telemetry", "eu", "2026-11-21", "40"] in [line[:4] for line in lines]
    assert all(line[5:7] == ["1", "2026-12-05T14"] for line in lines[1:])


def test_a_map_is_drawn_as_it_is_and_as_it_was(fortnight: Fortnight, tmp_path: Path) -> None:
    now, before = tmp_path / "now.png", tmp_path / "before.png"
    assert fortnight("map", DEVICE, "-o", str(now)).exit_code == 0
    assert fortnight("map", DEVICE, "-o", str(before), "--at", "2026-11-21T14:35:00").exit_code == 0
    new, old = (np.asarray(Image.open(file)) for file in (now, before))
    assert new.shape == old.shape
    assert (new != old).any()


def test_a_map_is_drawn_as_it_grew_in_every_animated_format(
    fortnight: Fortnight, tmp_path: Path
) -> None:
    for name in ("grown.gif", "grown.webp", "grown.png"):
        assert fortnight("map", DEVICE, "--animate", "-o", str(tmp_path / name)).exit_code == 0
        with Image.open(tmp_path / name) as picture:
            assert getattr(picture, "n_frames", 1) == 2
    refused = fortnight("map", DEVICE, "--animate", "-o", str(tmp_path / "grown.txt"))
    assert refused.exit_code == 2


def test_a_heat_map_is_a_picture_of_its_own(fortnight: Fortnight, tmp_path: Path) -> None:
    heat = tmp_path / "heat.png"
    assert fortnight("map", DEVICE, "--heat", "-o", str(heat)).exit_code == 0
    with Image.open(heat) as picture:
        assert picture.width > 0
    assert fortnight("map", DEVICE, "--heat", "--animate").exit_code == 2


def test_a_map_of_an_unknown_device_or_time_is_a_message(fortnight: Fortnight) -> None:
    unknown = (pseudonym(99),)
    early = (DEVICE, "--at", "2026-11-20T00:00:00")
    for arguments in (unknown, early, (*unknown, "--animate"), (*early, "--heat")):
        asked = fortnight("map", *arguments)
        assert asked.exit_code == 2
        assert "no such map is stored" in asked.output


def test_an_identifier_in_place_of_a_pseudonym_is_refused_and_not_repeated(
    fortnight: Fortnight,
) -> None:
    for arguments in (("SN-4711",), (DEVICE, "--map", "SN-4711")):
        asked = fortnight("map", *arguments)
        assert asked.exit_code == 2
        assert "a pseudonym is needed" in asked.output
        assert "4711" not in asked.output
