"""Whether verify finds anything at all: mischief in a scratch prefix, looked at as if it were data.

    _checks/verify/<32 hex digits>/telemetry/date=.../expires=.../....parquet

What is planted names nobody: a canary that is of no region served, and no robot's rows.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.verify.run import verify
from jobs.verify.scene import Purpose, Scene
from schemas.errors import SettingsError
from schemas.tables import TELEMETRY
from storage.store import ObjectInfo, ObjectStore

_CANARY = "canary-cn-smarock"

PLANTED = {
    "a file whose hour has passed": ("smarock/fortnight", "360-robot-vacuum/two-weeks"),
    "a column that is kept out": (
        "smarock/no-network-identifiers",
        "360-robot-vacuum/no-network-identifiers",
    ),
    "a device's own name among the values": ("smarock/collect-device",),
    "a value that no clause collects": ("360-robot-vacuum/closed-list",),
}
"""What is planted -> the promises that have to be found broken."""


def self_test(scene: Scene) -> dict[str, bool]:
    """Plant each, look, and take everything away again; what was planted -> whether it was found.

    Raises:
        SettingsError: No bucket may be written to with these credentials.
        RetryableError: The bucket does not answer.
    """
    bucket = next((one for one in scene.buckets if one.purpose is Purpose.ROWS), None)
    if bucket is None or bucket.refused:
        raise SettingsError("--self-test: there is no bucket of rows that answers")
    scratch = _Scratch(bucket.store, f"_checks/verify/{uuid4().hex}")
    try:
        for key, data in _planted(bucket.now):
            scratch.put(key, data)
        alone = replace(bucket, store=scratch, where=None)
        outcome = verify(replace(scene, buckets=(alone,), cluster=None))
    finally:
        scratch.delete([one.key for one in scratch.list()], every_version=True)
    broken = {judged.promise.name for judged in outcome.broken}
    return {what: broken.issuperset(names) for what, names in PLANTED.items()}


def _planted(now: datetime) -> Iterator[tuple[str, bytes]]:
    yield _key(now - timedelta(days=15), now - timedelta(hours=1)), _file()
    yield _key(now, now + timedelta(days=13)), _file(wifi_ssid=_CANARY)


def _key(day: datetime, expires: datetime) -> str:
    return f"telemetry/date={day:%Y-%m-%d}/expires={expires:%Y-%m-%dT%H}/{uuid4().hex}.parquet"


def _file(**more: str) -> bytes:
    """A reading of nobody's, with a battery that its maker's policy does not let in."""
    said = {"vendor": "360-robot-vacuum", "battery_level": 50}
    columns = [pa.array([said.get(field.name)], field.type) for field in TELEMETRY.schema]
    rows = pa.Table.from_arrays(columns, schema=TELEMETRY.schema)
    for name, text in more.items():
        rows = rows.append_column(name, pa.array([text]))
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd")
    return sink.getvalue()


@dataclass(frozen=True, slots=True)
class _Scratch:
    """A folder of a store, as if it were all of it."""

    store: ObjectStore
    prefix: str

    @property
    def url(self) -> str:
        return f"{self.store.url}/{self.prefix}"

    def lake_options(self) -> dict[str, str]:
        return self.store.lake_options()

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        return self.store.put(self._full(key), data, only_if_absent=only_if_absent)

    def get(self, key: str) -> bytes:
        return self.store.get(self._full(key))

    def get_range(self, key: str, start: int, length: int) -> bytes:
        return self.store.get_range(self._full(key), start, length)

    def head(self, key: str) -> ObjectInfo | None:
        found = self.store.head(self._full(key))
        return None if found is None else self._here(found)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return map(self._here, self.store.list(self._full(prefix)))

    def list_versions(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return map(self._here, self.store.list_versions(self._full(prefix)))

    def delete(self, keys: Iterable[str], *, every_version: bool = False) -> None:
        self.store.delete(map(self._full, keys), every_version=every_version)

    def abort_uploads(self, before: datetime) -> int:
        del before
        return 0

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}"

    def _here(self, found: ObjectInfo) -> ObjectInfo:
        return replace(found, key=found.key.removeprefix(f"{self.prefix}/"))
