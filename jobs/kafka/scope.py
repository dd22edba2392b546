"""What a client can see of a cluster, and what the cluster says that it may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kafka.admin import KafkaAdminClient

from jobs.kafka.acls import word


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """A broker, and where it says that it is.

    Attributes:
        address: `host:port`, as clients are told.
        rack: Its `broker.rack`; empty where nobody set one.
    """

    id: int
    address: str
    rack: str


def topics(admin: KafkaAdminClient) -> list[str]:
    """Every topic that we may describe, Kafka's own too."""
    return sorted(admin.list_topics())


def groups(admin: KafkaAdminClient) -> list[str]:
    """Every consumer group that we may describe."""
    return sorted(group["group_id"] for group in admin.list_groups())


def brokers(admin: KafkaAdminClient) -> list[BrokerPlace]:
    """The brokers of the cluster, by number."""
    found = admin.describe_cluster()["brokers"]
    return [
        BrokerPlace(one["broker_id"], f"{one['host']}:{one['port']}", one["rack"] or "")
        for one in sorted(found, key=lambda one: one["broker_id"])
    ]


def rights(admin: KafkaAdminClient, names: Iterable[str]) -> dict[str, frozenset[str]]:
    """What the cluster's authorizer answers that we may do with each topic (KIP-430).

    A topic that we may not even describe, or that is not there, is one of which we may do nothing.
    """
    wanted = list(names)
    described = {one["name"]: one for one in admin.describe_topics(wanted)}
    return {name: _allowed(described.get(name)) for name in wanted}


def _allowed(topic: dict[str, Any] | None) -> frozenset[str]:
    if topic is None or topic["error_code"]:
        return frozenset()
    return frozenset(map(word, topic["authorized_operations"]))
