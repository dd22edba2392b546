"""From settings to a scene: whatever cannot be reached is said to be so, and stops nothing."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import TypedDict

from jobs import keys, office, private_files
from jobs.kafka import Cluster
from jobs.verify.rows.registry import Registry, read_registry
from jobs.verify.sample import Sampling
from jobs.verify.scene import Scene, open_buckets, refusal
from schemas.errors import FortnightError
from schemas.keyring import Keyring
from schemas.ledger_keys import LedgerKey, LedgerKeys
from schemas.policies import Policies
from schemas.regions import Region, Residency
from schemas.settings import Settings
from storage.s3.evidence import Seen, Unseen
from storage.tls import kafka_tls
from storage.wrapping import wrapping_of


class _Kafka(TypedDict, total=False):
    """How a scene reaches Kafka."""

    cluster: Cluster
    cluster_refused: str
    registry_refused: str


class _Registry(TypedDict, total=False):
    """What a scene knows of devices."""

    registry: Registry
    registry_refused: str


class _Keys(TypedDict, total=False):
    """What a scene knows of keys."""

    keyring: Keyring
    keyring_refused: str


_LEFT_OUT: _Kafka = {
    "cluster_refused": "Kafka was left out",
    "registry_refused": "Kafka was left out, and with it who devices are",
}


@contextmanager
def scene_of(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    now: datetime,
    region: str = "",
    sampling: Sampling | None = None,
    with_kafka: bool = True,
) -> Iterator[Scene]:
    """Everything that these settings and credentials reach.

    Who devices are is read when buckets are listed: else a row could be listed of a robot that was
    registered, or named under a key that was made, after it was read.

    Args:
        now: The verifier's own clock.
        region: Only this region's buckets; empty: all.
        with_kafka: Whether Kafka is asked; without it nobody knows whose rows are whose.
    """
    with ExitStack() as keep:
        yield Scene(
            settings=settings,
            policies=Policies.shipped(settings.default_policy),
            residency=Residency.shipped(),
            buckets=open_buckets(settings, now, region),
            now=now,
            sampling=sampling or Sampling(),
            environment=environment,
            **(_kafka(settings, environment, keep) if with_kafka else _LEFT_OUT),
            ledger_key=cache(partial(_ledger_key, settings, environment)),
            once_listed=partial(_known, settings, environment),
        )


def signing_key(settings: Settings, environment: Mapping[str, str]) -> LedgerKey | None:
    """The key that reports are signed with: the ledger's, of the home region; None: not at hand."""
    found = _ledger_key(settings, environment, settings.home_region)
    return None if isinstance(found, Unseen) else found


def _ledger_key(settings: Settings, environment: Mapping[str, str], region: str) -> Seen[LedgerKey]:
    """A region's key of the ledger, as officers have it."""
    try:
        found = LedgerKeys.parse(private_files.read(office.key_file(settings)))
        return found.open(Region(region), wrapping_of(settings, environment))
    except FortnightError as error:
        return Unseen(refusal(error))


def _kafka(settings: Settings, environment: Mapping[str, str], keep: ExitStack) -> _Kafka:
    try:
        tls = kafka_tls(settings, environment)
        cluster = keep.enter_context(Cluster(settings.bootstrap_servers, tls=tls))
    except FortnightError as error:
        return {"cluster_refused": refusal(error), "registry_refused": refusal(error)}
    return {"cluster": cluster}


def _known(settings: Settings, environment: Mapping[str, str], scene: Scene) -> Scene:
    registry = _registry(scene.cluster) if scene.cluster else _Registry()
    return replace(scene, **registry, **_keys(settings, environment))


def _registry(cluster: Cluster) -> _Registry:
    try:
        return {"registry": read_registry(cluster)}
    except FortnightError as error:
        return {"registry_refused": refusal(error)}


def _keys(settings: Settings, environment: Mapping[str, str]) -> _Keys:
    try:
        return {"keyring": keys.read(Path(settings.keyring), wrapping_of(settings, environment))}
    except FortnightError as error:
        return {"keyring_refused": refusal(error)}
