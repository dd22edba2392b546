"""Tables beside each other: what was written with an old one stays readable."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import IntegrityError, SettingsError
from storage.tiles import context
from storage.tiles.context_table import pack
from storage.tiles.keys import Keys
from storage.tiles.model.decisions import SIZES, Question
from storage.tiles.tables import SHIPPED, Tables

DEVICES, VERSIONS = 4, 3


def guesses_nothing() -> bytes:
    """A table that takes every answer for even."""
    entries = {
        question: [np.zeros(size, np.int8) for size in sizes] for question, sizes in SIZES.items()
    }
    return pack(dict.fromkeys(Question, 0), entries)


@pytest.fixture
def two(tmp_path: Path) -> Tables:
    """The shipped table, and a newer one."""
    tables = Tables(tmp_path)
    digest = SHIPPED.load(1).digest
    for end in ("bin", "toml"):
        shutil.copy(SHIPPED.folder / f"{digest}.{end}", tmp_path)
    tables.add(guesses_nothing(), {"corpus": "none"})
    return tables


def rows() -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], Keys]:
    n = DEVICES * VERSIONS
    tiles = np.zeros((n, 64, 64), np.uint8)
    for i, tile in enumerate(tiles):
        tile[i : 30 + i, 5:50] = 1
        tile[i, 5:50] = 2
    device, version = np.divmod(np.arange(n), VERSIONS)
    zero = np.zeros(n, np.int64)
    return tiles, Keys(device, zero, zero, zero, version)


def test_every_shipped_table_is_the_one_its_name_tells_of() -> None:
    files = [*SHIPPED.folder.glob("*.bin")]
    assert {SHIPPED.load(i + 1).digest for i in range(len(files))} == {one.stem for one in files}


def test_the_newest_is_written_with_and_both_are_read_also_together(two: Tables) -> None:
    tiles, keys = rows()
    old = context.encode(tiles, keys, tables=SHIPPED)
    new = context.encode(tiles, keys, tables=two)
    assert [chunk[0] for chunk in old + new] == [1] * DEVICES + [2] * DEVICES
    mixed = [old[0], new[1], new[2], old[3]]
    for chunks in (old, new, mixed):
        assert np.array_equal(context.decode(chunks, keys, tables=two), tiles)
        newest, found = context.decode_latest(chunks, keys, tables=two)
        assert np.array_equal(found, tiles[newest])


def test_what_nobody_has_the_table_of_is_an_error(two: Tables) -> None:
    tiles, keys = rows()
    with pytest.raises(IntegrityError, match="unknown table"):
        context.decode(context.encode(tiles, keys, tables=two), keys, tables=SHIPPED)


def test_a_chunk_of_another_table_that_says_it_is_of_this_one_is_an_error(two: Tables) -> None:
    tiles, keys = rows()
    chunks = context.encode(tiles, keys, tables=two)
    with pytest.raises(IntegrityError, match="damaged"):
        context.decode([b"\x01" + chunk[1:] for chunk in chunks], keys, tables=two)


def test_a_table_whose_file_was_changed_is_an_error(two: Tables) -> None:
    digest = two.load(2).digest
    changed = Tables(two.folder / "changed")
    shutil.copytree(two.folder, changed.folder)
    shutil.copy(two.folder / f"{SHIPPED.load(1).digest}.bin", changed.folder / f"{digest}.bin")
    with pytest.raises(IntegrityError, match="its name"):
        changed.load(2)


def test_a_table_is_added_once(two: Tables) -> None:
    with pytest.raises(SettingsError, match="already"):
        two.add(guesses_nothing(), {"corpus": "none"})
    assert two.current().version == 2
