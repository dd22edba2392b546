"""Roles as Kafka's access control lists: made, shown as commands, compared with what is there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobs.kafka import Cluster, Permission
from jobs.roles.declared import Kind, Role

_PREFIX = "User:"
_OPTIONS = {"Topic": "--topic", "Group": "--group", "TransactionalId": "--transactional-id"}
"""Of kafka-acls.sh; the cluster has an option without a name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Between the lists as they have to be and as they are.

    Attributes:
        missing: A role cannot do its work.
        surplus: A role may do more than it is for.
        strangers: Who is no role may do something with our topics or groups; whether that is
            right somebody else has to say.
    """

    missing: tuple[Permission, ...]
    surplus: tuple[Permission, ...]
    strangers: tuple[Permission, ...]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.missing or self.surplus or self.strangers)


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
    principals = {one.principal for one in wanted}
    more = sorted(found - wanted)
    return Difference(
        missing=tuple(sorted(wanted - found)),
        surplus=tuple(one for one in more if one.principal in principals),
        strangers=tuple(
            one
            for one in more
            if one.principal not in principals and any(_meet(one, ours) for ours in wanted)
        ),
    )


def carry_out(difference: Difference, cluster: Cluster) -> None:
    """Make the roles' lists as they have to be; safe to run again. Strangers' stay as they are.

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


def _meet(one: Permission, ours: Permission) -> bool:
    """Whether both are about some resource; the cluster itself is its brokers' too."""
    if one.kind != ours.kind or one.kind == Kind.CLUSTER:
        return False
    return (
        one.name in (ours.name, "*")
        or (one.prefixed and ours.name.startswith(one.name))
        or (ours.prefixed and one.name.startswith(ours.name))
    )
