from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.kafka import Topic
from jobs.topics import NAMES, Breach, breaches, plan
from schemas.errors import PolicyError
from schemas.settings import Settings

_SETTINGS = Settings()
_DAY = 24 * 3600 * 1000
_DEFAULTS = {"file.delete.delay.ms": "60000", "retention.ms": str(7 * _DAY)}
_days = st.floats(0.01, 20).map(lambda days: timedelta(days=days))


def _made(settings: Settings = _SETTINGS) -> dict[str, Topic]:
    return {
        topic.name: Topic(topic.name, "an id", topic.partitions, {**_DEFAULTS, **topic.settings})
        for topic in plan(settings)
    }


def _changed(name: str, **settings: str) -> list[Breach]:
    topics = _made()
    was = topics[name]
    given = {setting.replace("_", "."): value for setting, value in settings.items()}
    topics[name] = Topic(name, was.id, was.partitions, {**was.settings, **given})
    return breaches(topics, _SETTINGS)


def test_topics_as_they_are_created_break_no_promise() -> None:
    assert breaches(_made(), _SETTINGS) == []
    assert set(_made()) == set(NAMES)


def test_registrations_have_one_partition_and_data_as_many_as_set() -> None:
    made = _made(Settings(partitions=24))
    assert made["fleet.devices"].partitions == 1
    assert made["fleet.telemetry"].partitions == 24


@given(late=_days, retention=_days, segment=_days)
def test_what_is_planned_is_gone_within_the_fortnight_or_refused(
    late: timedelta, retention: timedelta, segment: timedelta
) -> None:
    settings = Settings(late_window=late, topic_retention=retention, topic_segment=segment)
    fits = late + retention + segment + timedelta(minutes=15) <= timedelta(days=14)
    if fits:
        assert breaches(_made(settings), settings) == []
    else:
        with pytest.raises(PolicyError, match="FORTNIGHT_TOPIC_RETENTION"):
            plan(settings)


@given(retention=st.integers(-1, 20 * _DAY), segment=st.integers(1, 20 * _DAY))
def test_a_data_topic_passes_exactly_if_its_records_are_gone_within_the_fortnight(
    retention: int, segment: int
) -> None:
    found = _changed("fleet.telemetry", retention_ms=str(retention), segment_ms=str(segment))
    late = 9 * _DAY + 15 * 60 * 1000
    gone = retention >= 0 and late + retention + segment <= 14 * _DAY
    assert [breach.setting for breach in found] == ([] if gone else ["retention.ms + segment.ms"])


def test_a_breach_names_topic_setting_found_and_allowed() -> None:
    (breach,) = _changed("fleet.map-tiles", message_timestamp_type="CreateTime")
    assert str(breach) == (
        "fleet.map-tiles: message.timestamp.type is CreateTime, allowed is LogAppendTime"
    )


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("fleet.telemetry", "cleanup.policy", "compact"),
        ("fleet.telemetry", "cleanup.policy", "compact,delete"),
        ("fleet.telemetry", "message.timestamp.type", "CreateTime"),
        ("fleet.telemetry", "file.delete.delay.ms", str(_DAY)),
        ("fleet.devices", "cleanup.policy", "delete"),
        ("fleet.devices", "message.timestamp.type", "CreateTime"),
        ("fleet.devices", "delete.retention.ms", str(_DAY)),
        ("fleet.devices", "min.compaction.lag.ms", "0"),
        ("fleet.devices", "max.compaction.lag.ms", str(9223372036854775807)),
        ("fleet.devices", "segment.ms", str(7 * _DAY)),
    ],
)
def test_every_setting_that_promises_rest_on_is_checked(
    name: str, setting: str, value: str
) -> None:
    (breach,) = _changed(name, **{setting: value})
    assert (breach.topic, breach.setting, breach.found) == (name, setting, value)


def test_a_second_partition_of_registrations_is_a_breach() -> None:
    topics = _made()
    devices = topics["fleet.devices"]
    topics["fleet.devices"] = Topic(devices.name, devices.id, 2, devices.settings)
    assert [breach.setting for breach in breaches(topics, _SETTINGS)] == ["partitions"]


def test_a_missing_topic_is_a_breach() -> None:
    assert [breach.topic for breach in breaches({}, _SETTINGS)] == list(NAMES)
