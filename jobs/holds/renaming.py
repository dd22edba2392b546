"""A held row as its copy has it: every pseudonym replaced by one under the hold's own key.

So nobody can join a copy with what analysts see, or with another hold's. Rows of one device stay
together, also across a rotation of the region's key: all of a device's pseudonyms become one.
"""

from collections.abc import Mapping

import pyarrow as pa

from schemas.hold_record import HoldRecord
from schemas.privacy import Domain, Privacy, columns_with, domain_key, pseudonyms

VERSION = 0
"""Of the key that made a copy's pseudonyms: no version of the keyring's; `k0:` is a hold's own."""

_KEY_VERSION = "key_version"


def renamed(rows: pa.Table, hold: HoldRecord, secret: bytes) -> pa.Table:
    """Rows under a hold's own pseudonyms; deterministic, order kept.

    Args:
        rows: As they are stored, of devices that the hold knows.
        secret: The hold's key, opened.
    """
    for name in columns_with(rows.schema, Privacy.PSEUDONYM):
        key = domain_key(secret, Domain(name))
        rows = _put(rows, name, _renamed(rows[name], key, hold.stand_ins))
    return _put(rows, _KEY_VERSION, pa.repeat(VERSION, rows.num_rows))


def _renamed(names: pa.ChunkedArray, key: bytes, stand_ins: Mapping[str, str]) -> pa.Array:
    distinct = names.cast(pa.string()).combine_chunks().dictionary_encode()
    known = [stand_ins.get(name, name) for name in distinct.dictionary.to_pylist()]
    again = pa.array(pseudonyms(known, key, VERSION), pa.string())
    return pa.DictionaryArray.from_arrays(distinct.indices, again).cast(pa.string())


def _put(rows: pa.Table, name: str, column: pa.Array) -> pa.Table:
    at = rows.schema.get_field_index(name)
    field = rows.schema.field(name)
    return rows.set_column(at, field, column.cast(field.type))
