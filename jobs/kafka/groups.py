"""A consumer group: its members, what each was given, and how far the group claims to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kafka.admin import KafkaAdminClient

from jobs.kafka.answers import KafkaUnavailableError


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a consumer group, as the group's coordinator knows it.

    Attributes:
        consumer_id: Unique for as long as it is a member; begins with `client_id`.
        client_id: As its client calls itself.
        host: Its address as the broker sees it.
        instance: Its name where it is a static member; else empty.
        partitions: (topic, partition) of what it was given, sorted.
    """

    consumer_id: str
    client_id: str
    host: str
    instance: str = ""
    partitions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """A group.

    Attributes:
        state: In Kafka's words: Stable, PreparingRebalance, CompletingRebalance, Empty, Dead. A
            group that nobody knows is Dead.
        members: By consumer id.
    """

    state: str
    members: tuple[Member, ...]


def describe_group(admin: KafkaAdminClient, name: str) -> GroupDescription:
    """Ask the group's coordinator, once.

    Raises:
        KafkaUnavailableError: It says: not now.
    """
    found: Mapping[str, Any] = admin.describe_groups([name])[name]
    if not found["group_state"]:
        raise KafkaUnavailableError(f"Kafka: {name}: {found['error']}")
    members = sorted((_member(one) for one in found["members"]), key=lambda one: one.consumer_id)
    return GroupDescription(found["group_state"], tuple(members))


def _member(found: Mapping[str, Any]) -> Member:
    assignment = found["member_assignment"]  # empty bytes while it has none
    given = assignment["assigned_partitions"] if isinstance(assignment, Mapping) else ()
    return Member(
        found["member_id"],
        found["client_id"],
        found["client_host"].removeprefix("/"),
        found["group_instance_id"] or "",
        tuple(sorted((one["topic"], number) for one in given for number in one["partitions"])),
    )
