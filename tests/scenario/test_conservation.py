"""Conservation: every record of a span ends exactly once, as the oracle says, on every try."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.evidence.fleet import Fleet
from support.evidence.oracle import Marking, Registration, Sent
from support.faults.rig import Told, oracle_of, pipeline_of, registry_of

from schemas.batches import WireBatch
from schemas.lineage import Partition
from schemas.tables import STREAMED
from streams.pipeline import Finished, Pipeline

NOW = 1_795_000_000_000_000
HOUR = 3_600_000_000
FLEET = Fleet(NOW, good=0.3)
REGISTERED = [(1, one) for one in FLEET.registrations()]
MARKS = [
    (NOW - 1, said)
    for number, (_, one) in enumerate(REGISTERED)
    for said in (
        Marking(one.device.lower(), restricted=number % 6 == 1, stopped=number % 9 == 2),
        Marking(one.device, erased=NOW) if number % 8 == 3 else None,
    )
    if said
]
HISTORY: list[Told] = [*REGISTERED, *MARKS]
ORACLE = oracle_of(HISTORY)
LATER: list[Told] = [
    *((NOW + HOUR, Registration(one.device, "US", frozenset())) for _, one in REGISTERED),
    *((NOW, Marking(one.device, stopped=True)) for _, one in REGISTERED),
]

topics = st.sampled_from(sorted(STREAMED))
numbers = st.lists(st.integers(0, 10**6), min_size=1, max_size=60)
cuts = st.lists(st.integers(0, 60), max_size=4)


def _wire(topic: str, sent: Sequence[Sent], first: int, gap: int) -> WireBatch:
    """A chunk whose offsets are not contiguous: some were transaction markers."""
    offsets = first + np.arange(len(sent), dtype=np.int64) * gap
    return WireBatch(
        Partition(topic, "an-id", 0),
        first,
        int(offsets[-1]) + 1 if len(sent) else first,
        offsets,
        np.full(len(sent), NOW, np.int64),
        [one.value for one in sent],
        {place: one.headers for place, one in enumerate(sent) if one.headers},
    )


def _finish(pipeline: Pipeline, topic: str, sent: Sequence[Sent], at: Sequence[int]) -> Finished:
    """Send the records in chunks that end at these places."""
    edges = sorted({0, len(sent), *(place for place in at if place < len(sent))})
    chunks = [
        pipeline.collect(_wire(topic, sent[start:end], 7 + start * 3, 3))
        for start, end in itertools.pairwise(edges)
    ]
    return pipeline.finish(Partition(topic, "an-id", 0), chunks)


def _endings(finished: Finished) -> list[tuple[int, str]]:
    """Offset and how it ended, of every ending of every record."""
    stored = [
        (offset, f"stored/{region}")
        for region, folders in finished.rows.items()
        for rows in folders.values()
        for offset in rows["offset"].to_pylist()
    ]
    return sorted(stored + [(int(at), one.how) for one in finished.endings for at in one.offsets])


@given(topic=topics, numbers=numbers, cuts=cuts)
def test_every_record_ends_exactly_once_and_as_the_oracle_says(
    topic: str, numbers: list[int], cuts: list[int]
) -> None:
    sent = [FLEET.sent(topic, number) for number in numbers]
    finished = _finish(pipeline_of(registry_of(HISTORY), STREAMED[topic]), topic, sent, cuts)
    expected = [(7 + 3 * place, ORACLE.fate(one, NOW)) for place, one in enumerate(sent)]
    assert _endings(finished) == expected


@given(topic=topics, numbers=numbers, cuts=cuts)
def test_every_value_is_stored_or_counted_as_the_makers_policy_has_it(
    topic: str, numbers: list[int], cuts: list[int]
) -> None:
    sent = {7 + 3 * place: FLEET.sent(topic, number) for place, number in enumerate(numbers)}
    path = pipeline_of(registry_of(HISTORY), STREAMED[topic])
    finished = _finish(path, topic, [*sent.values()], cuts)
    expected = {(at, *one) for at, sent in sent.items() for one in ORACLE.blanked(sent, NOW)}
    counted = [
        (int(at), one.vendor, one.column, one.reason)
        for one in finished.blanked
        for at in one.offsets
    ]
    assert sorted(counted) == sorted(expected)
    for row in _stored(finished):
        names = {name for at, _, name, _ in expected if at == row["offset"]}
        there = {name for name in row.keys() & sent[row["offset"]].fields if row[name] is not None}
        assert there == (row.keys() & sent[row["offset"]].fields) - names


@given(numbers=numbers)
def test_what_is_withheld_is_counted_by_maker(numbers: list[int]) -> None:
    topic = "fleet.map-tiles"
    sent = {7 + 3 * place: FLEET.sent(topic, number) for place, number in enumerate(numbers)}
    finished = _finish(
        pipeline_of(registry_of(HISTORY), STREAMED[topic]), topic, [*sent.values()], []
    )
    for ending in finished.endings:
        makers = {ORACLE.vendor(sent[at], NOW) for at in ending.offsets.tolist()}
        if ending.how.startswith("withheld/"):
            assert makers == {ending.vendor}
        else:
            assert ending.vendor == ""


@given(topic=topics, values=st.lists(st.none() | st.binary(max_size=200), min_size=1, max_size=20))
def test_whatever_bytes_come_each_record_ends_exactly_once(
    topic: str, values: list[bytes | None]
) -> None:
    sent = [Sent(topic, "", 0, value) for value in values]
    finished = _finish(pipeline_of(registry_of(HISTORY), STREAMED[topic]), topic, sent, [])
    assert [offset for offset, _ in _endings(finished)] == [7 + 3 * i for i in range(len(sent))]


@settings(max_examples=40)
@given(topic=topics, numbers=numbers, cuts=cuts, others=cuts)
def test_a_replay_puts_every_row_where_the_first_try_did(
    topic: str, numbers: list[int], cuts: list[int], others: list[int]
) -> None:
    sent = [FLEET.sent(topic, number) for number in numbers]
    table = STREAMED[topic]
    first = _finish(pipeline_of(registry_of(HISTORY), table), topic, sent, cuts)
    again = _finish(pipeline_of(registry_of(HISTORY + LATER), table), topic, sent, others)
    assert _endings(first) == _endings(again)
    assert _rows(first) == _rows(again)
    assert _counted(first) == _counted(again)


def _stored(finished: Finished) -> list[dict[str, Any]]:
    return [
        row
        for folders in finished.rows.values()
        for rows in folders.values()
        for row in rows.to_pylist()
    ]


def _counted(finished: Finished) -> list[tuple[str, str, str, int]]:
    """What was taken out of the rows, by value."""
    return sorted(
        (one.vendor, one.column, one.reason, int(at))
        for one in finished.blanked
        for at in one.offsets
    )


def _rows(finished: Finished) -> Mapping[object, object]:
    return {
        (region, folder): rows.to_pylist()
        for region, folders in finished.rows.items()
        for folder, rows in folders.items()
        if rows.num_rows
    }


@pytest.mark.parametrize("topic", sorted(STREAMED))
def test_the_fleet_meets_every_fate(topic: str) -> None:
    fates = Counter(ORACLE.fate(FLEET.sent(topic, number), NOW) for number in range(3_000))
    kinds = {fate.partition("/")[0] for fate in fates}
    assert kinds == {"stored", "rejected", "withheld", "expired", "elsewhere"}
    assert len(fates) > 15
    assert {"withheld/restricted", "withheld/stopped", "withheld/erased"} <= fates.keys()
