import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tile_rows import packed, tile_rows

from schemas.errors import IntegrityError
from schemas.tables import MAP_TILES
from storage.decoded import readable
from storage.parquet import CODEC_TABLE, decode, encode, in_order
from storage.tiles import compacted, decode_tiles
from storage.tiles.tables import SHIPPED


def in_file_order(rows: pa.Table) -> pa.Table:
    return in_order(rows, MAP_TILES).cast(MAP_TILES.schema)


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**16))
@settings(max_examples=10, deadline=None)
def test_rows_of_the_compacted_tier_are_the_same_rows(n: int, devices: int, seed: int) -> None:
    rows = tile_rows(n, devices=devices, seed=seed)
    stored = decode(encode(packed(rows), MAP_TILES))
    assert set(stored["encoding"].to_pylist()) == {compacted.ENCODING}
    assert readable(stored).equals(in_file_order(rows))


def test_a_chunk_lies_in_the_first_row_of_its_device_and_the_others_are_empty() -> None:
    stored = packed(tile_rows(50, devices=4))
    lengths = pc.binary_length(stored["cells"]).to_numpy()
    device = np.array(stored["device"].to_pylist())
    starts = np.append([True], device[1:] != device[:-1])
    assert np.array_equal(lengths > 0, starts)


def test_a_device_is_read_and_dropped_without_the_others() -> None:
    rows = tile_rows(60, devices=5)
    stored = packed(rows)
    gone = rows["device"][0]
    alone = readable(stored.filter(pc.equal(stored["device"], gone)))
    others = stored.filter(pc.not_equal(stored["device"], gone))
    whole = in_file_order(rows)
    assert alone.equals(whole.filter(pc.equal(whole["device"], gone)))
    left = decode(encode(others, MAP_TILES))
    assert readable(left).equals(whole.filter(pc.not_equal(whole["device"], gone)))


def test_files_are_read_one_after_the_other_also_of_both_tiers() -> None:
    one, two, hot = (tile_rows(20, seed=seed) for seed in range(3))
    together = pa.concat_tables([packed(one), packed(two), in_file_order(hot)])
    assert readable(together).equals(pa.concat_tables(list(map(in_file_order, (one, two, hot)))))


@pytest.mark.parametrize("gone", [0, 7, 19])
def test_rows_without_their_neighbours_are_an_error_and_never_stored(gone: int) -> None:
    stored = packed(tile_rows(20, devices=1))
    part = pa.concat_tables([stored.slice(0, gone), stored.slice(gone + 1)])
    with pytest.raises(IntegrityError):
        decode_tiles(part)
    with pytest.raises(IntegrityError):
        encode(part, MAP_TILES)


def test_rows_of_two_files_are_not_stored_as_one_unless_they_are_decoded() -> None:
    files = [packed(tile_rows(20, devices=1, seed=seed)) for seed in range(2)]
    with pytest.raises(IntegrityError):
        encode(pa.concat_tables(files), MAP_TILES)
    encode(readable(pa.concat_tables(files)), MAP_TILES)


def test_a_chunk_beside_the_rows_of_another_device_is_an_error() -> None:
    one, two = (packed(tile_rows(20, devices=1, seed=seed)) for seed in range(2))
    at = one.schema.get_field_index("cells")
    with pytest.raises(IntegrityError):
        decode_tiles(one.set_column(at, one.schema.field("cells"), two["cells"]))


def test_a_file_says_which_table_its_chunks_need() -> None:
    def told(rows: pa.Table) -> bytes | None:
        file = pq.ParquetFile(pa.BufferReader(encode(rows, MAP_TILES)))
        found: bytes | None = file.metadata.metadata.get(CODEC_TABLE.encode())
        return found

    rows = tile_rows(20)
    assert told(packed(rows)) == SHIPPED.current().digest.encode()
    assert told(rows) is None


def test_no_rows_have_no_cells() -> None:
    none = packed(tile_rows(3)).slice(0, 0)
    assert decode_tiles(none).shape == (0, 64, 64) == compacted.decode_rows(none).shape
    assert compacted.check_rows(none) is None
