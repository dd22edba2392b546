"""Every file that lies in a table's folders is read: few at once, and what comes meanwhile too."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.rows import path_of
from support.wire import EU

from jobs.drill.lying import Lying, lying
from schemas.tables import TELEMETRY
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import object_key

PATHS = [path_of(number) for number in range(40)]
KEYS = [object_key(TELEMETRY.name, path) for path in PATHS]


class Reading(DirectoryStore):
    """Counts reads; what is to be compacted is so just before it is read."""

    reads = 0
    compacted = ""

    def get(self, key: str) -> bytes:
        self.reads += 1
        if key == self.compacted:
            self.put(KEYS[-1], b"of both")
            self.delete([key])
        return super().get(key)


@pytest.fixture
def store(tmp_path: Path) -> Reading:
    """All files but the last."""
    made = Reading(tmp_path)
    for key in KEYS[:-1]:
        made.put(key, b"rows")
    return made


def seen(store: Reading) -> Iterator[Lying]:
    return lying([Destination(TELEMETRY, EU, store)])


def test_no_log_has_to_name_a_file_and_few_whole_ones_are_held_at_once(store: Reading) -> None:
    found = seen(store)
    next(found)
    assert store.reads <= 16
    assert 1 + len([*found]) == len(KEYS) - 1


def test_what_is_compacted_meanwhile_is_read_where_it_lies_then(store: Reading) -> None:
    store.compacted = KEYS[3]
    places = [one.place.removeprefix(f"{store.url}/") for one in seen(store)]
    assert sorted(places) == sorted({*KEYS} - {KEYS[3]})


def test_folders_of_earlier_days_are_left_out(store: Reading) -> None:
    table, day = Destination(TELEMETRY, EU, store), PATHS[0].date
    assert [*lying([table], day + timedelta(days=1))] == []
    assert len([*lying([table], day)]) == len(KEYS) - 1
