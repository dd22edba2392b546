from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from jobs.bench.workload.readings import SHARES, Kind, fleet, readings, registrations, strangers
from jobs.bench.workload.tiles import plan, tiles
from schemas.regions import Residency
from schemas.retention import microseconds
from schemas.tables.devices import Device
from schemas.tables.map_tiles import CELLS, MAX_LABEL, MapTile
from schemas.tables.telemetry import Telemetry

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
N = 20_000


def _kind(value: bytes, decoder: type[Telemetry | MapTile], known: set[str]) -> Kind:
    form = msgspec.json if decoder is Telemetry else msgspec.msgpack
    try:
        record = form.decode(value, type=decoder)
    except msgspec.ValidationError:
        return Kind.OUT_OF_RANGE
    except msgspec.DecodeError:
        return Kind.BROKEN
    if isinstance(record, MapTile) and max(record.cells or b"") > MAX_LABEL:
        return Kind.OUT_OF_RANGE
    if record.device not in known:
        return Kind.UNREGISTERED
    age = microseconds(NOW) - record.event_time
    return Kind.LATE if age > microseconds(timedelta(hours=12)) else Kind.GOOD


def test_shares_make_a_whole() -> None:
    assert set(SHARES) == set(Kind)
    assert sum(SHARES.values()) == 1


def test_readings_end_as_often_in_each_way_as_they_should() -> None:
    known = {robot.device for robot in fleet(5_000)}
    found = Counter(_kind(value, Telemetry, known) for _, value in readings(N, NOW))
    for kind, share in SHARES.items():
        assert abs(found[kind] - share * N) < 5 * (share * N) ** 0.5


def test_tiles_end_as_often_in_each_way_as_they_should() -> None:
    known = {robot.device for robot in fleet(5_000)}
    found = Counter(_kind(value, MapTile, known) for _, value in tiles(N // 4, NOW))
    for kind, share in SHARES.items():
        assert abs(found[kind] - share * N / 4) < 5 * (share * N / 4) ** 0.5


def test_a_reading_has_fifteen_fields_and_some_240_bytes() -> None:
    values = [value for _, value in readings(1_000, NOW) if value.endswith(b"}")]
    assert {value.count(b'":') for value in values} == {15}
    assert all(230 <= len(value) <= 280 for value in values)


def test_the_same_seed_gives_the_same_records_and_another_gives_others() -> None:
    assert list(readings(100, NOW)) == list(readings(100, NOW))
    assert list(readings(100, NOW)) != list(readings(100, NOW, seed=2))
    assert list(tiles(100, NOW)) == list(tiles(100, NOW))
    assert list(tiles(100, NOW)) != list(tiles(100, NOW, seed=2))


def test_every_record_is_keyed_by_its_device() -> None:
    for record_key, value in readings(1_000, NOW):
        assert value.startswith(b'{"device":"' + record_key + b'"')


def test_half_of_the_fleet_is_at_home_in_each_region_and_strangers_are_nobody() -> None:
    regions = Residency.shipped().regions
    devices = [msgspec.json.decode(value, type=Device) for _, value in registrations(100, NOW)]
    assert Counter(regions[one.country] for one in devices) == {"eu": 50, "us": 50}
    assert {one.device for one in devices} == {robot.device for robot in fleet(100)}
    assert {robot.device for robot in strangers(100)}.isdisjoint(one.device for one in devices)


def test_a_plan_has_rooms_behind_walls() -> None:
    labels = plan(np.random.default_rng(3))
    assert labels.shape == (128, 128)
    assert labels.dtype == np.uint8
    assert {0, 2, 4, 12} <= set(np.unique(labels).tolist())
    assert labels.max() <= MAX_LABEL
    assert labels.size == 4 * CELLS
