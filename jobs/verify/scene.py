"""What checks are given: what was promised and set, every place, and what was seen of the bytes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from jobs.kafka import Cluster
from jobs.verify.configuration.state import Configured
from jobs.verify.rows.registry import Registry
from jobs.verify.sample import Sampling
from jobs.verify.seen import Seen
from schemas.errors import FortnightError
from schemas.keyring import Keyring
from schemas.ledger_keys import LedgerKey
from schemas.policies import Policies
from schemas.regions import Residency
from schemas.settings import RegionSettings, Settings
from storage.places import location_of, open_stores
from storage.s3 import Inspection, S3Location
from storage.s3.evidence import Seen as EvidenceSeen
from storage.s3.evidence import Unseen
from storage.store import ObjectStore

ACTED_ON = timedelta(hours=24)
"""By then whatever was said is done: an erasure is pending until every partition has passed it."""


class Purpose(StrEnum):
    """What a bucket is for."""

    ROWS = "rows"
    RESTRICTED = "restricted"
    HOLDS = "holds"
    ANCHORS = "anchors"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A place that the settings name.

    Attributes:
        name: Of the bucket, or the folder.
        where: How S3 is asked about it; None: it is a folder, of which S3 tells nothing.
        now: The time there: S3's, where it is a bucket.
        refused: Why the bucket could not be asked at all; empty where it could.
    """

    region: str
    purpose: Purpose
    name: str
    store: ObjectStore = field(repr=False)
    where: S3Location | None
    now: datetime
    refused: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether data files may lie in it."""
        return self.purpose is not Purpose.ANCHORS


def _no_key(region: str) -> Unseen:
    return Unseen(f"the key of the ledger of {region} is not at hand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that a check may ask.

    Attributes:
        buckets: Every bucket that the settings name.
        cluster: None: Kafka was left out, or does not answer (then `cluster_refused` says so).
        keyring: None: it is not at hand, so pseudonyms cannot be computed.
        keyring_refused: Why it is not.
        registry: `fleet.devices`, read once; None: it could not be read.
        registry_refused: Why not.
        configured: How everything is set up; None: nobody looked yet.
        now: The verifier's own clock: used only where no store's is told.
        sampling: Which files were opened.
        seen: What was seen of the bytes; None before anything was.
        environment: The process's variables, for what needs them to reach something.
        ledger_key: A region's key of the ledger, or why it cannot be opened.
        once_listed: Reads registry and keyring, where they are read when buckets were listed, so
            that they know of every row that is.
    """

    settings: Settings
    policies: Policies
    residency: Residency
    buckets: tuple[Bucket, ...]
    cluster: Cluster | None = None
    cluster_refused: str = ""
    keyring: Keyring | None = field(default=None, repr=False)
    keyring_refused: str = ""
    registry: Registry | None = field(default=None, repr=False)
    registry_refused: str = ""
    configured: Configured | None = None
    now: datetime
    sampling: Sampling = field(default_factory=Sampling)
    seen: Seen | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    ledger_key: Callable[[str], EvidenceSeen[LedgerKey]] = field(default=_no_key, repr=False)
    once_listed: "Callable[[Scene], Scene]" = field(default=lambda scene: scene, repr=False)

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions looked at."""
        return tuple(dict.fromkeys(bucket.region for bucket in self.buckets))


def open_buckets(settings: Settings, now: datetime, region: str = "") -> tuple[Bucket, ...]:
    """Every bucket that the settings name, also those that do not answer.

    Args:
        now: For folders, and for buckets that do not answer.
        region: Only this one's; empty: all.
    """
    return tuple(bucket for bucket in _all(settings, now) if region in ("", bucket.region))


def _all(settings: Settings, now: datetime) -> Iterator[Bucket]:
    for purpose, places in (
        (Purpose.ROWS, settings.regions),
        (Purpose.RESTRICTED, settings.restricted),
        (Purpose.HOLDS, settings.holds),
        (Purpose.ANCHORS, settings.anchors),
    ):
        stores = open_stores(settings, places)
        for place in places:
            yield _bucket(purpose, place, stores[place.region], settings, now)


def _bucket(
    purpose: Purpose,
    place: RegionSettings,
    store: ObjectStore,
    settings: Settings,
    now: datetime,
) -> Bucket:
    if not store.url.startswith("s3://"):
        return Bucket(place.region, purpose, place.bucket, store, None, now)
    where = location_of(place, settings)
    try:
        return Bucket(place.region, purpose, place.bucket, store, where, Inspection(where).time())
    except (FortnightError, KeyError) as error:
        return Bucket(place.region, purpose, place.bucket, store, where, now, refusal(error))


def refusal(error: BaseException) -> str:
    """Why something could not be looked at, in words that name no value."""
    if isinstance(error, KeyError):
        return f"it is not there: {error.args[0] if error.args else ''}"
    return str(error)
