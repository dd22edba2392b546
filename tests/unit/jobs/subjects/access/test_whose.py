from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.kafka import KafkaRecord
from jobs.subjects.access.search.claims import Claims
from jobs.subjects.access.search.people import Owners, Person, Robot
from schemas.lineage import Partition, Position
from schemas.retention import microseconds, moment
from schemas.tables.declare import INSTANT
from schemas.tables.devices import Device

BOUND = 1_764_000_000_000_000
LATE = timedelta(days=9)
ROBOT, OTHER = "Serial-1", "Serial-2"
ROWS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(BOUND - 3, BOUND + 3)), min_size=1, max_size=20
)
PEOPLE = st.lists(st.lists(st.sampled_from("abc"), max_size=3, unique=True), max_size=3)


def robot(device: str = ROBOT, bound: int | None = BOUND) -> Robot:
    told: dict[str, Any] = {"vendor": "smarock", "model": "X1", "country": "DE", "account": "alice"}
    return Robot(1, device, Device(device=device, bound_since=bound, **told))


def table(rows: list[tuple[str, int]]) -> pa.Table:
    devices, times = zip(*rows, strict=True)
    return pa.table(
        {
            "device": pa.array(devices, pa.string()),
            "event_time": pa.array(times, INSTANT),
            "number": range(len(rows)),
        }
    )


@given(ROWS, PEOPLE)
def test_everybody_gets_each_row_of_each_of_their_robots_and_nothing_from_before(
    rows: list[tuple[str, int]], people: list[list[str]]
) -> None:
    asking = [Person("R-1", tuple(robot(one) for one in robots)) for robots in people]
    found = dict(Owners.of(asking, lambda device: [device]).split(table(rows)))
    for place, robots in enumerate(people):
        mine = found.get(place)
        assert ([] if mine is None else mine["number"].to_pylist()) == [
            number
            for number, (device, time) in enumerate(rows)
            if device in robots and time >= BOUND
        ]


@pytest.mark.parametrize(
    ("owned", "gets"),
    [
        (robot(bound=BOUND + 1), False),
        (robot(bound=BOUND), True),
        (robot(bound=None), True),  # its maker binds no robots
        (Robot(1, ROBOT), False),  # nobody is registered: it is nobody's
    ],
)
def test_since_when_a_robot_is_theirs_is_what_its_registration_says(
    owned: Robot,
    gets: bool,  # noqa: FBT001
) -> None:
    owners = Owners.of([Person("R-1", (owned,))], lambda device: [device])
    assert bool([*owners.split(table([(ROBOT, BOUND)]))]) == gets


def record(value: bytes, *, key: str = ROBOT, arrived: int, kind: str = "json") -> KafkaRecord:
    at = Position(Partition("fleet.telemetry", "AAAA", 0), 7)
    headers = (("content-type", f"application/{kind}".encode()),)
    return KafkaRecord(at, moment(arrived), key.encode(), value, headers)


def is_mine(found: KafkaRecord) -> bool:
    return bool(Claims([Person("R-1", (robot(),))], LATE).owners(found))


@pytest.mark.parametrize(
    ("kind", "encode"), [("json", msgspec.json.encode), ("msgpack", msgspec.msgpack.encode)]
)
@pytest.mark.parametrize(
    ("says", "key", "of", "expected"),
    [
        (ROBOT, ROBOT, BOUND, True),
        ("SERIAL:1", "no key", BOUND, True),
        (ROBOT, ROBOT, BOUND - 1, False),
        (OTHER, ROBOT, BOUND, False),
        (ROBOT, ROBOT, 0, True),  # an insane clock: when it arrived counts, as for rows
    ],
)
def test_a_record_says_itself_whose_it_is_and_since_when(
    kind: str,
    encode: Callable[[object], bytes],
    says: str,
    key: str,
    of: int,
    expected: bool,  # noqa: FBT001
) -> None:
    value = encode({"device": says, "event_time": of, "status": "idle"})
    assert is_mine(record(value, key=key, arrived=BOUND + 1, kind=kind)) == expected


@given(st.binary(max_size=20))
def test_what_cannot_be_read_is_whose_key_it_has_unless_it_may_be_of_before(value: bytes) -> None:
    late = microseconds(LATE)
    assert is_mine(record(value, arrived=BOUND + late))
    assert not is_mine(record(value, arrived=BOUND + late - 1))
    assert not is_mine(record(value, key=OTHER, arrived=BOUND + late))
