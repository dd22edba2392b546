"""From settings to sinks: what a worker is made of, except Kafka."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from schemas.metrics import (
    FLUSH_SECONDS,
    FLUSHED_BYTES,
    FLUSHED_ROWS,
    FLUSHES,
    HELD_BYTES,
    RECORDS_ENDED,
    RECORDS_READ,
    REFUSED_REGISTRATIONS,
    REGISTRATIONS,
    REGISTRY_OFFSET,
    RETRIES,
    UNKNOWN_FIELDS,
)
from schemas.policies import Policies
from schemas.regions import Region, Residency
from schemas.settings import Settings
from schemas.tables import DEAD_LETTERS, STREAMED, Table
from storage.lake import Destination
from storage.places import check_promises, location_of, open_lake, open_stores, tables_in
from storage.receipts import Receipt
from storage.s3 import S3Bucket
from storage.store import check_conditional_puts
from streams.keys import WatchedKeyring
from streams.metered import MeteredStore
from streams.monitoring import Meter
from streams.pipeline import Pipeline
from streams.registry import Registry
from streams.sink import Barrier, FlushRules, Sink
from streams.sink.budget import Budget
from streams.sink.delivery import Delivery, Step
from streams.sink.limits import RejectionLimit
from streams.stages.admit import Admission

Lake = Mapping[tuple[str, Region], Destination]
"""Every destination, by table's name and region."""


def no_step(name: str) -> None:
    """What a worker does at each step of a flush besides its work: nothing."""
    del name


def check_storage(settings: Settings, meter: Meter | None = None) -> Lake:
    """Test that every bucket may be written to, and open its tables.

    Args:
        settings: Where they are.
        meter: Counts what the stores are asked.

    Raises:
        PolicyError: A bucket is not where its region's rows must be, or is not said to be.
        FatalError: A store lets two commits overwrite each other, or lacks a table.
        RetryableError: A store does not answer.
    """
    check_promises(settings, Residency.shipped())
    counting = meter or Meter()
    stores = {
        region: MeteredStore(store, region, counting)
        for region, store in open_stores(settings).items()
    }
    for place in settings.regions:
        tables = [table.name for table in tables_in(place.region, settings)]
        S3Bucket(location_of(place, settings), tables).check_location()
        check_conditional_puts(stores[place.region], f"_checks/{uuid4().hex}")
    lake = open_lake(stores, settings)
    for destination in lake.values():
        destination.versions([])
    return lake


@dataclass(slots=True, kw_only=True)
class Assembly:
    """A worker's sinks, which share a registry, a budget and a meter.

    Attributes:
        step: Told of every step of every flush; tests stop or crash a worker there.
    """

    settings: Settings
    keyring: WatchedKeyring = field(repr=False)
    lake: Lake
    registry: Registry
    meter: Meter
    clock: Callable[[], datetime]
    step: Step = no_step
    budget: Budget = field(init=False)
    _sinks: dict[str, Sink] = field(default_factory=dict, init=False)
    _deliveries: dict[str, dict[str, Delivery]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Begin without sinks."""
        self.budget = Budget(self.settings.memory_budget)

    def sinks(self, barrier: Barrier) -> Mapping[str, Sink]:
        """Topic -> its sink, made at the first call."""
        for topic, table in STREAMED.items():
            if topic not in self._sinks:
                self._sinks[topic] = self._sink(topic, table, barrier)
        return self._sinks

    def observe(self) -> None:
        """Bring the meter up to date."""
        self.meter.set(REGISTRATIONS, len(self.registry))
        self.meter.set(REGISTRY_OFFSET, self.registry.applied)
        self.meter.set(REFUSED_REGISTRATIONS, self.registry.refused)
        self.meter.set(HELD_BYTES, self.budget.held)
        for topic, sink in self._sinks.items():
            counts = sink.counts
            self.meter.set(RECORDS_READ, counts.records, topic=topic)
            self.meter.set(UNKNOWN_FIELDS, counts.unknown_fields, topic=topic)
            self.meter.set(FLUSHES, counts.flushes, topic=topic)
            self.meter.set(FLUSH_SECONDS, counts.seconds, topic=topic)
            self.meter.set(FLUSHED_ROWS, counts.rows, topic=topic)
            put = sum(delivery.put_bytes for delivery in self._deliveries[topic].values())
            self.meter.set(FLUSHED_BYTES, put, topic=topic)
            for how, count in counts.endings.items():
                self.meter.set(RECORDS_ENDED, count, topic=topic, how=how)
            for name, delivery in self._deliveries[topic].items():
                self.meter.set(RETRIES, delivery.retries, topic=topic, destination=name)

    @property
    def _policies(self) -> Policies:
        return Policies.shipped(self.settings.default_policy)

    @property
    def _served(self) -> tuple[Region, ...]:
        return tuple(place.region for place in self.settings.regions)

    def _sink(self, topic: str, table: Table, barrier: Barrier) -> Sink:
        admission = Admission(
            self.registry,
            Residency.shipped(),
            self._served,
            self.settings.late_window,
            self._policies,
        )
        deliveries = {region: self._delivery(table, region, region) for region in self._served} | {
            DEAD_LETTERS.name: self._delivery(
                DEAD_LETTERS, self.settings.home_region, DEAD_LETTERS.name
            )
        }
        self._deliveries[topic] = deliveries
        rejected = RejectionLimit(self.settings.rejected_ratio, self.settings.rejected_run)
        return Sink(
            Pipeline(
                table,
                admission,
                self.keyring.newest(),
                maps=dict(self.settings.map_privacy),
                newest_keys=self.keyring.newest,
            ),
            deliveries,
            barrier=barrier,
            budget=self.budget,
            rules=FlushRules(self.settings.flush_rows, self.settings.flush_period, rejected),
            step=self.step,
        )

    def _delivery(self, table: Table, region: Region, name: str) -> Delivery:
        stamp = Receipt(
            policies=self._policies.versions,
            routing_version=Residency.shipped().version,
            worker=platform.node(),
        )
        return Delivery(
            self.lake[table.name, region],
            name,
            stamp,
            regions=self._served,
            clock=self.clock,
            step=self.step,
        )
