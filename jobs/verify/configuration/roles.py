"""Who may do what: Kafka's lists and answers against the roles as they are declared."""

from collections.abc import Iterable

from jobs.buckets import Purpose
from jobs.roles import lists
from jobs.roles.declared import Kind, Role, S3Right
from jobs.verify.configuration.looking import Looking
from jobs.verify.configuration.state import Kafka
from jobs.verify.configuration.tried import InS3, Tried
from jobs.verify.verdict import Look
from schemas.policies.answering import Minimisation
from storage.s3.evidence import Unseen

_ACLS = "kafka-acls.sh --bootstrap-server $BROKER --list"
_UNGUARDED = "it has no authorizer: whoever reaches it may do everything"
_IMPLIED = {
    "Read": "Describe",
    "Write": "Describe",
    "Delete": "Describe",
    "Alter": "Describe",
    "AlterConfigs": "DescribeConfigs",
}
"""What Kafka lets somebody do who may do another thing (KIP-11)."""


def tables(clause: Minimisation, roles: Iterable[Role]) -> Look:
    """No role is declared to read more tables in S3 than the policy lets it."""
    looking = Looking(
        "roles read the tables that the policy lets them, and no more",
        "roles",
        "fortnight access iam ROLE",
    )
    known = {role.name: role for role in roles}
    for name, allowed in clause.roles.items():
        if (role := known.get(name)) is None:
            looking.not_at(name, "there is no such role")
        else:
            more = sorted(readable(role) - set(allowed))
            looking.at(name, [f"it may read {table} too" for table in more])
    return looking.end()


def permissions(roles: Iterable[Role], kafka: Kafka, *, local: bool) -> Look:
    """Kafka's lists say what roles are declared to do, and nobody else may touch our topics."""
    looking = Looking("Kafka lets nobody do more than declared", "permissions", _ACLS)
    found = kafka.permissions
    if kafka.unguarded:
        if local:
            looking.not_at("Kafka", f"{_UNGUARDED}; it is on this machine")
        else:
            looking.at("Kafka", [_UNGUARDED])
    elif isinstance(found, Unseen):
        looking.not_at("Kafka", found)
    else:
        difference = lists.compare(lists.plan(roles), set(found))
        wrong = {str(one): "a role may do more than it is for" for one in difference.surplus}
        wrong |= {str(one): "somebody who is no role may do that" for one in difference.strangers}
        looking.each({**{str(one): None for one in found}, **wrong})
    return looking.end()


def denials(roles: Iterable[Role], kafka: Kafka) -> Look:
    """Each role is refused what it is not declared to do: Kafka was asked as that role."""
    looking = Looking(
        "what a role is not for Kafka refuses it, asked as that role",
        "answers",
        "kafka-topics.sh --describe --authorized-operations, with the role's certificate",
    )
    known = {role.name: role for role in roles}
    for name, answers in kafka.tried.items():
        for topic, may in answers.items():
            more = sorted(may - declared(known[name], topic))
            looking.at(f"{name} on {topic}", [f"it may {operation}" for operation in more])
    untried = sorted(known.keys() - kafka.tried.keys())
    if kafka.tried and untried:
        looking.notes.append(f"no credentials of these roles were given: {', '.join(untried)}")
    return looking.end()


def in_s3(found: InS3) -> Look:
    """Each role is refused in S3 what it is not declared to do: S3 was asked as that role."""
    looking = Looking(
        "what a role is not for S3 refuses it, asked as that role",
        "answers",
        "aws s3api get-object --range bytes=0-0 --profile fortnight-ROLE-REGION",
    )
    for one in found.tried:
        if not isinstance(one.may, Unseen) and (one.may or not one.declared):
            more = one.may and not one.declared
            looking.at(_who(one), [f"it may {one.attempt.action}"] if more else ())
    for place, why in {**_dumb(found.tried), **found.unusable}.items():
        looking.not_at(place, why)
    if found.untried:
        looking.notes.append(f"there are no such profiles of AWS: {', '.join(found.untried)}")
    return looking.end()


def _who(one: Tried) -> str:
    return f"{one.role} of {one.region} on {one.attempt.place}"


def _dumb(tried: Iterable[Tried]) -> dict[str, str]:
    """Roles that got no answer, or are refused what they are for: what is refused proves little."""
    found: dict[str, str] = {}
    for one in tried:
        if isinstance(one.may, Unseen):
            found.setdefault(_who(one), f"{one.attempt.action}: {one.may}")
        elif one.declared and not one.may:
            why = f"it is refused {one.attempt.action}, which it is for, so refusals prove little"
            found.setdefault(f"{one.role} of {one.region}", why)
    return found


def declared(role: Role, topic: str) -> frozenset[str]:
    """What a role may do with a topic, and what follows from it."""
    found = {
        operation
        for right in role.kafka
        if right.kind is Kind.TOPIC and _is_about(right.names, topic, prefixed=right.prefixed)
        for operation in right.operations
    }
    return frozenset(found | {_IMPLIED[one] for one in found if one in _IMPLIED})


def readable(role: Role) -> frozenset[str]:
    """The tables of which a role may get whole objects, in S3; of rows put aside, as such."""
    return frozenset(
        _named(key.removesuffix("/*"), right)
        for right in role.s3
        if {"GetObject", "GetObjectVersion"} & set(right.actions)
        for key in right.keys
        if key.count("/") == 1 and not key.startswith("_")
    )


def _named(table: str, right: S3Right) -> str:
    return table if right.purpose is Purpose.ROWS else f"{right.purpose} of {table}"


def _is_about(names: Iterable[str], topic: str, *, prefixed: bool) -> bool:
    return any(topic.startswith(name) if prefixed else topic == name for name in names)
