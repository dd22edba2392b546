from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wire import marking, registration

from schemas.marks import Mark, mark_key
from schemas.retention import microseconds
from streams.registry import HISTORY, MERGE_AT, DeviceRecord, Registry

DEVICES = ["a", "b", "c", "D", "e-1"]
COUNTRIES = ["DE", "US", "GB", "CN"]
changes = st.tuples(
    st.sampled_from(DEVICES), st.sampled_from([*COUNTRIES, None]), st.integers(0, 3)
)
questions = st.lists(
    st.tuples(st.sampled_from([*DEVICES, "nobody"]), st.integers(0, 200)), min_size=1, max_size=30
)


def record(device: str, country: str | None, time: int) -> DeviceRecord:
    if country is None:
        return DeviceRecord(0, time, device.encode(), None)
    return registration(device, since=time, country=country)


def ask(known: Registry, asked: list[tuple[str, int]]) -> list[str | None]:
    devices = sorted({device for device, _ in asked})
    found = known.as_of(
        devices,
        np.array([devices.index(device) for device, _ in asked]),
        np.array([time for _, time in asked]),
    )
    return [
        None if not there else "cancelled" if cancelled else known.words.texts[country]
        for there, cancelled, country in zip(
            found.found, found.cancelled, found.country, strict=True
        )
    ]


@given(st.lists(st.lists(changes, max_size=8), max_size=6), questions)
def test_a_record_is_judged_by_the_last_registration_from_before_it(
    batches: list[list[tuple[str, str | None, int]]], asked: list[tuple[str, int]]
) -> None:
    known, told, now = Registry(), [], 0
    for batch in batches:
        records = []
        for device, country, pause in batch:
            now += pause
            told.append((device, country, now))
            records.append(record(device, country, now))
        known.apply(records, next_offset=len(told))
        ask(known, asked)  # reading merges, and must change nothing
    expected = [
        next(
            (
                country or "cancelled"
                for device, country, since in reversed(told)
                if device == wanted and since < time
            ),
            None,
        )
        for wanted, time in asked
    ]
    assert ask(known, asked) == expected


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", b'{"device": "a"}'])
def test_what_is_no_registration_is_counted_and_changes_nothing(value: bytes) -> None:
    known = Registry()
    known.apply([registration("a"), DeviceRecord(1, 2, b"a", value)], next_offset=2)
    assert ask(known, [("a", 9)]) == ["DE"]
    assert (known.refused, known.applied) == (1, 2)


def test_history_is_forgotten_after_fifteen_days_and_the_present_is_not() -> None:
    known, day = Registry(), microseconds(HISTORY) // 15
    moves = [registration("a", since=n * day, country=COUNTRIES[n % 4]) for n in range(40)]
    others = [registration(f"x{n}", since=40 * day) for n in range(MERGE_AT)]
    known.apply([*moves, *others], next_offset=1)
    latest = [("a", n * day + 1) for n in range(26, 40)]
    assert ask(known, latest) == [COUNTRIES[n % 4] for n in range(26, 40)]
    assert len(known) < 20 + MERGE_AT


def test_ten_million_devices_fit_into_a_gibibyte() -> None:
    known = Registry()
    known.apply([registration(f"d{n}") for n in range(MERGE_AT)], next_offset=MERGE_AT)
    # A merge holds the old and the new columns at once.
    assert 2 * 10_000_000 * known.byte_size / len(known) <= 2**30


def test_a_lookup_does_not_depend_on_how_records_were_batched() -> None:
    moves = [registration("a", since=n, country=COUNTRIES[n % 4]) for n in range(10)]
    asked = [("a", n) for n in range(12)]
    answers = []
    for size in (1, 3, 10):
        known = Registry()
        for start, end in pairwise([*range(0, 10, size), 10]):
            known.apply(moves[start:end], next_offset=end)
            ask(known, asked)
        answers.append(ask(known, asked))
    assert answers[0] == answers[1] == answers[2]


marks = st.builds(
    Mark,
    device=st.sampled_from(DEVICES),
    restricted=st.booleans(),
    stopped=st.booleans(),
    erased=st.none() | st.integers(0, 20),
)


def marked(known: Registry, asked: list[tuple[str, int]]) -> list[tuple[bool, bool, int]]:
    devices = sorted({device for device, _ in asked})
    indices = np.array([devices.index(device) for device, _ in asked])
    found = known.as_of(devices, indices, np.array([time for _, time in asked])).marked
    if found is None:
        return [(False, False, -1)] * len(asked)
    columns = (found.restricted, found.stopped, np.maximum(found.erased, -1))
    return list(zip(*(column.tolist() for column in columns), strict=True))


@given(st.lists(st.tuples(marks, st.integers(0, 3)), max_size=20), questions, st.integers(1, 9))
def test_a_record_is_judged_by_the_last_mark_from_before_it(
    told: list[tuple[Mark, int]], asked: list[tuple[str, int]], together: int
) -> None:
    known, now, history = Registry(), 0, []
    for mark, pause in told:
        now += pause
        history.append((mark, now))
    records = [
        marking(
            one.device, since=at, restricted=one.restricted, stopped=one.stopped, erased=one.erased
        )
        for one, at in history
    ]
    for start in range(0, len(records), together):
        known.apply(records[start : start + together], next_offset=start)
        marked(known, asked)
    expected = [
        next(
            (
                (one.restricted, one.stopped, -1 if one.erased is None else min(one.erased, at))
                for one, at in reversed(history)
                if one.device == wanted and at < time
            ),
            (False, False, -1),
        )
        for wanted, time in asked
    ]
    assert marked(known, asked) == expected
    assert known.refused == 0


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", b'{"device": "a", "vendor": "smarock"}'])
def test_what_is_no_mark_is_counted_and_changes_nothing(value: bytes) -> None:
    known = Registry()
    said = marking("a", since=1, stopped=True)
    known.apply([said, DeviceRecord(1, 2, mark_key("a"), value)], next_offset=2)
    assert marked(known, [("a", 9)]) == [(False, True, -1)]
    assert (known.refused, len(known)) == (1, 0)


def test_marks_are_forgotten_fifteen_days_after_they_were_superseded() -> None:
    known, day = Registry(), microseconds(HISTORY) // 15
    for n in range(40):
        known.apply([marking("a", since=n * day, stopped=n % 2 == 0)], next_offset=n)
    recent = [("a", n * day + 1) for n in range(25, 40)]
    assert [stopped for _, stopped, _ in marked(known, recent)] == [
        n % 2 == 0 for n in range(25, 40)
    ]
    assert not any(stopped for _, stopped, _ in marked(known, [("a", 10 * day + 1)]))


few = st.sampled_from(DEVICES[:2])
said = st.tuples(few, st.sampled_from([*COUNTRIES, None]) | marks, st.integers(0, 3))


early = st.lists(st.tuples(few, st.integers(0, 20)), min_size=10, max_size=30)


def judged(known: Registry, asked: list[tuple[str, int]]) -> list[tuple[bool, object]]:
    """Of each record, whether nobody knows what was said of its device; and what is known."""
    devices = sorted({device for device, _ in asked})
    indices = np.array([devices.index(device) for device, _ in asked])
    found = known.as_of(devices, indices, np.array([time for _, time in asked]))
    unknown = found.unknown | (found.marked.unknown if found.marked else False)
    told = zip(ask(known, asked), marked(known, asked), strict=True)
    return list(zip(unknown.tolist(), told, strict=True))


@given(st.lists(said, min_size=6, max_size=20), early, st.integers(0, 40), st.data())
def test_from_a_compacted_topic_a_record_is_judged_as_from_the_whole_or_it_is_said_to_be_unknown(
    told: list[tuple[str, str | Mark | None, int]],
    asked: list[tuple[str, int]],
    until: int,
    data: st.DataObject,
) -> None:
    now, records = 0, list[DeviceRecord]()
    for device, what, pause in told:
        now += pause
        if isinstance(what, Mark):
            flags = {"restricted": what.restricted, "stopped": what.stopped, "erased": what.erased}
            records.append(marking(device, since=now, **flags))
        else:
            records.append(record(device, what, now))
    left = list(records)
    for key in {one.record_key for one in records}:
        mine = [one for one in records if one.record_key == key]
        newest = [n for n, one in enumerate(mine) if one.ingest_time <= until]
        gone = mine[: data.draw(st.sampled_from([*newest[::-1], 0]))]  # what a compaction may take
        left = [one for one in left if not any(one is other for other in gone)]
    whole, rest = Registry(), Registry()
    whole.apply(records, next_offset=1)
    rest.apply(left, next_offset=1, compacted_until=until)
    for (_, time), (_, first), (unknown, again) in zip(
        asked, judged(whole, asked), judged(rest, asked), strict=True
    ):
        assert again == first or unknown
        assert not unknown or time <= until
