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
from kafka.errors import SecurityDisabledError

from jobs.kafka.answers import KafkaRefusedError, KafkaUnguardedError


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
    """Every permission that the cluster knows; lines that deny are left out.

    Raises:
        KafkaUnguardedError: There are no lists.
    """
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    every_line = ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)
    try:
        found, _ = admin.describe_acls(every_line)
    except SecurityDisabledError:
        raise KafkaUnguardedError("Kafka: it has no access control lists") from None
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


def word(constant: str) -> str:
    """Kafka's word for kafka-python's DESCRIBE_CONFIGS: `DescribeConfigs`."""
    return "".join(part.capitalize() for part in constant.split("_"))


def _permission(line: Any) -> Permission:  # noqa: ANN401 - an untyped client's
    at = line.resource_pattern
    return Permission(
        line.principal,
        word(at.resource_type.name),
        at.resource_name,
        word(line.operation.name),
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
