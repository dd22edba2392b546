"""Roles as Kafka's access control lists: made, shown as commands, compared with what is there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobs.kafka import Cluster, Permission
from jobs.roles.declared import Role

_PREFIX = "User:"
_OPTIONS = {"Topic": "--topic", "Group": "--group", "TransactionalId": "--transactional-id"}
"""Of kafka-acls.sh; the cluster has an option without a name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Between the lists as they have to be and as they are.

    Attributes:
        missing: Somebody cannot do their work.
        surplus: Somebody may do more than their role says, or has no role and may touch our data.
    """

    missing: tuple[Permission, ...]
    surplus: tuple[Permission, ...]


def plan(roles: Iterable[Role]) -> set[Permission]:
    """Every permission; each role is the principal of its own name."""
    return {
        Permission(_PREFIX + role.name, right.kind, name, operation, right.prefixed)
        for role in roles
        for right in role.kafka
        for name in right.names
        for operation in right.operations
    }


def compare(wanted: set[Permission], found: set[Permission]) -> Difference:
    """What is missing and what is too much; what others may do with others' topics is no matter."""
    concerning = {one for one in found - wanted if _concerns(one, wanted)}
    return Difference(tuple(sorted(wanted - found)), tuple(sorted(concerning)))


def carry_out(difference: Difference, cluster: Cluster) -> None:
    """Make the lists as they have to be; safe to run again.

    What is too much goes first: whoever is interrupted leaves too little.
    """
    cluster.take_back(difference.surplus)
    cluster.allow(difference.missing)


def commands(wanted: Iterable[Permission], address: str) -> Iterator[str]:
    """The same as calls of Kafka's own tool, one a permission.

    Args:
        wanted: What to allow.
        address: `host:port` of a broker.
    """
    for one in sorted(wanted):
        resource = f"{_OPTIONS[one.kind]} {one.name}" if one.kind in _OPTIONS else "--cluster"
        pattern = " --resource-pattern-type prefixed" if one.prefixed else ""
        yield (
            f"kafka-acls.sh --bootstrap-server {address} --command-config admin.properties --add "
            f"--allow-principal {one.principal} --operation {one.operation} {resource}{pattern}"
        )


def _concerns(one: Permission, wanted: set[Permission]) -> bool:
    ours = {(known.kind, known.name) for known in wanted}
    principals = {known.principal for known in wanted}
    return one.principal in principals or any(
        one.kind == kind
        and (one.name in (name, "*") or (one.prefixed and name.startswith(one.name)))
        for kind, name in ours
    )
