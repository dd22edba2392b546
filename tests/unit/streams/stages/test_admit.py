from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest
from support.wire import (
    AMERICAN,
    GERMAN,
    NOBODY,
    NOW,
    admission,
    marking,
    pipeline,
    reading,
    registration,
    registry,
    tile,
    wire,
)

from schemas.batches import ValidBatch
from schemas.policies import Policies
from schemas.retention import microseconds
from schemas.tables import MAP_TILES, TELEMETRY
from streams.registry import CONSENTS, DeviceRecord, Registry

DAY = microseconds(timedelta(days=1))
OTHER = "360-robot-vacuum"
SAID = [{"name": name, "granted": True, "since": 0} for name in CONSENTS]


def outcome(known: Registry, **given: object) -> str:
    path = pipeline(known=known)
    finished = path.finish(wire([]).partition, [path.collect(wire([reading(**given)]))])
    stored = [
        region
        for region, folders in finished.rows.items()
        if any(rows.num_rows for rows in folders.values())
    ]
    return "".join(stored) or finished.endings[0].how


@pytest.mark.parametrize(
    ("known", "given", "how"),
    [
        (registry(), {}, "eu"),
        (registry(), {"device": AMERICAN}, "us"),
        (registry(), {"device": "serial 1"}, "eu"),
        (registry(), {"device": NOBODY}, "rejected/the device is not registered"),
        (registry(), {"event_time": NOW - 10 * DAY}, "expired"),
        (registry(), {"event_time": NOW - 10 * DAY, "device": NOBODY}, "expired"),
        (registry(registration(GERMAN, country="GB")), {}, "elsewhere/uk"),
        (
            registry(registration(GERMAN, country="AQ")),
            {},
            "rejected/no region may hold the device's country",
        ),
        (registry(registration(GERMAN, consents=[])), {}, "withheld/no consent"),
        (
            registry(registration(GERMAN, consents=[*SAID, {**SAID[0], "granted": False}])),
            {},
            "withheld/no consent",
        ),
        (registry(registration(GERMAN, consents=[*SAID, *SAID])), {}, "eu"),
        (
            registry(registration(GERMAN, vendor="nobody")),
            {},
            "rejected/no policy holds for the device's maker",
        ),
        (registry(registration(GERMAN, vendor="nobody", country="GB")), {}, "elsewhere/uk"),
        (registry(registration(GERMAN, bound_since=None)), {}, "withheld/the device is not bound"),
        (registry(registration(GERMAN, bound_since=None, vendor=OTHER)), {}, "eu"),
        (
            registry(registration(GERMAN, bound_since=NOW + 1)),
            {},
            "withheld/before the device was bound",
        ),
        (registry(registration(GERMAN, bound_since=NOW)), {}, "eu"),
        (
            registry(registration(GERMAN), DeviceRecord(1, 2, GERMAN.encode(), None)),
            {},
            "withheld/the account was cancelled",
        ),
        (registry(registration(GERMAN, since=NOW)), {}, "rejected/the device is not registered"),
        (registry(registration(GERMAN, since=NOW - 1)), {}, "eu"),
    ],
)
def test_a_record_ends_as_its_registration_says(
    known: Registry, given: dict[str, object], how: str
) -> None:
    assert outcome(known, **given) == how


def test_a_move_counts_from_when_it_was_registered() -> None:
    known = registry(registration(GERMAN), registration(GERMAN, since=NOW, offset=1, country="US"))
    path = pipeline(known=known)
    collected = [
        path.collect(wire([reading()], first=0, time=NOW)),
        path.collect(wire([reading()], first=1, time=NOW + 1)),
    ]
    finished = path.finish(wire([]).partition, collected)
    stored = {
        region: [offset for rows in folders.values() for offset in rows["offset"].to_pylist()]
        for region, folders in finished.rows.items()
    }
    assert stored == {"eu": [0], "us": [1]}


def test_a_place_is_stored_only_with_its_own_consent_and_only_coarsely() -> None:
    place = {"latitude": 50.1109, "longitude": 8.6821}
    only_telemetry = [{"name": "telemetry", "granted": True, "since": 0}]
    for known, seen in (
        (registry(), (50.1, 8.7)),
        (registry(registration(GERMAN, consents=only_telemetry)), (None, None)),
    ):
        valid = pipeline(known=known).collect(wire([reading(**place)])).valid
        admitted, _ = admission(known).admit(valid, TELEMETRY)
        path = pipeline(known=known)
        finished = path.finish(valid.partition, [path.collect(wire([reading(**place)]))])
        (rows,) = finished.rows["eu"].values()
        assert admitted.rows.num_rows == 1
        found = (rows["latitude"][0].as_py(), rows["longitude"][0].as_py())
        assert found == (pytest.approx(seen[0]), pytest.approx(seen[1]))


@pytest.mark.parametrize(
    ("said", "bound_since", "how"),
    [
        ({"restricted": True}, 0, "withheld/restricted"),
        ({"stopped": True}, 0, "withheld/stopped"),
        ({"restricted": True, "stopped": True, "erased": NOW - 2}, 0, "withheld/restricted"),
        ({"stopped": True, "erased": NOW - 2}, 0, "withheld/stopped"),
        ({"erased": NOW - 2}, 0, "withheld/erased"),
        ({"erased": NOW - 2}, None, "withheld/erased"),
        ({"erased": NOW - 2}, NOW - 2, "withheld/erased"),
        ({"erased": NOW - 2}, NOW - 1, "eu"),
        ({"erased": NOW + DAY}, NOW - 2, "withheld/erased"),
        ({"erased": NOW + DAY}, NOW, "eu"),
        ({"restricted": True}, NOW, "withheld/restricted"),
        ({"holds": ("case-1",)}, 0, "eu"),
    ],
)
def test_a_marked_devices_record_ends_as_the_mark_says(
    said: dict[str, object], bound_since: int | None, how: str
) -> None:
    robot = registration(GERMAN, bound_since=bound_since, vendor=OTHER)
    known = registry(robot, marking("serial 1", since=NOW - 1, **said))
    assert outcome(known) == how
    assert outcome(registry(robot, marking(GERMAN, since=NOW, **said))) == "eu"


def test_a_record_is_rejected_where_nobody_knows_any_more_what_was_said_of_its_device() -> None:
    unknown = "rejected/what was said of the device when it came is no longer known"
    moved, lifted = registration(GERMAN, since=NOW, country="US"), marking(GERMAN, since=NOW)
    for records, until, how in (
        ([moved], NOW - 1, "rejected/the device is not registered"),
        ([moved], NOW, unknown),
        ([registration(GERMAN, since=NOW - 1), moved], NOW, "eu"),
        ([registration(GERMAN), lifted], NOW - 1, "eu"),
        ([registration(GERMAN), lifted], NOW, unknown),
        ([registration(GERMAN), marking(GERMAN, since=NOW - 1), lifted], NOW, "eu"),
        (
            [registration(GERMAN, bound_since=NOW + 1), lifted],
            NOW,
            "withheld/before the device was bound",
        ),
    ):
        known = Registry()
        known.apply(records, next_offset=1, compacted_until=until)
        assert outcome(known) == how


def test_what_is_withheld_for_a_mark_is_counted_by_maker_and_is_nobody_elses() -> None:
    known = registry(
        registration(GERMAN),
        registration(AMERICAN, country="US"),
        marking(GERMAN, since=NOW, stopped=True),
        marking(GERMAN, since=NOW + 2),
    )
    chunks = [
        wire([reading(), reading(device=AMERICAN)], first=2 * n, time=NOW + n) for n in range(4)
    ]
    rows = pa.concat_batches([pipeline().collect(one).valid.rows for one in chunks])
    admitted, endings = admission(known).admit(ValidBatch(chunks[0].partition, rows), TELEMETRY)
    assert admitted.rows["offset"].to_pylist() == [0, 1, 3, 5, 6, 7]
    assert [(one.how, one.vendor, [*one.offsets]) for one in endings] == [
        ("withheld/stopped", "smarock", [2, 4])
    ]


@pytest.mark.parametrize(
    "others",
    [
        [DeviceRecord(1, 2, GERMAN.encode(), None)],
        [registration(GERMAN, country="AQ")],
        [registration(GERMAN, country="GB")],
        [registration(GERMAN, vendor="nobody")],
    ],
)
def test_a_mark_changes_nothing_for_records_that_are_nobodys_here(
    others: list[DeviceRecord],
) -> None:
    before = [registration(GERMAN), *others]
    marked = [*before, marking(GERMAN, since=NOW - 1, restricted=True)]
    assert outcome(registry(*marked)) == outcome(registry(*before))


def test_a_default_policy_holds_for_makers_without_one_and_is_the_one_that_is_named() -> None:
    known = registry(registration(GERMAN, vendor="nobody", bound_since=None))
    judging = replace(admission(known), policies=Policies.shipped(OTHER))
    valid = pipeline(known=known).collect(wire([reading(battery_level=7)])).valid
    admitted, endings = judging.admit(valid, TELEMETRY)
    assert not endings
    assert admitted.rows["battery_level"].to_pylist() == [None]
    assert {one.vendor for one in admitted.blanked} == {OTHER}


@pytest.mark.parametrize(
    ("vendor", "fault", "how"),
    [
        ("smarock", "navigation", "eu"),
        ("smarock", "unknown", "eu"),
        ("smarock", "none", "withheld/no fault that a map is for"),
        ("smarock", None, "withheld/no fault that a map is for"),
        (OTHER, None, "eu"),
    ],
)
def test_a_tile_is_stored_for_a_fault_only_where_the_policy_says_so(
    vendor: str, fault: str | None, how: str
) -> None:
    path = pipeline(MAP_TILES, registry(registration(GERMAN, vendor=vendor)))
    finished = path.finish(wire([]).partition, [path.collect(wire([tile(fault=fault)]))])
    stored = [region for region, folders in finished.rows.items() if folders]
    assert (stored or [finished.endings[0].how]) == [how]
