"""What is held is there: each hold's record, and each copy as its manifest tells it, row by row.

_holds/<hold>.json                                      by which its rows are known
<hold>/<table>/date=.../expires=.../00000000.json       a manifest; with it its copy counts
<hold>/<table>/date=.../expires=.../<name>.parquet      a copy of rows that were due
"""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.verify.configuration.collect import books_of
from jobs.verify.configuration.state import Books
from jobs.verify.promise import Promise
from jobs.verify.scene import Bucket, Purpose, Scene, refusal
from jobs.verify.stored.files import read_key
from jobs.verify.verdict import Look, Tally
from schemas.approvals import proposals
from schemas.errors import FortnightError
from schemas.holds import RELEASE, lasting
from schemas.regions import Region
from storage.store import ObjectStore

_RECORDS = "_holds/"
_NEW = "its record is there for less than an hour, and the ledger does not tell of it yet"
_UNTOLD = "rows are kept for it, and the ledger tells of no such hold that lasts"
_GONE = "its record is gone, so nobody copies what it holds"
ENDING = "its release is approved: it is going on, or was left half-way and has to be given again"
_NOTED = (_NEW, ENDING)
_MANIFEST = re.compile(r"\d{8}\.json", re.ASCII)
_SAMPLED = 200
"""Manifests of a bucket whose copies are opened, without `--deep`."""
PLACED_WITHIN = timedelta(hours=1)
"""An officer puts a hold's record, and then its entry."""


def copies(promise: Promise, scene: Scene) -> Iterator[Look]:
    """Held rows are there, as their manifests tell them, and of holds that last alone."""
    del promise
    for bucket in scene.buckets:
        if bucket.purpose is Purpose.HOLDS:
            yield _look(bucket, scene)


def _look(bucket: Bucket, scene: Scene) -> Look:
    tally, notes = Tally(), list[str]()
    told = Told.of(bucket.region, scene)
    why = told.why
    try:
        found = list(_found(bucket, scene, told))
        if any(wrong for _, _, wrong in found):
            told = told.again(bucket.region, scene)
        for name, place, wrong in found:
            still = _of_hold(name, bucket, told) if place == _hold(name) and wrong else wrong
            notes += [f"{place}: {one}" for one in still if one in _NOTED]
            ends = place != _hold(name) and wrong and _is_released(name, bucket, told)
            tally.look(place, () if ends else (one for one in still if one not in _NOTED))
    except (FortnightError, KeyError) as error:
        why = why or refusal(error)
    return Look(
        checked=f"{bucket.name}: what is held is there, and nothing else is kept",
        looked_at=tally.looked_at,
        unit="holds, folders and manifests",
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=(why,) if why else (),
        notes=tuple(notes),
        repeat=f"aws s3 ls --recursive s3://{bucket.name}; sha256sum",
    )


def _found(bucket: Bucket, scene: Scene, told: "Told") -> Iterator[tuple[str, str, list[str]]]:
    """(hold, place, what is wrong there) as it is seen at first."""
    keys = _keys(bucket, scene)
    for name in _named(told.lasting, keys) if not told.why else ():
        yield name, _hold(name), _of_hold(name, bucket, told)
    manifests = [key for key in keys if _MANIFEST.fullmatch(key.rpartition("/")[2])]
    for folder, wrong in _gaps(manifests):
        yield folder.partition("/")[0], folder, wrong
    known = frozenset(keys)
    for key in islice(manifests, None if scene.sampling.deep else _SAMPLED):
        wrong = list(_different(bucket.store, key, known))
        yield key.partition("/")[0], f"{bucket.name}/{key}", wrong


def _hold(name: str) -> str:
    return f"hold {name}"


@dataclass(frozen=True, slots=True)
class Told:
    """What a region's ledger tells of holds.

    Attributes:
        lasting: Names of those that last.
        ending: Those of them whose release two persons want: it takes everything, and is told then.
        why: Why nobody knows.
    """

    lasting: frozenset[str] = frozenset()
    ending: frozenset[str] = frozenset()
    why: str = ""

    @classmethod
    def of(cls, region: str, scene: Scene) -> "Told":
        """As the ledger was when how everything is set up was looked at."""
        for one in scene.configured.books if scene.configured else ():
            if one.region == region:
                return cls._by(one, scene.now)
        return cls(why="no ledger of the region was looked at")

    def again(self, region: str, scene: Scene) -> "Told":
        """As it is now: a hold may have been released since; the same, where nobody can look."""
        now = self._by(books_of(scene, Region(region)), scene.now)
        return self if self.why or now.why else now

    @classmethod
    def _by(cls, books: Books, now: datetime) -> "Told":
        ending = {
            one.proposed.act.scope.get("hold", "")
            for one in proposals(books.entries).values()
            if one.proposed.act.scope.get("act") == RELEASE and one.approver(now)
        }
        names = frozenset(hold.name for hold in lasting(books.entries))
        return cls(names, names & ending, books.refused)


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


def _of_hold(name: str, bucket: Bucket, told: Told) -> list[str]:
    """What is wrong with a hold now: since everything was listed it may have begun, or ended."""
    record = bucket.store.head(f"{_RECORDS}{name}.json")
    if name in told.lasting:
        return [] if record else [ENDING if name in told.ending else _GONE]
    if record and record.modified + PLACED_WITHIN > bucket.now:
        return [_NEW]
    is_kept = record or next(bucket.store.list(f"{name}/"), None)
    return [_UNTOLD] if is_kept else []


def _is_released(name: str, bucket: Bucket, told: Told) -> bool:
    """Whether what it holds need not be there: it is over, or its release has begun."""
    if told.why or name in told.lasting - told.ending:
        return False
    return name not in told.lasting or bucket.store.head(f"{_RECORDS}{name}.json") is None


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
