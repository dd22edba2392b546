"""Map tiles, however they were sent -> (4096,) labels, row by row; a good tile is never changed."""

import io
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from schemas.batches import DecodedBatch, Ending
from schemas.errors import ContractError, DecodeError, RecordError
from schemas.references import refer
from schemas.tables.map_tiles import CELLS, MAX_LABEL, TILE

Layers = list[dict[str, Any]]
"""`schemas.tables.map_tiles.Layer`s as Arrow gives them back."""

NOT_A_TILE = "the cells are not a tile of 64 x 64"
NOT_THE_ENCODING = "the cells are not what their encoding claims"
UNKNOWN_LABEL = "a cell has a label that does not exist"


def unpack(decoded: DecodedBatch) -> tuple[DecodedBatch, list[Ending]]:
    """Replace `cells`, `layers`, `encoding` by references to raw cells; reject what is no tile."""
    rows = decoded.rows
    if (labels := _raw_labels(rows)) is not None:
        return _checked(decoded, labels)
    tiles: list[bytes] = []
    kept: list[int] = []
    refused: dict[str, list[int]] = {}
    columns = (rows.column(name).to_pylist() for name in ("encoding", "cells", "layers"))
    for index, (encoding, cells, layers) in enumerate(zip(*columns, strict=True)):
        try:
            tiles.append(_cells(encoding, cells, layers))
            kept.append(index)
        except RecordError as error:
            refused.setdefault(error.reason, []).append(index)
    known = _known_labels(tiles)
    if not known.all():
        unknown = np.flatnonzero(~known)
        refused.setdefault(UNKNOWN_LABEL, []).extend(kept[place] for place in unknown)
    good = [place for place, keep in enumerate(known) if keep]
    indices = [kept[place] for place in good]
    slim = rows.drop_columns(["cells"]).take(pa.array(indices, pa.int64()))
    cells = pa.array([tiles[i] for i in good], pa.binary())
    unpacked = _raw(slim.add_column(rows.schema.names.index("cells"), "cells", cells))
    endings = [_rejected(reason, rows, places) for reason, places in refused.items()]
    return DecodedBatch(decoded.partition, unpacked), endings


def _raw_labels(rows: pa.RecordBatch) -> NDArray[np.uint8] | None:
    """The cells where every tile is raw and of the right size: (n, 4096), a view; else None.

    Raw tiles are most of a fleet's bytes, and copying them is most of what they cost.
    """
    cells, encodings = rows["cells"], rows["encoding"].dictionary_encode()
    if (
        not rows.num_rows
        or cells.null_count
        or encodings.dictionary.unique().to_pylist() != ["raw"]
    ):
        return None
    offsets, data = cells.buffers()[1:]
    ends = np.frombuffer(offsets, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    if (np.diff(ends) != CELLS).any():
        return None
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].reshape(-1, CELLS)


def _checked(decoded: DecodedBatch, labels: NDArray[np.uint8]) -> tuple[DecodedBatch, list[Ending]]:
    """Raw tiles without those that have an unknown label."""
    rows, known = _raw(decoded.rows), labels.max(axis=1) <= MAX_LABEL
    if known.all():
        return DecodedBatch(decoded.partition, rows), []
    ending = _rejected(UNKNOWN_LABEL, rows, np.flatnonzero(~known).tolist())
    return DecodedBatch(decoded.partition, rows.filter(pa.array(known))), [ending]


def _raw(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The rows, whose cells are raw now, by reference, without `layers`."""
    raw = pa.DictionaryArray.from_arrays(np.zeros(rows.num_rows, np.int32), pa.array(["raw"]))
    for name, values in (("encoding", raw), ("cells", refer(rows["cells"]))):
        rows = rows.set_column(rows.schema.names.index(name), name, values)
    return rows.drop_columns(["layers"])


def _cells(encoding: str, cells: bytes | None, layers: Layers | None) -> bytes:
    if encoding == "runs":
        return _from_runs(layers)
    if cells is None:
        raise ContractError(NOT_A_TILE)
    raw = _UNPACKERS[encoding](cells)
    if len(raw) != CELLS:
        raise ContractError(NOT_A_TILE)
    return raw


def _from_zlib(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(packed, CELLS + 1)  # a bomb ends here
        whole = stream.eof or not raw
    except zlib.error:
        raise DecodeError(NOT_THE_ENCODING) from None
    if not whole:
        raise ContractError(NOT_A_TILE)
    return raw


def _from_png(packed: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(packed), formats=["PNG"]) as image:
            if image.size != (TILE, TILE) or image.mode not in {"L", "P"}:
                raise ContractError(NOT_A_TILE)
            return bytes(image.tobytes())
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise DecodeError(NOT_THE_ENCODING) from None


_UNPACKERS: dict[str, Callable[[bytes], bytes]] = {
    "raw": bytes,
    "zlib": _from_zlib,
    "png": _from_png,
}


def _from_runs(layers: Layers | None) -> bytes:
    """Valetudo's compressed pixels: x, y, run, x, y, run, ... along x, a later layer on top."""
    if layers is None:
        raise ContractError(NOT_A_TILE)
    tile = np.zeros(CELLS, np.uint8)
    for layer in layers:
        runs = np.array(layer["runs"], np.int64)
        if len(runs) % 3:
            raise ContractError(NOT_THE_ENCODING)
        x, y, count = runs.reshape(-1, 3).T
        if (x + count > TILE).any() or (y >= TILE).any():
            raise ContractError(NOT_A_TILE)
        tile[_covered(y * TILE + x, count)] = layer["label"]
    return tile.tobytes()


def _covered(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The indices start, start + 1, ... of every run, without a loop over runs."""
    ends = np.cumsum(counts)
    return np.asarray(np.arange(counts.sum()) + np.repeat(starts - (ends - counts), counts))


def _known_labels(tiles: Sequence[bytes]) -> NDArray[np.bool_]:
    """(n,) bool: every cell has a label that exists."""
    if not tiles:
        return np.ones(0, bool)
    highest = np.frombuffer(b"".join(tiles), np.uint8).reshape(-1, CELLS).max(axis=1)
    return np.asarray(highest <= MAX_LABEL)


def _rejected(reason: str, rows: pa.RecordBatch, indices: list[int]) -> Ending:
    left = rows.take(pa.array(sorted(indices), pa.int64()))
    return Ending(f"rejected/{reason}", left["offset"].to_numpy(), left["ingest_time"].to_numpy())
