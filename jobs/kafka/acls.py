"""Kafka's access control lists: which principal may do what with which resource."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from jobs.kafka.answers import KafkaRefusedError


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """One line of Kafka's lists, of those that allow.

    Attributes:
        principal: `User:` and the name in a certificate.
        kind: `Topic`, `Group`, `TransactionalId` or `Cluster`.
        prefixed: The name is the beginning of names.
        operation: Kafka's word, such as `Read`.
        host: From where; `*` for anywhere.
    """

    principal: str
    kind: str
    name: str
    operation: str
    prefixed: bool = False
    host: str = "*"

    def __str__(self) -> str:
        """For people; names no person."""
        name = f"{self.name}*" if self.prefixed else self.name
        return f"{self.principal}: {self.operation} on {self.kind} {name}"


def read(admin: KafkaAdminClient) -> set[Permission]:
    """Every permission that the cluster knows; lines that deny are left out."""
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    found, _ = admin.describe_acls(
        ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)
    )
    return {_permission(one) for one in found if one.permission_type == ACLPermissionType.ALLOW}


def allow(admin: KafkaAdminClient, permissions: Iterable[Permission]) -> None:
    """Add lines; one that is there already stays.

    Raises:
        KafkaRefusedError: Not all were added.
    """
    lines = [_line(one) for one in permissions]
    if lines and (failed := admin.create_acls(lines)["failed"]):
        raise KafkaRefusedError(f"Kafka: {len(failed)} lines were not added: {failed[0].__name__}")


def take_back(admin: KafkaAdminClient, permissions: Iterable[Permission]) -> None:
    """Remove lines; one that is not there is no error.

    Raises:
        KafkaRefusedError: Not all were removed.
    """
    lines = [_line(one) for one in permissions]
    errors = [error for _, _, error in admin.delete_acls(lines)] if lines else []
    if failed := [error for error in errors if error.errno]:
        raise KafkaRefusedError(f"Kafka: {len(failed)} were not removed: {failed[0].__name__}")


def _permission(line: Any) -> Permission:  # noqa: ANN401 - an untyped client's
    at = line.resource_pattern
    return Permission(
        line.principal,
        _word(at.resource_type.name),
        at.resource_name,
        _word(line.operation.name),
        at.pattern_type == ACLResourcePatternType.PREFIXED,
        line.host,
    )


def _line(one: Permission) -> ACL:
    pattern = ACLResourcePatternType.PREFIXED if one.prefixed else ACLResourcePatternType.LITERAL
    return ACL(
        one.principal,
        one.host,
        ACLOperation[_constant(one.operation)],
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType[_constant(one.kind)], one.name, pattern),
    )


def _constant(word: str) -> str:
    """kafka-python's name of `DescribeConfigs`: DESCRIBE_CONFIGS."""
    return "".join(f"_{c}" if c.isupper() else c for c in word).strip("_").upper()


def _word(constant: str) -> str:
    return "".join(part.capitalize() for part in constant.split("_"))
