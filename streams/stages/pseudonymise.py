"""Identifiers -> pseudonyms, quasi-identifiers -> coarse ones: what is stored names nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.batches import AdmittedBatch, PseudonymousBatch
from schemas.keyring import Keyring
from schemas.privacy import Domain, Privacy, column, domain_key, privacy_of, pseudonyms
from schemas.regions import Region
from schemas.tables import Table

PLACE_DIGITS = 1
"""DESIGN section 6: a location to 0.1 degree, some 11 km."""


_EXPIRES = column(
    "expires", pa.int64(), privacy=Privacy.LINEAGE, purpose="retention", unit="us since 1970"
)
"""In the path once the row is stored, and no column of its file."""


@dataclass(frozen=True, slots=True)
class RegionKeys:
    """The keys that one region's new rows are written under."""

    region: Region
    version: int
    keys: Mapping[Domain, bytes] = field(repr=False)

    @classmethod
    def current(cls, keyring: Keyring, region: Region) -> Self:
        """Those of the region's current version."""
        key = keyring.current(region)
        keys = {domain: domain_key(key.secret, domain) for domain in Domain}
        return cls(region, key.version, keys)


def pseudonymise(
    admitted: AdmittedBatch, table: Table, code: int, keys: RegionKeys
) -> PseudonymousBatch:
    """The rows of one region as its table stores them, with the hour in which they expire.

    Text is dictionary-encoded, and a dictionary may hold values that no row has any more: what
    writes rows leaves those out (`storage.parquet`).

    Args:
        code: The region's, in the rows' `region` column.
        keys: The region's; the same device in two regions gets unlinkable pseudonyms.
    """
    mine = pa.array(admitted.rows["region"].to_numpy() == code)
    rows = admitted.rows.filter(mine)
    constants: dict[str, str | int] = {
        "topic_id": admitted.partition.topic_id,
        "partition": admitted.partition.number,
        "key_version": keys.version,
    }
    columns = [
        _repeated(constants[field.name], field.type, rows.num_rows)
        if field.name in constants
        else _stored(rows[field.name], field, keys)
        for field in table.schema
    ]
    kinds = zip(table.schema, columns, strict=True)
    schema = pa.schema([field.with_type(values.type) for field, values in kinds]).append(_EXPIRES)
    stored = pa.RecordBatch.from_arrays([*columns, rows["expires"]], schema=schema)
    return PseudonymousBatch(admitted.partition, keys.region, stored)


def _stored(values: pa.Array, field: pa.Field, keys: RegionKeys) -> pa.Array:
    match privacy_of(field):
        case Privacy.PSEUDONYM:
            return _pseudonyms(values, Domain(field.name), keys)
        case Privacy.GENERALISED if pa.types.is_floating(field.type):
            return pc.round(values, PLACE_DIGITS).cast(field.type)
        case _ if pa.types.is_dictionary(values.type):
            return values
        case _:
            return values.cast(field.type)


def _pseudonyms(identifiers: pa.Array, domain: Domain, keys: RegionKeys) -> pa.Array:
    """One hash a distinct identifier, not one a row; null stays null."""
    distinct = identifiers.dictionary_encode()
    names = pseudonyms(distinct.dictionary.to_pylist(), keys.keys[domain], keys.version)
    return pa.DictionaryArray.from_arrays(distinct.indices, pa.array(names, pa.string()))


def _repeated(value: str | int, kind: pa.DataType, n: int) -> pa.Array:
    if not pa.types.is_string(kind):
        return pa.repeat(pa.scalar(value, kind), n)
    return pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), pa.array([value], kind))
