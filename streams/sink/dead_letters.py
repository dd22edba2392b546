"""Rejected records -> rows of the `dead_letters` table: positions and reasons, never payloads."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.batches import Ending
from schemas.lineage import Partition
from schemas.retention import FORTNIGHT, hour_of, moment
from schemas.tables import DEAD_LETTERS
from streams.stages.route import Folder

REJECTED = "rejected/"


def rejected_offsets(endings: Sequence[Ending]) -> NDArray[np.int64]:
    """(n,) int64 of the records that are rejected."""
    rejected = [one.offsets for one in endings if one.how.startswith(REJECTED)]
    return np.concatenate([np.empty(0, np.int64), *rejected])


def dead_letters(
    partition: Partition, endings: Sequence[Ending]
) -> Mapping[Folder, pa.RecordBatch]:
    """The rejected among the endings, by folder; their fortnight counts from their ingest."""
    folders: dict[Folder, list[pa.RecordBatch]] = {}
    for ending in endings:
        if ending.how.startswith(REJECTED):
            hours = hour_of(ending.ingest_times)
            for hour in np.unique(hours):
                rows = _rows(partition, ending, hours == hour)
                begins = moment(int(hour))
                folder = Folder(begins.date(), begins + FORTNIGHT)
                folders.setdefault(folder, []).append(rows)
    return {folder: pa.concat_batches(batches) for folder, batches in folders.items()}


def _rows(partition: Partition, ending: Ending, chosen: NDArray[np.bool_]) -> pa.RecordBatch:
    columns = {
        "topic": partition.topic,
        "topic_id": partition.topic_id,
        "partition": partition.number,
        "offset": ending.offsets[chosen],
        "ingest_time": ending.ingest_times[chosen],
        "reason": ending.how.removeprefix(REJECTED),
    }
    count = int(chosen.sum())
    arrays = [
        pa.array(value).cast(field.type)
        if isinstance(value := columns[field.name], np.ndarray)
        else pa.repeat(pa.scalar(value, field.type), count)
        for field in DEAD_LETTERS.schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=DEAD_LETTERS.schema)
