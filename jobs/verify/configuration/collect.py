"""Looking at everything that is set up, once a run: nothing is changed, and nothing is guessed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobs import keys, office
from jobs.office import bookkeeping
from jobs.verify.configuration.attempts import try_all
from jobs.verify.configuration.books import FOLDER
from jobs.verify.configuration.cluster import look_at
from jobs.verify.configuration.probes import hops
from jobs.verify.configuration.state import Books, Configured, Placed
from schemas.errors import FortnightError
from schemas.keyring import Key, KeyState
from schemas.regions import Region
from schemas.tables import TABLES
from storage.caller import caller
from storage.ledger import FOLDER as LEDGER
from storage.s3 import S3Location
from storage.s3.evidence import BucketEvidence, Seen, Unseen
from storage.s3.examining import buckets, examine, folders

if TYPE_CHECKING:
    from jobs.verify.scene import Bucket, Scene

_OURS = frozenset({*TABLES, LEDGER, "_links", "_watch", "_held", "_holds", "_preserved"})
_SAMPLED = 25
"""Objects a bucket whose encryption is looked at."""

_NOT_HERE = Unseen("it is not on this machine")
_OTHERS = 0o077
"""What anybody but a file's owner may do with it."""


def collect(scene: "Scene", sampled: Iterable[tuple[str, str]] = ()) -> Configured:
    """Look at everything.

    Args:
        sampled: (bucket, object key): of some of these the encryption is looked at.
    """
    kafka = look_at(scene)
    placed = tuple(_placed(scene, list(sampled)))
    keyring, is_open = _keyring(Path(scene.settings.keyring))
    return Configured(
        buckets=placed,
        kafka=kafka,
        hops=tuple(hops(scene, kafka)),
        books=tuple(books_of(scene, Region(region)) for region in scene.regions),
        others=_others(scene),
        account=_account(scene),
        keyring=keyring,
        keyring_open=is_open,
        now=scene.now,
        in_s3=try_all(scene, _unversioned(placed)),
    )


def _unversioned(placed: Iterable[Placed]) -> frozenset[str]:
    """Names of buckets that keep no versions, as they say themselves."""
    return frozenset(
        one.name
        for one in placed
        if isinstance(one.found, BucketEvidence) and one.found.versioning == ""
    )


def _placed(scene: "Scene", sampled: list[tuple[str, str]]) -> Iterator[Placed]:
    settings = scene.settings
    places = (*settings.regions, *settings.restricted, *settings.holds, *settings.anchors)
    said = {place.bucket: place.location for place in places}
    for bucket in scene.buckets:
        some = [key for name, key in sampled if name == bucket.name][:_SAMPLED]
        yield Placed(
            name=bucket.name,
            region=bucket.region,
            purpose=str(bucket.purpose),
            set_to=said[bucket.name],
            found=_examined(bucket, some),
        )


def _examined(bucket: "Bucket", sampled: list[str]) -> Seen[BucketEvidence | None]:
    if bucket.where is None:
        return Unseen("a folder, of which S3 says nothing")
    try:
        return examine(bucket.where, sampled)
    except FortnightError as error:
        return Unseen(str(error))


def _others(scene: "Scene") -> Seen[Mapping[str, Seen[tuple[str, ...]]]]:
    """Buckets that nobody named, and which of our folders they have."""
    wheres = [bucket.where for bucket in scene.buckets if bucket.where]
    if not wheres:
        return {}
    try:
        listed = buckets(wheres[0])
    except FortnightError as error:
        return Unseen(str(error))
    if isinstance(listed, Unseen):
        return listed
    settings = scene.settings
    places = (*settings.regions, *settings.restricted, *settings.holds, *settings.anchors)
    unnamed = sorted(set(listed) - {place.bucket for place in places})
    return {name: _ours(replace(wheres[0], bucket=name)) for name in unnamed}


def _ours(where: S3Location) -> Seen[tuple[str, ...]]:
    """Folders at the top of a bucket that are called as ours are."""
    try:
        found = folders(where)
    except FortnightError as error:  # it is in another region, and says so in its own way
        return Unseen(str(error))
    return found if isinstance(found, Unseen) else tuple(sorted(_OURS.intersection(found)))


def _account(scene: "Scene") -> str:
    """The AWS account of whoever looks; empty where nobody says."""
    try:
        found = caller(scene.settings, scene.environment)
    except FortnightError:
        return ""
    return found.name.split(":")[4] if found.kind == "aws" else ""


def _keyring(path: Path) -> tuple[Seen[Mapping[str, str]], bool]:
    """How each secret is wrapped, read by a rule of its own; whether others may read the file."""
    try:
        entries = json.loads(path.read_bytes())["keys"]
        found = {
            f"{one['region']} k{one['version']}": str((one.get("wrapped") or {}).get("by", ""))
            for one in entries
            if one["state"] != KeyState.DESTROYED
        }
    except OSError:
        return _NOT_HERE, False
    except (ValueError, KeyError, TypeError, AttributeError):
        return Unseen("it cannot be read"), False
    return found, bool(path.stat().st_mode & _OTHERS)


def books_of(scene: "Scene", region: Region) -> Books:
    """A region's ledger, as it is now."""
    settings = scene.settings
    anchors = next((one.bucket for one in settings.anchors if one.region == region), FOLDER)
    known = _keys(Path(settings.keyring), region)
    try:
        ledger = office.open_ledger(settings, region)
        found = bookkeeping.examine(ledger, known, scene.now)
    except FortnightError as error:
        return Books(region=region, refused=str(error), anchors=anchors)
    late = set(found.late)
    newer = [entry.time for entry in found.entries if entry.number > found.covered]
    began = [entry.time for entry in found.entries[:1]]
    began += [key.since[KeyState.CREATED] for key in known if KeyState.CREATED in key.since]
    return Books(
        region=region,
        entries=found.entries,
        broken=tuple(what for what in found.broken if what not in late),
        anchors=anchors,
        anchored=found.anchor_time,
        unanchored=min(newer, default=None),
        since=min(began, default=None),
    )


def _keys(path: Path, region: Region) -> list[Key]:
    """As the keyring tells them, unopened; none where it is not on this machine."""
    try:
        return [key for key in keys.look(path).keys if key.region == region]
    except FortnightError:
        return []
