"""A table as bytes and as chances."""

import pytest

from schemas.errors import IntegrityError
from storage.tiles.context_table import pack, unpack
from storage.tiles.model.decisions import SIZES, Question
from storage.tiles.tables import SHIPPED


def test_a_table_is_packed_and_unpacked() -> None:
    table = SHIPPED.current()
    entries = {
        question: [part.astype("int8") for part in parts]
        for question, parts in table.entries.items()
    }
    assert unpack(1, pack(table.base, entries)).digest == table.digest


def test_chances_rise_with_the_odds_and_are_never_none() -> None:
    squash = SHIPPED.current().squash.astype(int)
    assert (squash[1:] >= squash[:-1]).all()
    assert squash[0] >= 1
    assert squash[-1] < 1 << 14
    assert squash[0] + squash[-1] == 1 << 14


def test_every_context_has_entries() -> None:
    for question in Question:
        assert tuple(len(part) for part in SHIPPED.current().entries[question]) == SIZES[question]


@pytest.mark.parametrize("data", [b"", b"no table", SHIPPED.current().digest.encode()])
def test_a_damaged_table_is_an_error(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        unpack(1, data)
