from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from support.holding import Bucket
from support.lake import Writer, empty
from support.rows import NOW, pseudonym

from jobs.incident.exposure import Exposed, Group, Reach, look
from schemas.errors import IntegrityError
from schemas.retention import FORTNIGHT
from schemas.tables import CLEANING_HISTORY, TELEMETRY
from storage.directory import DirectoryStore
from storage.layout import object_key

OVER = NOW + FORTNIGHT
ONE, TWO, THREE = (pseudonym(number) for number in (1, 2, 3))
GERMAN, FRENCH = (Group("telemetry", country, "smarock") for country in ("DE", "FR"))


def put(writer: Writer, *devices: str, country: str = "DE", **given: object) -> str:
    """A file of one row a device; its object key."""
    n = len(devices)
    columns = {"device": devices, "country": [country] * n, "vendor": ["smarock"] * n, **given}
    file = writer.put(OVER, rows=n, **columns)  # type: ignore[arg-type]  # lists all
    return object_key(writer.destination.table.name, file.path)


def people(found: Exposed) -> dict[Group, int]:
    return {group: len(names) for group, names in found.names.items()}


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(empty(tmp_path / "eu"))


@pytest.fixture
def store(writer: Writer, tmp_path: Path) -> DirectoryStore:
    del writer
    return DirectoryStore(tmp_path / "eu")


def test_each_device_counts_once_in_its_group_and_each_row_too(
    writer: Writer, store: DirectoryStore
) -> None:
    put(writer, ONE, ONE, TWO)  # an orphan is within reach as well
    writer.commit(writer.put(OVER, device=[ONE] * 3, country=["FR"] * 3, vendor=["smarock"] * 3))
    found = look([store], Reach())
    assert found.rows == {GERMAN: 3, FRENCH: 3}
    assert people(found) == {GERMAN: 2, FRENCH: 1}
    assert found.everybody == {ONE, TWO}
    assert found.files == 2


def test_a_prefix_a_version_and_a_moment_leave_the_others_out(
    writer: Writer, store: DirectoryStore
) -> None:
    early, late = NOW - timedelta(hours=1), NOW
    first = put(writer, ONE, TWO, key_version=[1, 2], ingest_time=[early, late])
    put(writer, THREE, key_version=[2], ingest_time=[late])
    assert look([store], Reach(first)).everybody == {ONE, TWO}
    assert look([store], Reach(version=1)).everybody == {ONE}
    assert look([store], Reach(since=late)).everybody == {TWO, THREE}
    assert look([store], Reach(first, 2, late)).everybody == {TWO}
    assert look([store], Reach("nowhere")).rows == Counter()


def test_every_table_and_held_copies_count(
    writer: Writer, store: DirectoryStore, tmp_path: Path
) -> None:
    file = writer.put(OVER, device=[ONE, TWO, TWO], country=["DE"] * 3, vendor=["smarock"] * 3)
    writer.commit(file)
    cleanings = Writer(empty(tmp_path / "eu", CLEANING_HISTORY))
    put(cleanings, THREE)
    held = Bucket.build(tmp_path / "held")
    held.hold(devices=((ONE,),), tables=(TELEMETRY,))
    held.keeper.keep_files(writer.destination, [file])
    found = look([store, held.store], Reach())
    assert found.rows == {GERMAN: 4, Group("cleaning_history", "DE", "smarock"): 1}
    assert len(found.everybody) == 4
    assert found.others["_holds"] == 1
    assert found.others["telemetry"] > 0  # its log


def test_a_file_that_cannot_be_read_is_no_silence(writer: Writer, store: DirectoryStore) -> None:
    store.put(put(writer, ONE), b"PAR1 but no more")
    with pytest.raises(IntegrityError, match="not a data file's bytes"):
        look([store], Reach())


def test_what_is_found_shows_no_pseudonym(writer: Writer, store: DirectoryStore) -> None:
    put(writer, ONE)
    assert ONE not in repr(look([store], Reach()))
