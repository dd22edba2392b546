"""Makers' policies over a batch, by column arithmetic: what no policy asks for costs nothing.

A row's policy is a small number, its place in `Policies.all`, or -1 where its maker has none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.batches import Blanked
from schemas.policies import Policies
from schemas.policies.gates import NO_CONSENT, NO_FAULT, NOT_BOUND, Blank, Gates, gates
from schemas.tables import Table
from streams.registry import Registrations, consent_bits

Codes = NDArray[np.int64]
"""(n,) of rows' policies."""

Mask = NDArray[np.bool_]
"""(n,) which rows."""


@dataclass(frozen=True, slots=True)
class Gating:
    """All policies of a deployment, for one table.

    Attributes:
        gates: In the order of the policies' codes.
    """

    policies: Policies
    gates: tuple[Gates, ...]

    @classmethod
    def of(cls, policies: Policies, table: Table) -> Self:
        """The policies' gates before a table."""
        return cls(policies, tuple(gates(policy, table) for policy in policies.all))

    def codes(self, words: Sequence[str], vendors: NDArray[np.integer]) -> Codes:
        """Each row's policy, by its device's maker.

        Args:
            words: The registry's.
            vendors: (n,) which of them.
        """
        places = {policy.vendor: code for code, policy in enumerate(self.policies.all)}
        default = places.get(self.policies.default, -1)
        return np.asarray(np.array([places.get(word, default) for word in words])[vendors])

    def withheld(
        self, rows: pa.RecordBatch, known: Registrations, codes: Codes
    ) -> Iterator[tuple[str, Mask]]:
        """(reason, rows) of those that may not be stored, in the order in which reasons apply."""
        if any(one.bound for one in self.gates):
            asks = np.array([*(one.bound for one in self.gates), False])
            yield NOT_BOUND, asks[codes] & ~known.bound
        if any(one.consents for one in self.gates):
            bits = [*(consent_bits(one.consents) for one in self.gates), 0]
            needed = np.array(bits, np.uint8)[codes]
            yield NO_CONSENT, (known.consents & needed) != needed
        for code, one in enumerate(self.gates):
            for column in one.faults:
                yield NO_FAULT, (codes == code) & ~_has_fault(rows, column)

    def blank(
        self, rows: pa.RecordBatch, consents: NDArray[np.uint8], codes: Codes
    ) -> tuple[pa.RecordBatch, list[Blanked]]:
        """Take out of rows that go on what may not be stored of them.

        Args:
            rows: Admitted.
            consents: (n,) bits, as in `Registrations`.
            codes: Of the rows.
        """
        blanked: list[Blanked] = []
        for code, one in enumerate(self.gates):
            mine = codes == code if one.blanks else np.zeros(0, bool)
            for blank in one.blanks if mine.any() else ():
                chosen = mine & _applies(blank, rows, consents)
                rows, gone = _without(rows, blank, chosen)
                vendor = self.policies.all[code].vendor
                blanked += [Blanked(vendor, name, blank.reason, offsets) for name, offsets in gone]
        return rows, blanked


def _applies(blank: Blank, rows: pa.RecordBatch, consents: NDArray[np.uint8]) -> Mask | bool:
    if blank.consent:
        return np.asarray((consents & consent_bits([blank.consent])) == 0)
    return ~_has_fault(rows, blank.fault) if blank.fault else True


def _has_fault(rows: pa.RecordBatch, column: str) -> Mask:
    """Whether a column of words names a fault: null and `none` do not."""
    named = rows[column].dictionary_encode()
    is_fault = pc.not_equal(named.dictionary, "none").to_numpy(zero_copy_only=False)
    codes = named.indices.fill_null(len(is_fault)).to_numpy()
    return np.asarray(np.append(is_fault, False)[codes])


def _without(
    rows: pa.RecordBatch, blank: Blank, chosen: Mask
) -> tuple[pa.RecordBatch, list[tuple[str, NDArray[np.int64]]]]:
    """The rows with nulls in the chosen ones, and for each column the offsets of what it lost."""
    gone = []
    for name in blank.columns:
        values = rows[name]
        lost = chosen & values.is_valid().to_numpy(zero_copy_only=False)
        if lost.any():
            place = rows.schema.get_field_index(name)
            rows = rows.set_column(place, name, _nulled(values, pa.array(lost)))
            gone.append((name, rows["offset"].to_numpy()[lost]))
    return rows, gone


def _nulled(values: pa.Array, where: pa.BooleanArray) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        return pa.DictionaryArray.from_arrays(_nulled(values.indices, where), values.dictionary)
    return pc.if_else(where, None, values)
