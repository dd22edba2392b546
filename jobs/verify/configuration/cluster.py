"""Looking at Kafka: what can be seen of it, under our own name and under those of roles."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from jobs.certs import Identity
from jobs.kafka import Cluster, KafkaUnguardedError, Permission
from jobs.replay import MARKS
from jobs.roles.declared import roles
from jobs.verify.configuration.state import Kafka
from schemas.canaries import canaries
from schemas.errors import FortnightError
from schemas.lineage import Partition
from schemas.settings import Settings
from schemas.tables import STREAMED
from schemas.tables.devices import DEVICES_TOPIC
from storage.s3.evidence import Seen, Unseen
from storage.tls import kafka_tls

if TYPE_CHECKING:
    from jobs.verify.scene import Scene

Value = TypeVar("Value")

OURS = (*STREAMED, DEVICES_TOPIC)
_KAFKAS_OWN = frozenset(
    {"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"}
)
_CANARIES = tuple(one.device.encode() for one in canaries())
_SAMPLED = 100
"""Newest records of each partition of a topic that is none of ours."""


def look_at(scene: "Scene") -> Kafka:
    """Everything that can be seen of the scene's cluster."""
    cluster = scene.cluster
    if cluster is None:
        why = Unseen(scene.cluster_refused or "it was left out")
        return Kafka(topics=why, all_topics=why, groups=why, brokers=why, permissions=why)
    every = _seen(lambda: tuple(cluster.all_topics()))
    permissions, is_unguarded = _permissions(cluster)
    return Kafka(
        topics=_seen(lambda: cluster.topics(OURS)),
        all_topics=every,
        groups=_seen(lambda: tuple(cluster.all_groups())),
        brokers=_seen(lambda: tuple(cluster.brokers())),
        permissions=permissions,
        unguarded=is_unguarded,
        tried=_tried(scene.settings, scene.environment),
        strays=_strays(cluster, every, scene.settings.group),
    )


def _permissions(cluster: Cluster) -> tuple[Seen[frozenset[Permission]], bool]:
    """The cluster's lists, and whether there are none that anybody asks."""
    try:
        return frozenset(cluster.permissions()), False
    except KafkaUnguardedError as error:
        return Unseen(str(error)), True
    except FortnightError as error:
        return Unseen(str(error)), False


def _tried(
    settings: Settings, environment: Mapping[str, str]
) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Role -> topic -> what Kafka answers that it may; of roles whose certificate lies by ours."""
    if not settings.kafka_certificate:
        return {}
    folder, found = Path(settings.kafka_certificate).parent, {}
    for role in roles(settings):
        identity = Identity.of(folder, role.name)
        if identity.certificate.exists() and identity.key.exists():
            as_role = replace(
                settings,
                kafka_certificate=str(identity.certificate),
                kafka_key=str(identity.key),
                kafka_key_passphrase="",
            )
            with suppress(FortnightError):
                found[role.name] = _rights(as_role, environment)
    return found


def _rights(settings: Settings, environment: Mapping[str, str]) -> dict[str, frozenset[str]]:
    tls = kafka_tls(settings, environment)
    with Cluster(settings.bootstrap_servers, tls=tls) as cluster:
        return cluster.rights([*OURS, MARKS])


def _strays(cluster: Cluster, every: Seen[tuple[str, ...]], group: str) -> dict[str, Seen[bool]]:
    """Topics that are none of ours, and whether newest records in them name devices of ours."""
    if isinstance(every, Unseen):
        return {}
    known = {*OURS, MARKS, *_KAFKAS_OWN}
    names = [name for name in every if name not in known and not name.startswith(f"{group}-__")]
    if not names:
        return {}
    devices = _seen(lambda: _devices(cluster))
    if isinstance(devices, Unseen):
        return dict.fromkeys(names, devices)
    return {name: _seen(partial(_names, cluster, name, devices)) for name in names}


def _devices(cluster: Cluster) -> frozenset[bytes]:
    if (topic := cluster.topics([DEVICES_TOPIC]).get(DEVICES_TOPIC)) is None:
        return frozenset()
    every = cluster.records(Partition(topic.name, topic.id, 0), first=cluster.beginnings(topic)[0])
    return frozenset(record.key for record in every if record.key)


def _names(cluster: Cluster, name: str, devices: frozenset[bytes]) -> bool:
    """Whether a record among the newest has a device's id for a key, or a canary's in its value."""
    if (topic := cluster.topics([name]).get(name)) is None:  # deleted since
        return False
    begins, ends = cluster.beginnings(topic), cluster.ends(topic)
    for number, end in ends.items():
        first = max(begins[number], end - _SAMPLED)
        if first < end:
            for record in cluster.records(Partition(name, topic.id, number), first=first):
                if record.key in devices or any(one in (record.value or b"") for one in _CANARIES):
                    return True
    return False


def _seen(ask: Callable[[], Value]) -> Seen[Value]:
    """An answer, or why there is none."""
    try:
        return ask()
    except FortnightError as error:
        return Unseen(str(error))
