"""Records as a fleet would send them, and the registry that knows their devices."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from schemas.batches import Headers, WireBatch
from schemas.keyring import Keyring
from schemas.lineage import Partition
from schemas.marks import Mark, encode, mark_key
from schemas.regions import Region, Residency
from schemas.retention import microseconds
from schemas.tables import TELEMETRY, Table
from streams.pipeline import Pipeline
from streams.registry import CONSENTS, DeviceRecord, Registry
from streams.stages.admit import Admission
from streams.stages.pseudonymise import RegionKeys

NOW = microseconds(datetime(2026, 11, 21, 14, 30, tzinfo=UTC))
EU, US = Region("eu"), Region("us")
LATE_WINDOW = timedelta(days=9)
PARTITION = Partition("fleet.telemetry", "AAAA", 3)

GERMAN, AMERICAN, NOBODY = "Serial-1", "Serial-2", "Serial-3"
"""Devices: one in the EU, one in the US, one that was never registered."""


def reading(**given: object) -> dict[str, Any]:
    """A good reading of the German robot."""
    return {"device": GERMAN, "event_time": NOW, "status": "cleaning", **given}


def tile(**given: object) -> dict[str, Any]:
    """A good tile of the German robot, all floor."""
    raw = {"encoding": "raw", "cells": bytes([1]) * 4096}
    place = {"map": "m", "tile_x": 0, "tile_y": 0, "version": 1}
    return {"device": GERMAN, "event_time": NOW, **place, **raw, **given}


def wire(
    values: Sequence[bytes | Mapping[str, Any] | None],
    *,
    first: int = 0,
    time: int = NOW,
    headers: Mapping[int, Headers] | None = None,
    partition: Partition = PARTITION,
) -> WireBatch:
    """A batch of records; a mapping becomes JSON."""
    encoded = [
        msgspec.json.encode(value) if isinstance(value, Mapping) else value for value in values
    ]
    n = len(encoded)
    return WireBatch(
        partition,
        first,
        first + n,
        np.arange(first, first + n),
        np.full(n, time),
        encoded,
        headers or {},
    )


def registration(device: str, *, since: int = 1, offset: int = 0, **given: object) -> DeviceRecord:
    """A registration, bound and with every consent, in Germany where nothing else is given."""
    fields = {
        "vendor": "smarock",
        "model": "X1",
        "country": "DE",
        "account": "somebody",
        "bound_since": 0,
        "consents": [{"name": name, "granted": True, "since": 0} for name in CONSENTS],
        **given,
    }
    value = msgspec.json.encode({"device": device, **fields})
    return DeviceRecord(offset, since, device.encode(), value)


def marking(device: str, *, since: int, **said: Any) -> DeviceRecord:  # noqa: ANN401 - fields of Mark
    """A mark of an officer, told at this time; one that says nothing is a tombstone."""
    return DeviceRecord(0, since, mark_key(device), encode(Mark(device=device, **said)))


def registry(*records: DeviceRecord) -> Registry:
    """A registry of these, or of the German and the American robot."""
    known = Registry()
    default = (registration(GERMAN), registration(AMERICAN, country="US"))
    known.apply(records or default, next_offset=len(records or default))
    return known


def admission(known: Registry | None = None) -> Admission:
    """What rows are judged by, in a deployment that serves the EU and the US."""
    return Admission(known or registry(), Residency.shipped(), (EU, US), LATE_WINDOW)


def pipeline(table: Table = TELEMETRY, known: Registry | None = None) -> Pipeline:
    """The whole path of a table, with new keys."""
    keyring = Keyring.generate((EU, US))
    return Pipeline(
        table, admission(known), [RegionKeys.current(keyring, region) for region in (EU, US)]
    )
