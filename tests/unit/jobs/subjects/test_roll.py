from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wire import marking, registration

from jobs.kafka import KafkaRecord
from jobs.subjects.roll import Listed, Roll, gather
from jobs.subjects.subject import Jurisdiction, Named, wanted
from schemas.ledger_keys import LedgerKey
from schemas.lineage import Partition, Position
from schemas.marks import Mark
from schemas.regions import Region, Residency
from streams.registry import DeviceRecord

EU, US = Region("eu"), Region("us")
HERE = Jurisdiction(LedgerKey.generate(EU), Residency.shipped())
NOTHING = Roll({}, 0)


def heard(*records: DeviceRecord, first: int = 0) -> list[KafkaRecord]:
    """The records as Kafka has them, from an offset on."""
    at = Partition("fleet.devices", "an-id", 0)
    came = datetime(2026, 11, 21, tzinfo=UTC)
    return [
        KafkaRecord(Position(at, offset), came, one.record_key, one.value, ())
        for offset, one in enumerate(records, first)
    ]


def gone(device: str) -> DeviceRecord:
    return DeviceRecord(0, 1, device.encode(), None)


def meant(text: str, *records: DeviceRecord, where: Jurisdiction = HERE) -> list[str]:
    """The devices of a subject, after these records."""
    named = Named.parse(text)
    roll = gather(heard(*records), wanted([named]), NOTHING)
    return sorted(where.subject(named, roll).devices)


@pytest.mark.parametrize("text", ["device:SN 1", "device:sn-1", "account:Ann@x.org"])
def test_a_subject_is_found_however_it_is_written(text: str) -> None:
    records = [registration("SN-1", account="ann@x.org"), registration("SN-2", account="bob")]
    assert meant(text, *records) == ["SN-1"]


def test_an_account_has_every_device_that_is_its_own_now_and_no_other() -> None:
    records = [
        registration("a", account="ann"),
        registration("b", account="ann"),
        registration("c", account="bob"),
        registration("b", account="bob"),
        registration("c", account="ann"),
    ]
    assert meant("account:ann", *records) == ["a", "c"]


def test_a_cancelled_device_is_its_last_accounts_until_it_is_registered_again() -> None:
    before = [registration("a", account="ann"), gone("a")]
    assert meant("account:ann", *before) == ["a"]
    assert meant("account:ann", *before, registration("a", account="bob")) == []


def test_a_device_is_a_regions_where_it_lives_or_lived_or_where_nobody_can_say() -> None:
    american = Jurisdiction(LedgerKey.generate(US), Residency.shipped())
    here = registration("a", account="ann")
    moved = registration("a", account="ann", country="US")
    for text in ("device:a", "account:ann"):
        assert meant(text, here) == ["a"]
        assert meant(text, here, where=american) == []
        assert meant(text, here, moved) == meant(text, here, moved, where=american) == ["a"]
    assert meant("device:a") == meant("device:a", gone("a")) == ["a"]


def test_a_mark_is_known_also_where_the_registration_came_after_it() -> None:
    mark, robot = marking("a", since=1, stopped=True), registration("A", account="ann")
    for records in ([mark, robot], [robot, mark], [mark, gone("a"), robot]):
        roll = gather(heard(*records), wanted([Named.parse("account:ann")]), NOTHING)
        assert roll.of("a").mark == Mark(device="a", stopped=True)
        assert roll.of("a").mark_offset == records.index(mark)


def test_what_is_no_registration_is_passed_over() -> None:
    bad = [DeviceRecord(0, 1, b"a", b"{}"), DeviceRecord(0, 1, b"mark/a", b"\xff")]
    records = [registration("a"), *bad, DeviceRecord(0, 1, b"\xff", None)]
    assert meant("device:a", *records) == ["a"]
    assert gather(heard(*records), lambda _: True, NOTHING).next_offset == len(records)


told = st.lists(
    st.sampled_from(
        [
            registration("a", account="ann"),
            registration("a", account="bob", country="US"),
            registration("b", account="bob"),
            gone("a"),
            marking("a", since=1, restricted=True),
            marking("b", since=1),
        ]
    ),
    max_size=12,
)


@given(told, st.integers(0, 12))
def test_a_pass_that_goes_on_finds_what_one_over_everything_finds(
    records: list[DeviceRecord], cut: int
) -> None:
    def keeps(listed: Listed) -> bool:
        return listed.device == "a"

    whole = gather(heard(*records), keeps, NOTHING)
    first = gather(heard(*records[:cut]), keeps, NOTHING)
    assert gather(heard(*records[cut:], first=min(cut, len(records))), keeps, first) == whole


def test_nothing_raw_is_shown_of_whom_it_is_about() -> None:
    named = Named.parse("account:ann@x.org")
    roll = gather(heard(registration("SN-4711", account="ann@x.org")), wanted([named]), NOTHING)
    subject = HERE.subject(named, roll)
    for shown in (repr(named), repr(roll), repr(roll.of("SN-4711")), repr(subject)):
        assert "ann" not in shown
        assert "4711" not in shown
    assert subject.tag == HERE.key.tag("account", "ANN@x.org")
    assert msgspec.json.encode(roll.of("SN-4711").registration).count(b"4711") == 1
