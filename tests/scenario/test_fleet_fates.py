"""The fleet says what should become of each record; the path of a record must agree."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
import pytest

from jobs.demo.fleet.plan import Mix, Plan
from jobs.demo.fleet.records import NO_REGION, Fate, Record
from jobs.demo.fleet.simulation import records
from schemas.batches import Ending, WireBatch
from schemas.lineage import Partition
from schemas.privacy import Domain
from schemas.regions import Region, Residency
from schemas.retention import microseconds
from schemas.tables import STREAMED
from schemas.tables.devices import DEVICES_TOPIC
from streams.pipeline import Finished, Pipeline
from streams.registry import DeviceRecord, Registry
from streams.stages.admit import Admission
from streams.stages.pseudonymise import RegionKeys

START = datetime(2026, 11, 21, 10, tzinfo=UTC)
SERVED = (Region("eu"), Region("us"))
POISONOUS = Mix(
    broken=0.2, late=0.3, changes=0.5, unregistered=0.1, nowhere=0.1, unknown_fields=0.2
)


def arrived(sent: list[Record]) -> list[tuple[int, Record]]:
    """Each record with a broker's time; no two are the same."""
    times, last = [], 0
    for record in sent:
        last = max(last + 1, microseconds(START + timedelta(seconds=record.after)))
        times.append(last)
    return list(zip(times, sent, strict=True))


def registry_of(sent: list[tuple[int, Record]]) -> Registry:
    registry = Registry()
    devices = [
        DeviceRecord(offset, time, record.record_key, record.value)
        for offset, (time, record) in enumerate(sent)
        if record.topic == DEVICES_TOPIC
    ]
    registry.apply(devices, len(sent))
    return registry


def through_the_path(topic: str, sent: list[tuple[int, Record]]) -> Finished:
    keys = [RegionKeys(region, 1, dict.fromkeys(Domain, region.encode())) for region in SERVED]
    admission = Admission(registry_of(sent), Residency.shipped(), SERVED, Plan().late_window)
    pipeline = Pipeline(STREAMED[topic], admission, keys)
    chosen = [(i, time, record) for i, (time, record) in enumerate(sent) if record.topic == topic]
    partition = Partition(topic, "an-id", 0)
    wire = WireBatch(
        partition,
        0,
        len(sent),
        np.array([i for i, _, _ in chosen]),
        np.array([time for _, time, _ in chosen]),
        [record.value for _, _, record in chosen],
        {place: record.headers for place, (_, _, record) in enumerate(chosen) if record.headers},
    )
    return pipeline.finish(partition, [pipeline.collect(wire)])


def outcomes(finished: Finished) -> Iterator[tuple[int, tuple[str, str]]]:
    for region, folders in finished.rows.items():
        for rows in folders.values():
            yield from ((offset, ("stored", region)) for offset in rows["offset"].to_pylist())
    for ending in finished.endings:
        yield from ((offset, _ended(ending)) for offset in ending.offsets.tolist())


def _ended(ending: Ending) -> tuple[str, str]:
    how, _, detail = ending.how.partition("/")
    return how, detail if how == "elsewhere" else ""


def _expected(fate: Fate) -> tuple[str, str]:
    return fate.how, fate.region if fate.how in {"stored", "elsewhere"} else NO_REGION


@pytest.mark.parametrize("topic", sorted(STREAMED))
def test_every_record_ends_as_the_fleet_foretold(topic: str) -> None:
    plan = Plan(
        robots=30,
        countries=("DE", "US", "GB"),
        speed=60,
        served=frozenset(SERVED),
        canaries=True,
        mix=POISONOUS,
    )
    sent = arrived(list(islice(records(plan, START), 20_000)))
    ended = dict(outcomes(through_the_path(topic, sent)))
    foretold = {i: _expected(r.fate) for i, (_, r) in enumerate(sent) if r.topic == topic}
    different = {
        (foretold[i], ended.get(i), sent[i][1].fate.why)
        for i in foretold
        if foretold[i] != ended.get(i)
    }
    assert not different
    assert ended.keys() == foretold.keys()
    assert len(Counter(ended.values())) > 3
