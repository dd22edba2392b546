"""A sink in this process, over folders: for stories that need no Kafka."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.wire import EU, US

from schemas.batches import WireBatch
from schemas.lineage import Partition
from schemas.policies import Policies
from schemas.regions import Region
from schemas.tables import DEAD_LETTERS, TELEMETRY
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.receipts import Receipt
from streams.pipeline import Pipeline
from streams.sink import FlushRules, Sink
from streams.sink.budget import Budget
from streams.sink.delivery import Delivery, Step
from streams.sink.limits import RejectionLimit
from streams.sink.work import Start

RULES = FlushRules(10**9, timedelta(minutes=1), RejectionLimit(1.0, 10**9))


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - files are as old as the folder says


def telemetry_lake(folder: Path) -> dict[str, Destination]:
    """Telemetry of two regions and the dead letters, by their names in a sink."""
    regions: dict[str, Region] = {"eu": EU, "us": US}
    made = {
        name: Destination(TELEMETRY, region, DirectoryStore(folder / region))
        for name, region in regions.items()
    }
    made[DEAD_LETTERS.name] = Destination(DEAD_LETTERS, EU, DirectoryStore(folder / EU))
    for destination in made.values():
        destination.create()
    return made


class CrashError(Exception):
    """The process ends here."""


def crash_at(step: str) -> Step:
    """A step that ends the process at one of `streams.sink.delivery`'s steps."""

    def crash(name: str) -> None:
        if name == step:
            raise CrashError(name)

    return crash


def flush(
    lake: Mapping[str, Destination],
    pipeline: Pipeline,
    chunks: Iterable[WireBatch],
    *,
    step: Step = lambda _: None,
) -> BaseException | None:
    """A worker that starts, takes chunks of partitions from where the lake stands, and flushes.

    Returns:
        What it died of.
    """
    fresh = {name: Destination(one.table, one.region, one.store) for name, one in lake.items()}
    deliveries = {
        name: Delivery(
            one,
            name,
            Receipt(policies=Policies.shipped().versions, worker="test"),
            regions=("eu", "us"),
            clock=_now,
            step=step,
        )
        for name, one in fresh.items()
    }
    sink = Sink(
        pipeline, deliveries, barrier=lambda: 2, budget=Budget(2**30), rules=RULES, step=step
    )
    return asyncio.run(_run(sink, list(chunks)))


async def _run(sink: Sink, chunks: list[WireBatch]) -> BaseException | None:
    partitions: list[Partition] = sorted({chunk.partition for chunk in chunks})
    for name, unknown in _unknown(sink, partitions).items():
        sink.pin(dict.fromkeys(unknown, 0), name)
    starts = {
        partition: Start(
            {name: last for name, last in known.items() if last is not None},
            min(last for last in known.values() if last is not None) + 1,
        )
        for partition, known in sink.load(partitions).items()
    }
    sink.assign(starts)
    for chunk in chunks:
        assert await sink.add(chunk, lambda: None) is None
    await sink.drain()
    return sink.failed


def _unknown(sink: Sink, partitions: list[Partition]) -> dict[str, list[Partition]]:
    found: dict[str, list[Partition]] = {}
    for partition, known in sink.load(partitions).items():
        for name, last in known.items():
            if last is None:
                found.setdefault(name, []).append(partition)
    return found
