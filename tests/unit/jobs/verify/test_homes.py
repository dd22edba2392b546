"""How well maps are linked: one number, of few homes, that says what it is meant to say."""

from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from jobs.maps.relink import Cells, HomeMap, made_up
from jobs.verify.rows import homes
from jobs.verify.rows.homes import FEWEST, MOST, Linked
from schemas.tables.map_tiles import TILE

_TEXT, _NUMBER = pa.string(), pa.int64()
_ASKED = pa.schema(
    {
        **dict.fromkeys(("its_purpose", "encoding", "device", "map"), _TEXT),
        **dict.fromkeys(("tile_x", "tile_y", "version"), _NUMBER),
        "cells": pa.binary(),
    }
)
HOMES = tuple(made_up(FEWEST + 1))


def stored(maps: tuple[HomeMap, ...], later: Callable[[int], Cells], *, times: int = 1) -> Linked:
    """Every home mapped, and mapped again; each as often under another name."""
    rows = [
        {
            "its_purpose": "rows",
            "encoding": "raw",
            "device": f"k1:{copy}-{number}",
            "map": "m",
            "tile_x": x,
            "tile_y": y,
            "version": version,
            "cells": cells[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE].tobytes(),
        }
        for copy in range(times)
        for number, one in enumerate(maps)
        for version, cells in enumerate((one.cells, later(number)))
        for y in range(cells.shape[0] // TILE)
        for x in range(cells.shape[1] // TILE)
    ]
    with duckdb.connect(":memory:") as sql:
        homes.prepare(sql)
        for some in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
            sql.register("asked", pa.Table.from_pylist(some, schema=_ASKED))
            homes.collect(sql, 0)
        return homes.linked(homes.mapped_twice(sql))


def test_maps_that_stay_as_they_are_give_every_home_away() -> None:
    assert stored(HOMES, lambda n: HOMES[n].cells) == Linked(len(HOMES), 100, 100)


def test_maps_without_a_common_wall_give_no_home_away() -> None:
    dice = np.random.default_rng(1)
    found = stored(
        HOMES, lambda n: dice.permutation(HOMES[n].cells.ravel()).reshape(HOMES[n].cells.shape)
    )
    assert found.homes == len(HOMES)
    assert (found.turning or 0) < 50


@pytest.mark.parametrize("count", [0, FEWEST - 1])
def test_of_too_few_homes_nothing_is_said(count: int) -> None:
    assert stored(HOMES[:count], lambda n: HOMES[n].cells) == Linked(count)


def test_of_many_homes_a_bounded_number_is_compared() -> None:
    found = stored(HOMES[:2], lambda n: HOMES[n].cells, times=MOST)
    assert found.homes == MOST
