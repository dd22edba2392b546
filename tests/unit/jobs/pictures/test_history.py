from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from support.rows import NOW, pseudonym, rows_of

from jobs.pictures.history import REACH, Moment, moments, swept
from schemas.tables import MAP_TILES
from storage.dataset import assemble

Sent = tuple[int, int, int, int]
"""Minute, tile x, tile y, label."""


def rows(sent: Sequence[Sent]) -> pa.Table:
    columns: dict[str, Any] = {
        "map": [pseudonym(1)] * len(sent),
        "event_time": [NOW + timedelta(minutes=minute) for minute, *_ in sent],
        "tile_x": [x for _, x, _, _ in sent],
        "tile_y": [y for _, _, y, _ in sent],
        "version": [*range(len(sent))],
        "encoding": ["raw"] * len(sent),
        "cells": [bytes([label]) * 4096 for *_, label in sent],
        "pixel_size": [5] * len(sent),
    }
    return rows_of(MAP_TILES, len(sent), seed=0, **columns).sort_by(
        [(name, "ascending") for name in ("event_time", "version")]
    )


def driven(*columns: int | None) -> list[Moment]:
    """One moment a path along a column; None: the path was wiped."""
    seen = []
    for column in columns:
        (moment,) = moments(rows([(0, 0, 0, 1)]))
        if column is not None:
            moment.plan.cells[10:50, column] = 3
        seen.append(moment)
    return seen


sendings = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-2, 2), st.integers(-2, 2), st.integers(1, 5)),
    min_size=1,
    max_size=12,
    unique_by=lambda one: one[:3],
).map(sorted)


@given(sendings)
def test_a_map_is_at_each_moment_the_newest_version_of_each_tile(sent: list[Sent]) -> None:
    history = rows(sent)
    seen = [*moments(history)]
    assert [one.at for one in seen] == sorted(set(history["event_time"].to_pylist()))
    for moment in seen:
        newest = {
            (x, y): label
            for minute, x, y, label in sent
            if NOW + timedelta(minutes=minute) <= moment.at
        }
        for (x, y), label in newest.items():
            top, left = 64 * (y - moment.plan.top), 64 * (x - moment.plan.left)
            assert (moment.plan.cells[top : top + 64, left : left + 64] == label).all()
        assert np.count_nonzero(moment.plan.cells) == 4096 * len(newest)
        assert len(moment.plan.missing) * 4096 == np.count_nonzero(moment.plan.cells == 0)


@given(sendings)
def test_the_last_moment_is_the_map_as_it_is(sent: list[Sent]) -> None:
    *_, last = moments(rows(sent))
    newest = {(x, y): (minute, x, y, label) for minute, x, y, label in sent}
    whole = assemble(rows([*newest.values()]))
    assert (last.plan.cells == whole.cells).all()
    assert (last.plan.left, last.plan.top) == (whole.left, whole.top)
    assert {*last.plan.missing} == {*whole.missing}


def test_a_place_is_swept_once_a_cleaning_however_often_the_path_is_sent() -> None:
    _, counts = swept(iter(driven(20, 20, None, 20, 40)))
    assert counts[30, 20] == 2
    assert counts[30, 20 + REACH] == 2
    assert counts[30, 40] == 1
    assert counts[30, 20 + REACH + 1] == 0
    assert counts.max() == 2
