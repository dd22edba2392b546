from datetime import timedelta

import pytest
from support.wire import (
    AMERICAN,
    GERMAN,
    NOBODY,
    NOW,
    admission,
    pipeline,
    reading,
    registration,
    registry,
    wire,
)

from schemas.retention import microseconds
from schemas.tables import TELEMETRY
from streams.registry import DeviceRecord, Registry

DAY = microseconds(timedelta(days=1))


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
