"""What is held is there: each hold's record, and each copy as its manifest tells it, row by row.

_holds/<hold>.json                                      by which its rows are known
<hold>/<table>/date=.../expires=.../00000000.json       a manifest; with it its copy counts
<hold>/<table>/date=.../expires=.../<name>.parquet      a copy of rows that were due
"""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.verify.promise import Promise
from jobs.verify.scene import Bucket, Purpose, Scene, refusal
from jobs.verify.stored.files import read_key
from jobs.verify.verdict import Look, Tally
from schemas.errors import FortnightError
from schemas.holds import lasting
from storage.store import ObjectStore

_RECORDS = "_holds/"
_NEW = "its record is there for less than an hour, and the ledger does not tell of it yet"
_UNTOLD = "rows are kept for it, and the ledger tells of no such hold that lasts"
_MANIFEST = re.compile(r"\d{8}\.json", re.ASCII)
_SAMPLED = 200
"""Manifests of a bucket whose copies are opened, without `--deep`."""
_PLACED_WITHIN = timedelta(hours=1)
"""An officer puts a hold's record, and then its entry."""


def copies(promise: Promise, scene: Scene) -> Iterator[Look]:
    """Held rows are there, as their manifests tell them, and of holds that last alone."""
    del promise
    for bucket in scene.buckets:
        if bucket.purpose is Purpose.HOLDS:
            yield _look(bucket, scene)


def _look(bucket: Bucket, scene: Scene) -> Look:
    checked = f"{bucket.name}: what is held is there, and nothing else is kept"
    tally, notes = Tally(), list[str]()
    holds, why = _lasting(bucket.region, scene)
    try:
        keys = _keys(bucket, scene)
        for name in _named(holds, keys) if not why else ():
            wrong = _of_hold(name, bucket, lasts=name in holds)
            notes += [f"hold {name}: {one}" for one in wrong if one is _NEW]
            tally.look(f"hold {name}", [one for one in wrong if one is not _NEW])
        manifests = [key for key in keys if _MANIFEST.fullmatch(key.rpartition("/")[2])]
        for place, wrong in _gaps(manifests):
            tally.look(place, wrong)
        known = frozenset(keys)
        for key in islice(manifests, None if scene.sampling.deep else _SAMPLED):
            tally.look(f"{bucket.name}/{key}", _different(bucket.store, key, known))
    except (FortnightError, KeyError) as error:
        why = why or refusal(error)
    return Look(
        checked=checked,
        looked_at=tally.looked_at,
        unit="holds, folders and manifests",
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=(why,) if why else (),
        notes=tuple(notes),
        repeat=f"aws s3 ls --recursive s3://{bucket.name}; sha256sum",
    )


def _lasting(region: str, scene: Scene) -> tuple[frozenset[str], str]:
    """Names of the holds that last, as the region's ledger tells; or why nobody knows."""
    books = scene.configured.books if scene.configured else ()
    for one in books:
        if one.region == region:
            return frozenset(hold.name for hold in lasting(one.entries)), one.refused
    return frozenset(), "no ledger of the region was looked at"


def _keys(bucket: Bucket, scene: Scene) -> list[str]:
    """Everything there as it was when it was listed, which is before the ledger was read."""
    for one in scene.seen.listings if scene.seen else ():
        if (one.region, one.bucket) == (bucket.region, bucket.name) and not one.refused:
            return sorted(one.others)
    return sorted(info.key for info in bucket.store.list())


def _named(holds: Iterable[str], keys: Iterable[str]) -> list[str]:
    """Every hold that the ledger tells of, or that something is there of."""
    names = {one.removeprefix(_RECORDS).removesuffix(".json") for one in keys if _is_record(one)}
    copied = {key.partition("/")[0] for key in keys if read_key(key).kind == "held"}
    return sorted(names | copied | set(holds))


def _is_record(key: str) -> bool:
    return key.startswith(_RECORDS)


def _of_hold(name: str, bucket: Bucket, *, lasts: bool) -> list[str]:
    """What is wrong with a hold now: since everything was listed it may have begun, or ended."""
    record = bucket.store.head(f"{_RECORDS}{name}.json")
    if lasts:
        return [] if record else ["its record is gone, so nobody copies what it holds"]
    if record and record.modified + _PLACED_WITHIN > bucket.now:
        return [_NEW]
    is_kept = record or next(bucket.store.list(f"{name}/"), None)
    return [_UNTOLD] if is_kept else []


def _gaps(manifests: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    folders: dict[str, list[str]] = defaultdict(list)
    for key in manifests:
        folder, _, name = key.rpartition("/")
        folders[folder].append(name)
    for folder, names in folders.items():
        whole = names == [f"{number:08}.json" for number in range(len(names))]
        yield folder, [] if whole else ["a manifest is missing"]


def _different(store: ObjectStore, key: str, keys: frozenset[str]) -> Iterator[str]:
    """What about a manifest's copy is not as the manifest says; nothing where it is gone by now."""
    try:
        manifest = store.get(key)
    except KeyError:  # its hold was released meanwhile
        return
    try:
        said: Mapping[str, Any] = msgspec.json.decode(manifest)
        copy = f"{key.rpartition('/')[0]}/{said['copy']}"
        count, digest = len(said["rows"]), said["sha256"]
    except (msgspec.DecodeError, KeyError, TypeError):
        yield "it is no manifest"
        return
    if copy not in keys:
        yield "its copy is gone"
        return
    try:
        data = store.get(copy)
    except KeyError:
        if store.head(key):  # else it was released
            yield "its copy is gone"
        return
    if sha256(data).hexdigest() != digest:
        yield "its copy was changed"
    elif _rows(data) != count:
        yield "its copy has not the rows that it names"


def _rows(data: bytes) -> int:
    try:
        return int(pq.ParquetFile(io.BytesIO(data)).metadata.num_rows)
    except pa.ArrowInvalid:
        return -1
