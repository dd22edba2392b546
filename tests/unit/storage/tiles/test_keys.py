"""The key columns of tile rows."""

import numpy as np
import pytest

from storage.tiles.keys import Keys


def _keys(*rows: tuple[int, int, int, int, int]) -> Keys:
    return Keys(*np.array(rows, np.int64).reshape(-1, 5).T)


def test_rows_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        _keys((0, 0, 0, 1, 0), (0, 0, 0, 0, 0))


def test_columns_of_different_lengths_are_refused() -> None:
    one, two = np.zeros(1, np.int64), np.zeros(2, np.int64)
    with pytest.raises(ValueError, match="one length"):
        Keys(one, two, two, two, two)


def test_the_versions_of_a_tile_are_a_chain() -> None:
    keys = _keys((0, 0, 0, 0, 3), (0, 0, 0, 0, 4), (0, 0, 0, 1, 1), (0, 1, 0, 1, 1))
    first, length = keys.chains()
    assert first.tolist() == [0, 2, 3]
    assert length.tolist() == [2, 1, 1]


def test_the_fingerprint_depends_on_the_places_and_versions_but_not_on_the_device() -> None:
    one = _keys((0, 7, 0, 0, 3), (0, 7, 0, 0, 4))
    assert one.fingerprint() == _keys((5, 9, 0, 0, 3), (5, 9, 0, 0, 4)).fingerprint()
    assert one.fingerprint() != _keys((0, 7, 0, 0, 3), (0, 7, 0, 0, 5)).fingerprint()
    assert one.fingerprint() != _keys((0, 7, 0, 0, 3), (0, 8, 0, 0, 4)).fingerprint()
