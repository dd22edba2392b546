from collections.abc import Iterator
from pathlib import Path

import pytest
from support.holding import Bucket
from support.lake import Writer, empty
from support.rows import NOW
from support.wire import EU

from jobs.expire import expire
from jobs.holds.keeping import Keeper
from jobs.holds.open import keep_of
from schemas.errors import SettingsError
from storage.directory import DirectoryStore
from storage.holds import drop_sign, put_sign
from storage.store import ObjectInfo


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    """A table with a held file that is due; a sign says so."""
    made = Writer(empty(tmp_path / "eu"))
    made.commit(made.put(NOW))
    put_sign(made.destination.store, "H-1")
    return made


@pytest.mark.parametrize("named", ["", "another"])
def test_who_does_not_know_where_copies_go_drops_nothing_as_long_as_a_hold_lasts(
    writer: Writer, tmp_path: Path, named: str
) -> None:
    rows = writer.destination.store
    wrong = Bucket.build(tmp_path / named).keeper if named else None
    keep = keep_of(EU, rows, wrong)
    with pytest.raises(SettingsError, match=r"FORTNIGHT_HOLDS: .*H-1"):
        expire(writer.destination, NOW, keep)
    assert writer.destination.live()
    drop_sign(rows, "H-1")
    assert expire(writer.destination, NOW, keep).dropped == 1


def test_a_hold_that_is_released_between_two_looks_refuses_nobody(
    writer: Writer, tmp_path: Path
) -> None:
    rows = writer.destination.store

    class Releasing(DirectoryStore):
        def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
            drop_sign(rows, "H-1")
            return super().list(prefix)

    keeper = Keeper(Releasing(tmp_path / "holds"), lambda _: b"")
    assert expire(writer.destination, NOW, keep_of(EU, rows, keeper)).dropped == 1
